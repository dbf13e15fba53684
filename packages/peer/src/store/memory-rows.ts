import type { HybridStamp } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { compareMessages } from '../messaging/conversation-order.ts';
import { compareStamps } from './hybrid-clock.ts';
import { type Key, keyOf, MemoryRowIndexes } from './memory-row-indexes.ts';
import { compareChanges, isShown } from './message-changes.ts';
import type { Appearance, Direction, MessageRecord, MessageTable, NewMessage } from './message-tables.ts';
import type { Chat, MessageRoad, MessageState, StoredMessage } from './store.ts';

const UNCHANGED = {
  editedAt: undefined,
  expiresAt: undefined,
  recalled: false,
  reactions: [],
  pendingChanges: 0,
} satisfies Partial<StoredMessage>;

/** The message table of the memory store. Rows are never changed in place, so that a copy is shallow. */
export class MemoryRows implements MessageTable {
  #records = new Map<Key, MessageRecord>();
  /** The row of change n is at n - 1; a row counts only at its newest change. */
  #changes: Key[] = [];
  /** The row of copy place n is at n - 1; a row counts only at its newest place. */
  #copies: Key[] = [];
  #copyPlaces = new Map<Key, number>();
  #winning = new Set<Key>();
  #indexes = new MemoryRowIndexes();

