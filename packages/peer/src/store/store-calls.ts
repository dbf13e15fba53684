import { toHex } from '@magpie/common/bytes/hex.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { FriendDevices } from './friend-devices.ts';
import { compareStamps } from './hybrid-clock.ts';
import { IncomingMessages, inChat } from './incoming-messages.ts';
import { isShown, MessageChanges } from './message-changes.ts';
import type { StoreTables } from './message-tables.ts';
import { OwnCopies } from './own-copies.ts';
import { OwnMessages } from './own-messages.ts';
import { StampsAhead } from './stamps-ahead.ts';
import type {
  Chat,
  Contact,
  ContactNotes,
  MessageQuery,
  Notice,
  Profile,
  Settings,
  StoredMessage,
  StoredNotice,
} from './store.ts';
import type { SyncCalls } from './store-call-names.ts';

/** What an engine brings: how it keeps things. What the calls mean is the same for all. */
export interface StoreParts {
  readonly tables: StoreTables;
  readonly profiles: {
    profile(): Profile | undefined;
    needProfile(): Profile;
    saveProfile(profile: Profile): void;
    peerStamp(device: DeviceId): number;
    savePeerStamp(device: DeviceId, stamp: number): void;
  };
  readonly contacts: {
    contacts(): readonly Contact[];
    applyRoster(entries: readonly RosterEntry[]): void;
    acceptAccountKey(account: AccountNumber, verified: boolean): void;
    pinAccountKey(account: AccountNumber, accountKey: Uint8Array, verified: boolean): boolean;
    note(account: AccountNumber, patch: Partial<ContactNotes>): void;
  };
  readonly own: {
    settings(): Settings;
    saveSettings(patch: Partial<Settings>): void;
    deviceLists(): readonly Uint8Array[];
    saveDeviceLists(lists: readonly Uint8Array[], anew: boolean): void;
    /** Undefined until one was saved. */
    mailboxId(): Uint8Array | undefined;
    saveMailboxId(id: Uint8Array): void;
    saveNotice(notice: Notice): boolean;
    dismissNotice(id: number): StoredNotice | undefined;
    notices(limit: number): readonly StoredNotice[];
  };
  readonly history: Pick<
    SyncCalls,
    'search' | 'deleteMessages' | 'deleteChat' | 'rows' | 'storage' | 'draft' | 'drafts' | 'saveDraft'
  >;
}

