import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { compareMessages } from '../messaging/conversation-order.ts';
import { isShown } from './message-changes.ts';
import type { MessageRecord } from './message-tables.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { StoredMessage } from './store.ts';

export type Key = string;

/** An own id is one message whatever the chat; a friend's id means something only in the friend's own chat. */
export function keyOf({ direction, chat, id }: Pick<StoredMessage, 'direction' | 'chat' | 'id'>): Key {
  return direction === 'out' ? `out/${id}` : `in/${chat}/${id}`;
}

/** Numbers of one numbering with whose they are. */
type Numbers = SortedKeys<number, Key>;

/** What the questions to the memory store need to find rows without walking them all: the indexes of the schema. */
export class MemoryRowIndexes {
  readonly #sent = new Map<string, Numbers>();
  readonly #received = new Map<string, Numbers>();
  readonly #owed = new Map<string, Numbers>();
  readonly #owedByChat = new Map<AccountNumber, SortedKeys<readonly [string, number], Key>>();
  readonly #unseen = new Map<string, Numbers>();
  readonly #unread = new Map<string, Numbers>();
  readonly #unreadByChat = new Map<AccountNumber, Set<Key>>();
  readonly #order = new Map<AccountNumber, SortedKeys<StoredMessage, Key>>();
  readonly #changes = new Map<string, Set<Key>>();
  readonly #byId = new Map<MessageId, Set<Key>>();