  copy(): MemoryRows {
    const copy = new MemoryRows();
    copy.#records = new Map(this.#records);
    copy.#changes = [...this.#changes];
    copy.#copies = [...this.#copies];
    copy.#copyPlaces = new Map(this.#copyPlaces);
    copy.#winning = new Set(this.#winning);
    for (const record of this.#records.values()) copy.#indexes.add(record);
    return copy;
  }

  insert(
    message: NewMessage,
    _wallNow: WallMs,
    { owed, copied }: { readonly owed: boolean; readonly copied: boolean },
  ): MessageRecord {
    const change = this.#changes.length + 1;
    const record: MessageRecord = {
      message: { ...message, ...UNCHANGED, change, born: change },
      position: this.#records.size + 1,
      original: undefined,
      deleted: false,
      owed,
    };
    const key = keyOf(record.message);
    this.#changes.push(key);
    this.#records.set(key, record);
    this.#indexes.add(record);
    if (copied) this.copyAgain(record);
    return record;
  }

  setState(record: MessageRecord, state: MessageState, reason: StoredMessage['reason'], owed: boolean): MessageRecord {
    const expiresAt = state === 'stored' ? this.#now(record).message.expiresAt : undefined;
    return this.#change(record, { owed }, { state, reason, expiresAt });
  }

  setRoad(record: MessageRecord, road: MessageRoad): MessageRecord {
    return this.#change(record, {}, { road: { kind: road.kind, lan: road.lan, rttMs: road.rttMs } });
  }

  setMailedUntil(record: MessageRecord, expiresAt: WallMs | undefined): MessageRecord {
    return this.#change(record, {}, { expiresAt });
  }

  setNumber(record: MessageRecord, incarnation: Incarnation, sequence: number): MessageRecord {
    return this.#change(record, {}, { incarnation, sequence });
  }

  setStamp(record: MessageRecord, stamp: HybridStamp): MessageRecord {
    return this.#change(record, {}, { stamp: { wallMs: stamp.wallMs, counter: stamp.counter } });
  }

  setAppearance(record: MessageRecord, { original, deleted, ...shown }: Appearance): MessageRecord {
    return this.#change(record, { original, deleted }, shown);
  }

  replace(record: MessageRecord, message: NewMessage): MessageRecord {
    this.setWins(record, false);
    return this.#change(record, { original: undefined, deleted: false, owed: false }, { ...message, ...UNCHANGED });
  }

  settle(record: MessageRecord): void {
    this.#replace(record, { ...this.#now(record), owed: false });
  }

  setWins(record: MessageRecord, wins: boolean): void {
    if (wins) this.#winning.add(keyOf(record.message));
    else this.#winning.delete(keyOf(record.message));
  }

  copyAgain(record: MessageRecord): void {
    const key = keyOf(record.message);
    this.#copies.push(key);
    this.#copyPlaces.set(key, this.#copies.length);
  }

  /** Of the owner's history: the row stays, nothing of what it said does, and nobody is told. */
  forget(record: MessageRecord): void {
    const { message } = this.#now(record);
    this.#winning.delete(keyOf(message));
    const empty: StoredMessage = { ...message, text: '', reactions: [] };
    this.#replace(record, { ...this.#now(record), message: empty, original: undefined, deleted: true });
  }

  /** In the order of their commits. */
  all(): readonly MessageRecord[] {
    return [...this.#records.values()];
  }

  /** Everything that is about it. */
  changesOf(chat: AccountNumber, target: MessageId): readonly MessageRecord[] {
    return this.#at(this.#indexes.changesOf(chat, target));
  }

  outgoing(id: MessageId): MessageRecord | undefined {
    return this.#records.get(`out/${id}`);
  }

  incoming(chat: AccountNumber, id: MessageId): MessageRecord | undefined {
    return this.#records.get(`in/${chat}/${id}`);
  }

  byId(id: MessageId): MessageRecord | undefined {
    return (
      this.outgoing(id) ?? this.#at(this.#indexes.incomingOf(id)).sort((a, b) => b.message.chat - a.message.chat)[0]
    );
  }

  sentWithin(
    chat: AccountNumber,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[] {
    return this.#at(this.#indexes.sentWithin(chat, incarnation, from, to, limit));
  }

  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[] {
    return this.#at(this.#indexes.receivedWithin(chat, device, incarnation, from, to, limit));
  }

  owed(chat: AccountNumber, limit: number): readonly MessageRecord[] {
    return this.#at(this.#indexes.owed(chat, limit));
  }

  owedWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[] {
    return this.#at(this.#indexes.owedWithin(chat, incarnation, from, to));
  }

  firstOwed(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#indexes.firstOwed(chat, incarnation);
  }

  chatsOwed(): readonly AccountNumber[] {
    return this.#indexes.chatsOwed();
  }

  unseenWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[] {
    return this.#at(this.#indexes.unseenWithin(chat, incarnation, from, to));
  }

  firstUnseen(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#indexes.firstUnseen(chat, incarnation);
  }

  unread(chat: AccountNumber, upTo: MessageRecord | undefined): readonly MessageRecord[] {
    return this.#at(this.#indexes.unread(chat))
      .filter((record) => !upTo || compareMessages(record.message, upTo.message) <= 0)
      .sort((a, b) => compareMessages(a.message, b.message));
  }

  unreadCount(chat: AccountNumber): number {
    return this.#indexes.unreadCount(chat);
  }

  firstUnread(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number | undefined {
    return this.#indexes.firstUnread(chat, device, incarnation);
  }

  hasChanges(chat: AccountNumber, target: MessageId): boolean {
    return this.#indexes.changesOf(chat, target).length > 0;
  }

  newestEdit(target: StoredMessage, notAfter: WallMs): StoredMessage | undefined {
    return this.#ownChanges(target, 'edit', notAfter).at(-1);
  }

  firstRecall(target: StoredMessage, notAfter: WallMs): StoredMessage | undefined {
    return this.#ownChanges(target, 'recall', notAfter)[0];
  }

  newestReactions(
    chat: AccountNumber,
    target: MessageId,
    by: Direction,
    emoji: string,
    withReturned: boolean,
    limit: number,
  ): readonly MessageRecord[] {
    return this.changesOf(chat, target)
      .filter(({ message }) => message.kind === 'reaction' && message.direction === by && message.text === emoji)
      .filter(({ message }) => message.state !== 'refused' && (withReturned || !message.returned))
      .sort((a, b) => compareChanges(b.message, a.message))
      .slice(0, limit);
  }

  reactions(chat: AccountNumber, target: MessageId, by: Direction, limit: number): readonly StoredMessage[] {
    return this.changesOf(chat, target)
      .map(({ message }) => message)
      .filter((message) => message.direction === by && this.#winning.has(keyOf(message)))
      .sort(compareChanges)
      .slice(0, limit);
  }

  pendingChanges(chat: AccountNumber, target: MessageId): number {
    return this.changesOf(chat, target).filter(
      ({ message }) => message.direction === 'out' && (message.state === 'queued' || message.state === 'stored'),
    ).length;
  }

  editsWithText(target: StoredMessage): readonly MessageRecord[] {
    return this.changesOf(target.chat, target.id).filter(
      ({ message }) => message.kind === 'edit' && message.direction === target.direction && message.text !== '',
    );
  }

  systemAfter(chat: AccountNumber, wallMs: WallMs): readonly MessageRecord[] {
    return this.#at(this.#indexes.page(chat, undefined, undefined, this.#records.size)).filter(
      ({ message }) => message.kind === 'system' && message.stamp.wallMs > wallMs,
    );
  }

  newestStamp(chat: AccountNumber, upTo: WallMs): HybridStamp | undefined {
    return this.all()
      .filter(({ message, deleted }) => isShown(message.kind, deleted) || message.target !== undefined)
      .filter(({ message }) => message.chat === chat && message.stamp.wallMs <= upTo)
      .map(({ message }) => message.stamp)
      .sort(compareStamps)
      .at(-1);
  }

  copiesAfter(place: number, limit: number): readonly { readonly place: number; readonly record: MessageRecord }[] {
    const found: { readonly place: number; readonly record: MessageRecord }[] = [];
    for (let at = place; at < this.#copies.length && found.length < limit; at++) {
      const key = this.#copies[at]!;
      if (this.#copyPlaces.get(key) === at + 1) found.push({ place: at + 1, record: this.#records.get(key)! });
    }
    return found;
  }

  copyPlace(record: MessageRecord): number | undefined {
    return this.#copyPlaces.get(keyOf(record.message));
  }

  lastCopyPlace(): number {
    return this.#copies.length;
  }

  page(
    chat: AccountNumber,
    after: MessageRecord | undefined,
    before: MessageRecord | undefined,
    limit: number,
  ): readonly StoredMessage[] {
    return this.#at(this.#indexes.page(chat, after?.message, before?.message, limit)).map(({ message }) => message);
  }

  chatsShown(): readonly { readonly chat: AccountNumber; readonly stamp: HybridStamp }[] {
    const newest = this.#indexes.chatsShown().flatMap((chat) => this.page(chat, undefined, undefined, 1));
    return newest.map(({ chat, stamp }) => ({ chat, stamp }));
  }

  summaries(chats: readonly AccountNumber[]): readonly Chat[] {
    return chats.flatMap((chat) => {
      const [last] = this.page(chat, undefined, undefined, 1);
      const [oldest] = this.unread(chat, undefined);
      return last ? [{ chat, last, unread: this.unreadCount(chat), firstUnread: oldest?.message.id }] : [];
    });
  }

  changesSince(change: number, limit: number): readonly StoredMessage[] {
    const found: StoredMessage[] = [];
    for (let at = Math.max(0, change); at < this.#changes.length && found.length < limit; at++) {
      const { message, deleted } = this.#records.get(this.#changes[at]!)!;
      if (message.change === at + 1 && !deleted) found.push(message);
    }
    return found;
  }

  lastChange(): number {
    return this.#changes.length;
  }

  #ownChanges(target: StoredMessage, kind: 'edit' | 'recall', notAfter: WallMs): readonly StoredMessage[] {
    return this.changesOf(target.chat, target.id)
      .map(({ message }) => message)
      .filter((message) => message.kind === kind && message.direction === target.direction)
      .filter((message) => target.returned || !message.returned)
      .filter((message) => message.state !== 'refused' && message.stamp.wallMs <= notAfter)
      .sort(compareChanges);
  }

  #change(
    record: MessageRecord,
    kept: Partial<Omit<MessageRecord, 'message'>>,
    told: Partial<StoredMessage>,
  ): MessageRecord {
    const now = this.#now(record);
    this.#changes.push(keyOf(now.message));
    return this.#replace(record, {
      ...now,
      ...kept,
      message: { ...now.message, ...told, change: this.#changes.length },
    });
  }

  #replace(before: MessageRecord, after: MessageRecord): MessageRecord {
    this.#indexes.replace(this.#now(before), after);
    this.#records.set(keyOf(after.message), after);
    return after;
  }

  #now(record: MessageRecord): MessageRecord {
    return this.#records.get(keyOf(record.message))!;
  }

  #at(keys: readonly Key[]): MessageRecord[] {
    return keys.map((key) => this.#records.get(key)!);
  }
}