/** The port over an engine. None of the calls begins or ends a transaction. */
export function callsOver({ tables, profiles, contacts, own, history }: StoreParts): SyncCalls {
  const { rows, numberings, mail } = tables;
  const changes = new MessageChanges(rows);
  const devices = new FriendDevices(tables);
  const sent = new OwnMessages(tables, changes, devices);
  const received = new IncomingMessages(tables, changes);
  const copies = new OwnCopies(tables, changes);
  const ahead = new StampsAhead(tables, changes);
  const incarnation = () => profiles.needProfile().incarnation;

  function saveProfile(profile: Profile): void {
    const before = profiles.profile()?.incarnation;
    profiles.saveProfile(profile);
    if (before !== undefined && before !== profile.incarnation) sent.numberAnew(profile.incarnation);
  }

  function stampAnew(fresh: Incarnation, wallNow: WallMs): readonly StoredMessage[] {
    const corrected = ahead.correct(wallNow);
    if (corrected.length === 0) return [];
    saveProfile({ ...profiles.needProfile(), incarnation: fresh });
    return ahead.newest(corrected);
  }

  function applyRoster(...[entries, rosterVersion, beside]: Parameters<SyncCalls['applyRoster']>) {
    const profile = profiles.needProfile();
    for (const account of beside?.broken ?? []) contacts.note(account, { listBroken: true });
    contacts.applyRoster(entries);
    profiles.saveProfile({ ...profile, rosterVersion });
    const lines = beside?.lines ?? [];
    return lines.map(({ chat, id, note, at }) => sent.commitSystem(chat, id, note, profile.incarnation, at));
  }

  /** What is deleted is not unread any more: its sender is told no later than with the next that is read. */
  function deleted(chat: AccountNumber, count: number): number {
    if (count > 0) received.refreshRead(chat);
    return count;
  }

  function meetMailboxes(id: Uint8Array): readonly StoredMessage[] {
    const known = own.mailboxId();
    if (known && toHex(known) === toHex(id)) return [];
    own.saveMailboxId(id);
    return known ? devices.loseMailed() : [];
  }

  return {
    profile: () => profiles.profile(),
    saveProfile,
    updateProfile: (patch) => saveProfile({ ...profiles.needProfile(), ...patch }),
    contacts: () => contacts.contacts(),
    applyRoster,
    acceptAccountKey: (account, verified) => contacts.acceptAccountKey(account, verified),
    pinAccountKey: (account, accountKey, verified) => contacts.pinAccountKey(account, accountKey, verified),
    noteContact: (account, patch) => contacts.note(account, patch),
    settings: () => own.settings(),
    saveSettings: (patch) => own.saveSettings(patch),
    ownDeviceLists: () => own.deviceLists(),
    saveOwnDeviceLists: (lists, anew) => own.saveDeviceLists(lists, anew),
    commitOutgoing: (content, wallNow) => sent.commit(content, incarnation(), wallNow),
    cancel: (id) => sent.cancel(id),
    commitSystem: (chat, id, note, wallNow) => sent.commitSystem(chat, id, note, incarnation(), wallNow),
    stampAnew,
    undelivered: (chat, limit) => sent.undelivered(chat, limit),
    chatsWithUndelivered: () => rows.chatsOwed(),
    meetDevices: (chat, met) => devices.meet(chat, met, profiles.profile()?.incarnation),
    undeliveredTo: (chat, device, limit) => devices.undeliveredTo(chat, device, limit),
    openings: (chat, device) => devices.openings(chat, device, profiles.profile()?.incarnation),
    devicesBehind: () => numberings.devicesLacking(),
    noteRoad: (id, road) => sent.noteRoad(id, road),
    applyReceipt: (chat, numbering, kind, ranges, device) => sent.applyReceipt(chat, numbering, kind, ranges, device),
    applyRefusal: (chat, numbering, sequence, reason, device) =>
      sent.applyRefusal(chat, numbering, sequence, reason, device),
    refuseUndelivered: (chat, neverSent) => sent.refuseUndelivered(chat, neverSent),
    commitIncoming: (items, wallNow) => received.commit(items, wallNow),
    openNumbering: (chat, device, numbering, from) => received.openNumbering(chat, device, numbering, from),
    receivedUpTo: (chat, of) => received.receivedUpTo(chat, of),
    receiptsOwed: (chat) => received.receiptsOwed(chat),
    noteReceiptsTold: (chat, device, told) => received.noteReceiptsTold(chat, device, told),
    tails: (chat, device, limit, skip = 0) => numberings.tails(chat, device, limit, skip),
    gaps: (chat) => received.gaps(chat),
    sentWithin: (chat, numbering, from, to, limit) => sent.sentWithin(chat, numbering, from, to, limit),
    receivedWithin: (chat, device, numbering, from, to, limit) =>
      received.receivedWithin(chat, device, numbering, from, to, limit),
    missingOwn: (chat, device, numbering, upTo) => copies.missingOwn(chat, device, numbering, upTo),
    commitReturned: (items, wallNow) => copies.commitReturned(items, wallNow),
    meetOwnDevices: (met) => copies.meetOwnDevices(met),
    uncopiedTo: (device, limit) => copies.uncopiedTo(device, limit),
    noteCopied: (device, copyPlace) => copies.noteCopied(device, copyPlace),
    forgetCopied: (device, ids, further) => copies.forgetCopied(device, ids, further),
    commitCopies: (items, wallNow) => copies.commitCopies(items, wallNow),
    applyCopyReceipt: (chat, device, numbering, kind, ranges) =>
      copies.applyCopyReceipt(chat, device, numbering, kind, ranges),
    copyStatesOwed: (device) => copies.copyStatesOwed(device),
    copyStates: (chat, limit) => copies.copyStates(chat, limit),
    noteCopyStatesTold: (device, chat, told) => copies.noteCopyStatesTold(device, chat, told),
    unmailedTo: (chat, device, limit) => devices.unmailedTo(chat, device, limit),
    noteMailed: (device, ids, expiresAt) => devices.noteMailed(device, ids, expiresAt),
    noteMailRefused: (device, id, reason) => devices.noteMailRefused(device, id, reason),
    forgetMailed: (device, ids) => devices.forgetMailed(device, ids),
    expireMailed: (wallNow) => devices.expireMailed(wallNow),
    meetMailboxes,
    saveMailKeys: (keys) => {
      for (const { device, key } of keys) mail.saveKey(device, key);
    },
    mailKeys: (wanted) =>
      wanted.flatMap((device) => {
        const key = mail.key(device);
        return key ? [{ device, key }] : [];
      }),
    markRead: (chat, upTo) => received.markRead(chat, upTo),
    message: (id) => rows.byId(id)?.message,
    chats,
    messages: (query) => messages(query),
    changesSince: (change, limit) => rows.changesSince(change, limit),
    lastChange: () => rows.lastChange(),
    peerStamp: (device) => profiles.peerStamp(device),
    savePeerStamp: (device, stamp) => profiles.savePeerStamp(device, stamp),
    saveNotice: (notice) => own.saveNotice(notice),
    dismissNotice: (id) => own.dismissNotice(id),
    notices: (limit) => own.notices(limit),
    ...history,
    deleteMessages: (chat, ids) => deleted(chat, history.deleteMessages(chat, ids)),
    deleteChat: (chat, upTo) => deleted(chat, history.deleteChat(chat, upTo)),
  };

  function chats(limit: number, after?: AccountNumber): readonly Chat[] {
    const all = [...rows.chatsShown()].sort((a, b) => compareStamps(b.stamp, a.stamp) || a.chat - b.chat);
    const from = after === undefined ? 0 : all.findIndex(({ chat }) => chat === after) + 1;
    return rows.summaries(all.slice(from, from + limit).map(({ chat }) => chat));
  }

  function messages({ chat, limit, before, after, around }: MessageQuery): readonly StoredMessage[] {
    if (around !== undefined) return neighbours(chat, around, limit);
    const first = after === undefined ? undefined : inChat(tables, chat, after);
    const last = before === undefined ? undefined : inChat(tables, chat, before);
    if ((after !== undefined && !first) || (before !== undefined && !last)) return [];
    return rows.page(chat, first, last, limit);
  }

  function neighbours(chat: AccountNumber, around: MessageId, limit: number): readonly StoredMessage[] {
    const record = inChat(tables, chat, around);
    if (!record || limit < 1) return [];
    const older = Math.floor((limit - 1) / 2);
    return [
      ...(older > 0 ? rows.page(chat, undefined, record, older) : []),
      ...(isShown(record.message.kind, record.deleted) ? [record.message] : []),
      ...(limit - 1 > older ? rows.page(chat, record, undefined, limit - 1 - older) : []),
    ];
  }
}