  add(record: MessageRecord): void {
    const { message } = record;
    const { chat, device, incarnation, sequence, direction, target, id } = message;
    const key = keyOf(message);
    if (direction === 'out') {
      numbersOf(this.#sent, `${chat}/${incarnation}`).add(sequence, key);
    } else {
      numbersOf(this.#received, `${chat}/${device}/${incarnation}`).add(sequence, key);
      setOf(this.#byId, id).add(key);
    }
    if (target !== undefined) setOf(this.#changes, `${chat}/${target}`).add(key);
    this.#enter(record, NOWHERE);
  }

  /** Most changes are of a state: only what they move is touched. */
  replace(before: MessageRecord, after: MessageRecord): void {
    const { incarnation, sequence, stamp } = before.message;
    const now = after.message;
    if (now.incarnation !== incarnation || now.sequence !== sequence || now.stamp !== stamp) {
      this.#remove(before);
      this.add(after);
      return;
    }
    this.#leave(before, placesOf(after));
    this.#enter(after, placesOf(before));
  }

  #remove(record: MessageRecord): void {
    const { message } = record;
    const { chat, device, incarnation, sequence, direction, target } = message;
    const key = keyOf(message);
    if (target !== undefined) this.#changes.get(`${chat}/${target}`)?.delete(key);
    if (direction === 'out') this.#sent.get(`${chat}/${incarnation}`)?.remove(sequence, key);
    else this.#received.get(`${chat}/${device}/${incarnation}`)?.remove(sequence, key);
    this.#leave(record, NOWHERE);
  }

  /** Where it belongs now and did not before. */
  #enter(record: MessageRecord, before: Places): void {
    const { message } = record;
    const { chat, device, incarnation, sequence } = message;
    const key = keyOf(message);
    const now = placesOf(record);
    if (now.unseen && !before.unseen) numbersOf(this.#unseen, `${chat}/${incarnation}`).add(sequence, key);
    if (now.owed && !before.owed) {
      numbersOf(this.#owed, `${chat}/${incarnation}`).add(sequence, key);
      this.#owedOf(chat).add([incarnation, sequence], key);
    }
    if (now.unread && !before.unread) {
      numbersOf(this.#unread, `${chat}/${device}/${incarnation}`).add(sequence, key);
      setOf(this.#unreadByChat, chat).add(key);
    }
    if (now.shown && !before.shown) this.#orderOf(chat).add(message, key);
  }

  /** Where it belonged and does not any more. */
  #leave(record: MessageRecord, after: Places): void {
    const { message } = record;
    const { chat, device, incarnation, sequence } = message;
    const key = keyOf(message);
    const then = placesOf(record);
    if (then.unseen && !after.unseen) this.#unseen.get(`${chat}/${incarnation}`)?.remove(sequence, key);
    if (then.owed && !after.owed) {
      this.#owed.get(`${chat}/${incarnation}`)?.remove(sequence, key);
      this.#owedOf(chat).remove([incarnation, sequence], key);
    }
    if (then.unread && !after.unread) {
      this.#unread.get(`${chat}/${device}/${incarnation}`)?.remove(sequence, key);
      this.#unreadByChat.get(chat)?.delete(key);
    }
    if (then.shown && !after.shown) this.#orderOf(chat).remove(message, key);
  }

  sentWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number, limit: number): readonly Key[] {
    return this.#sent.get(`${chat}/${incarnation}`)?.within(from, to, limit) ?? [];
  }

  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly Key[] {
    return this.#received.get(`${chat}/${device}/${incarnation}`)?.within(from, to, limit) ?? [];
  }

  owed(chat: AccountNumber, limit: number): readonly Key[] {
    return this.#owedByChat.get(chat)?.first(limit) ?? [];
  }

  owedWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly Key[] {
    return this.#owed.get(`${chat}/${incarnation}`)?.within(from, to) ?? [];
  }

  firstOwed(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#owed.get(`${chat}/${incarnation}`)?.lowest();
  }

  chatsOwed(): readonly AccountNumber[] {
    return [...this.#owedByChat]
      .filter(([, owed]) => owed.size > 0)
      .map(([chat]) => chat)
      .sort((a, b) => a - b);
  }

  unseenWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly Key[] {
    return this.#unseen.get(`${chat}/${incarnation}`)?.within(from, to) ?? [];
  }

  firstUnseen(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#unseen.get(`${chat}/${incarnation}`)?.lowest();
  }

  unread(chat: AccountNumber): readonly Key[] {
    return [...(this.#unreadByChat.get(chat) ?? [])];
  }

  unreadCount(chat: AccountNumber): number {
    return this.#unreadByChat.get(chat)?.size ?? 0;
  }

  firstUnread(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number | undefined {
    return this.#unread.get(`${chat}/${device}/${incarnation}`)?.lowest();
  }

  changesOf(chat: AccountNumber, target: MessageId): readonly Key[] {
    return [...(this.#changes.get(`${chat}/${target}`) ?? [])];
  }

  incomingOf(id: MessageId): readonly Key[] {
    return [...(this.#byId.get(id) ?? [])];
  }

  page(
    chat: AccountNumber,
    after: StoredMessage | undefined,
    before: StoredMessage | undefined,
    limit: number,
  ): readonly Key[] {
    return this.#order.get(chat)?.between(after, before, limit, after ? 'first' : 'last') ?? [];
  }

  /** Chats that show a row. */
  chatsShown(): readonly AccountNumber[] {
    return [...this.#order].filter(([, order]) => order.size > 0).map(([chat]) => chat);
  }

  #owedOf(chat: AccountNumber): SortedKeys<readonly [string, number], Key> {
    const known = this.#owedByChat.get(chat);
    if (known) return known;
    const fresh = new SortedKeys<readonly [string, number], Key>(compareNumbers);
    this.#owedByChat.set(chat, fresh);
    return fresh;
  }

  #orderOf(chat: AccountNumber): SortedKeys<StoredMessage, Key> {
    const known = this.#order.get(chat);
    if (known) return known;
    const fresh = new SortedKeys<StoredMessage, Key>(compareMessages);
    this.#order.set(chat, fresh);
    return fresh;
  }
}

/** Which of the partial indexes have a row. */
interface Places {
  readonly unseen: boolean;
  readonly owed: boolean;
  readonly unread: boolean;
  readonly shown: boolean;
}

const NOWHERE: Places = { unseen: false, owed: false, unread: false, shown: false };

function placesOf(record: MessageRecord): Places {
  const { message, owed, deleted } = record;
  return {
    unseen: message.direction === 'out' && isUnseen(message),
    owed,
    unread: isUnread(record),
    shown: isShown(message.kind, deleted),
  };
}

function isUnseen({ state, recalled }: StoredMessage): boolean {
  return state === 'queued' || state === 'stored' || (state === 'delivered' && !recalled);
}

function isUnread({ message, deleted }: MessageRecord): boolean {
  return message.direction === 'in' && message.state === 'delivered' && isShown(message.kind, deleted);
}

function compareNumbers(a: readonly [string, number], b: readonly [string, number]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] - b[1];
}

function numbersOf(index: Map<string, Numbers>, numbering: string): Numbers {
  const known = index.get(numbering);
  if (known) return known;
  const fresh: Numbers = new SortedKeys<number, Key>((a, b) => a - b);
  index.set(numbering, fresh);
  return fresh;
}

function setOf<K>(index: Map<K, Set<Key>>, at: K): Set<Key> {
  const known = index.get(at);
  if (known) return known;
  const fresh = new Set<Key>();
  index.set(at, fresh);
  return fresh;
}
