import { type Pin, pinOf, serverAddressText } from '@magpie/common/channel/pin.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Contact, MessageRoad, Profile, StoredMessage } from '../store/store.ts';
import { type ContactBook, hasKey, keyChanged, otherKey } from './contact-book.ts';
import type { AccountView, ContactView, MessageView, StatusView } from './engine.ts';

export function accountView(profile: Profile, device: DeviceId): AccountView {
  return {
    account: profile.account,
    name: profile.name,
    displayName: profile.displayName,
    server: serverText(profile),
    signedIn: profile.signedIn,
    device,
    signatureLine: profile.signatureLine,
  };
}

/** The whole line that finds and proves the server: `host:port#pin`. */
export function serverText(profile: Profile): string {
  const pin: Pin = pinOf(profile.serverKey);
  return serverAddressText({ host: profile.serverHost, port: profile.serverPort, pin });
}

/** What is known of a conversation besides its contact. */
export interface ChatState {
  readonly path: MessageRoad | undefined;
  readonly missing: number;
  readonly typing: boolean;
}

export function contactView(contact: Contact, book: ContactBook, { path, missing, typing }: ChatState): ContactView {
  const { local } = contact;
  const isFriend = contact.state === 'member';
  return {
    account: contact.account,
    name: contact.name,
    displayName: contact.displayName,
    state: contact.state,
    presence: isFriend ? book.presenceOf(contact.account) : 'unknown',
    path,
    unread: contact.unread,
    text: contact.text,
    keyChanged: keyChanged(contact),
    listBroken: local.listBroken && keyChanged(contact) && !otherKey(contact),
    verified: local.verified && hasKey(contact) && !keyChanged(contact),
    signatureLine: contact.signatureLine,
    statusText: isFriend ? book.statusTextOf(contact.account) : '',
    remark: local.remark,
    group: local.group,
    neverDirect: local.neverDirect,
    lastSeenAt: isFriend ? book.lastSeenOf(contact.account) : undefined,
    missing,
    typing: isFriend && typing,
  };
}

/** @param holding the chat's account key changed, so what is queued stays so until the user has looked (R32) */
export function messageView(message: StoredMessage, own: AccountNumber, holding: boolean): MessageView {
  const held = holding && message.direction === 'out' && message.state === 'queued';
  return {
    ...message,
    from: message.direction === 'out' ? own : message.chat,
    reason: held ? 'key-changed' : message.reason,
  };
}

/** The figures of `status` about friends: by which roads, who is away, what is unread. */
export function friendCounts(
  friends: readonly Contact[],
  roadOf: (account: AccountNumber) => MessageRoad['kind'] | undefined,
  book: ContactBook,
): Pick<StatusView, 'peers' | 'unread'> {
  const roads = friends.map(({ account }) => roadOf(account));
  const unread = friends.filter((contact) => contact.unread > 0);
  return {
    peers: {
      direct: roads.filter((kind) => kind === 'direct').length,
      relay: roads.filter((kind) => kind === 'relay').length,
      offline: friends.filter(({ account }) => book.presenceOf(account) === 'offline').length,
    },
    unread: { chats: unread.length, messages: unread.reduce((sum, contact) => sum + contact.unread, 0) },
  };
}
