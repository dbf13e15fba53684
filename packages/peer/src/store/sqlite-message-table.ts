import type { HybridStamp } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { isShown } from './message-changes.ts';
import type { Appearance, Direction, MessageRecord, MessageTable, NewMessage } from './message-tables.ts';
import { type MessageStatements, type Place, prepareMessageStatements } from './sqlite-message-statements.ts';
import { messageOf, recordOf, toBlob } from './sqlite-rows.ts';
import type { Chat, MessageRoad, MessageState, StoredMessage } from './store.ts';

/** The message table in SQLite. Plain calls on an open database; the caller brings the transaction. */
export class SqliteMessageTable implements MessageTable {
  readonly #sql: MessageStatements;

  readonly #onErased: () => void;

  constructor(db: Sqlite.Database, onErased: () => void) {
    this.#sql = prepareMessageStatements(db);
    this.#onErased = onErased;
  }

  insert(
    message: NewMessage,
    wallNow: WallMs,
    { owed, copied }: { readonly owed: boolean; readonly copied: boolean },
  ): MessageRecord {
    const row = this.#sql.insert.get({
      id: toBlob(message.id),
      chat: message.chat,
      direction: message.direction,
      ...columnsOf(message),
      owed: flag(owed),
      copied: flag(copied),
      committedMs: wallNow,
    });
    return recordOf(row!);
  }

  setState(
    { position }: MessageRecord,
    state: MessageState,
    reason: StoredMessage['reason'],
    owed: boolean,
  ): MessageRecord {
    return recordOf(this.#sql.setState.get(state, reason, flag(owed), position)!);
  }

  setRoad({ position }: MessageRecord, road: MessageRoad): MessageRecord {
    return recordOf(this.#sql.setRoad.get({ position, ...roadColumns(road) })!);
  }

  setMailedUntil({ position }: MessageRecord, at: WallMs | undefined): MessageRecord {
    return recordOf(this.#sql.setMailedUntil.get(at ?? null, position)!);
  }

  setNumber({ position }: MessageRecord, incarnation: Incarnation, sequence: number): MessageRecord {
    return recordOf(this.#sql.setNumber.get(toBlob(incarnation), sequence, position)!);
  }

  setStamp({ position }: MessageRecord, { wallMs, counter }: HybridStamp): MessageRecord {
    return recordOf(this.#sql.setStamp.get(wallMs, counter, position)!);
  }

  setAppearance({ position }: MessageRecord, appearance: Appearance): MessageRecord {
    const { kind, text, original, state, editedAt, recalled, reactions, pendingChanges, returned, deleted } =
      appearance;
    if (text === '') this.#onErased();
    const row = this.#sql.setAppearance.get({
      position,
      kind,
      shown: flag(isShown(kind, deleted)),
      text,
      original: original ?? null,
      state,
      editedMs: editedAt ?? null,
      recalled: flag(recalled),
      reactions: JSON.stringify(reactions),
      pendingChanges,
      returned: flag(returned),
      deleted: flag(deleted),
    });
    return recordOf(row!);
  }

  replace({ position }: MessageRecord, message: NewMessage): MessageRecord {
    if (message.text === '') this.#onErased();
    return recordOf(this.#sql.replace.get({ position, ...columnsOf(message) })!);
  }

  settle({ position }: MessageRecord): void {
    this.#sql.settle.run(position);
  }

  setWins({ position }: MessageRecord, wins: boolean): void {
    this.#sql.setWins.run(flag(wins), position);
  }

  copyAgain({ position }: MessageRecord): void {
    this.#sql.copyAgain.run(position);
  }

  outgoing(id: MessageId): MessageRecord | undefined {
    const row = this.#sql.outgoing.get(toBlob(id));
    return row && recordOf(row);
  }

  incoming(chat: AccountNumber, id: MessageId): MessageRecord | undefined {
    const row = this.#sql.incoming.get(toBlob(id), chat);
    return row && recordOf(row);
  }

  byId(id: MessageId): MessageRecord | undefined {
    const row = this.#sql.byId.get(toBlob(id));
    return row && recordOf(row);
  }

  sentWithin(
    chat: AccountNumber,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[] {
    return this.#sql.sentWithin.all(chat, toBlob(incarnation), from, to, limit).map(recordOf);
  }

  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[] {
    return this.#sql.receivedWithin.all(chat, toBlob(device), toBlob(incarnation), from, to, limit).map(recordOf);
  }

  owed(chat: AccountNumber, limit: number): readonly MessageRecord[] {
    return this.#sql.owed.all(chat, limit).map(recordOf);
  }

  owedWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[] {
    return this.#sql.owedWithin.all(chat, toBlob(incarnation), from, to).map(recordOf);
  }

  firstOwed(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#sql.firstOwed.get(chat, toBlob(incarnation)) ?? undefined;
  }

  chatsOwed(): readonly AccountNumber[] {
    const chats: AccountNumber[] = [];
    const next = (after: number) => (this.#sql.chatOwedAfter.get(after) ?? undefined) as AccountNumber | undefined;
    for (let chat = next(0); chat !== undefined; chat = next(chat)) chats.push(chat);
    return chats;
  }

  unseenWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[] {
    return this.#sql.unseenWithin.all(chat, toBlob(incarnation), from, to).map(recordOf);
  }

  firstUnseen(chat: AccountNumber, incarnation: Incarnation): number | undefined {
    return this.#sql.firstUnseen.get(chat, toBlob(incarnation)) ?? undefined;
  }

  unread(chat: AccountNumber, upTo: MessageRecord | undefined): readonly MessageRecord[] {
    const rows = upTo ? this.#sql.unreadUpTo.all(chat, ...placeOf(upTo)) : this.#sql.unread.all(chat);
    return rows.map(recordOf);
  }

  firstUnread(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number | undefined {
    return this.#sql.firstUnread.get(chat, toBlob(device), toBlob(incarnation)) ?? undefined;
  }

  hasChanges(chat: AccountNumber, target: MessageId): boolean {
    return this.#sql.hasChanges.get(chat, toBlob(target)) !== undefined;
  }

  newestEdit({ chat, id, direction, returned }: StoredMessage, notAfter: WallMs): StoredMessage | undefined {
    const row = this.#sql.newestEdit.get(chat, toBlob(id), direction, notAfter, returned ? 1 : 0);
    return row && messageOf(row);
  }

  firstRecall({ chat, id, direction, returned }: StoredMessage, notAfter: WallMs): StoredMessage | undefined {
    const row = this.#sql.firstRecall.get(chat, toBlob(id), direction, notAfter, returned ? 1 : 0);
    return row && messageOf(row);
  }

  newestReactions(
    chat: AccountNumber,
    target: MessageId,
    by: Direction,
    emoji: string,
    withReturned: boolean,
    limit: number,
  ): readonly MessageRecord[] {
    const returned = flag(withReturned);
    return this.#sql.newestReactions.all(chat, toBlob(target), by, emoji, returned, limit).map(recordOf);
  }

  reactions(chat: AccountNumber, target: MessageId, by: Direction, limit: number): readonly StoredMessage[] {
    return this.#sql.reactions.all(chat, toBlob(target), by, limit).map(messageOf);
  }

  pendingChanges(chat: AccountNumber, target: MessageId): number {
    return this.#sql.pendingChanges.get(chat, toBlob(target)) ?? 0;
  }

  editsWithText({ chat, id, direction }: StoredMessage): readonly MessageRecord[] {
    return this.#sql.editsWithText.all(chat, toBlob(id), direction).map(recordOf);
  }

  systemAfter(chat: AccountNumber, wallMs: WallMs): readonly MessageRecord[] {
    return this.#sql.systemAfter.all(chat, wallMs).map(recordOf);
  }

  newestStamp(chat: AccountNumber, upTo: WallMs): HybridStamp | undefined {
    const row = this.#sql.newestStamp.get({ chat, upTo });
    return row && { wallMs: row.wall_ms as WallMs, counter: row.counter };
  }

  copiesAfter(place: number, limit: number): readonly { readonly place: number; readonly record: MessageRecord }[] {
    return this.#sql.copiesAfter.all(place, limit).map((row) => ({ place: row.copy_order, record: recordOf(row) }));
  }

  copyPlace({ position }: MessageRecord): number | undefined {
    return this.#sql.copyPlace.get(position) ?? undefined;
  }

  lastCopyPlace(): number {
    return this.#sql.lastCopyPlace.get() ?? 0;
  }

  page(
    chat: AccountNumber,
    after: MessageRecord | undefined,
    before: MessageRecord | undefined,
    limit: number,
  ): readonly StoredMessage[] {
    if (after && before) {
      return this.#sql.pageBetween.all(chat, ...placeOf(after), ...placeOf(before), limit).map(messageOf);
    }
    if (after) return this.#sql.pageAfter.all(chat, ...placeOf(after), limit).map(messageOf);
    const newestFirst = before
      ? this.#sql.pageBefore.all(chat, ...placeOf(before), limit)
      : this.#sql.pageNewest.all(chat, limit);
    return newestFirst.reverse().map(messageOf);
  }

  chatsShown(): readonly { readonly chat: AccountNumber; readonly stamp: HybridStamp }[] {
    return this.#sql.chatsShown.all().map(({ chat, wall_ms, counter }) => ({
      chat: chat as AccountNumber,
      stamp: { wallMs: wall_ms as WallMs, counter },
    }));
  }

  summaries(chats: readonly AccountNumber[]): readonly Chat[] {
    return this.#sql.summaries.all(JSON.stringify(chats)).map((row) => ({
      chat: row.chat as AccountNumber,
      last: messageOf(row),
      unread: row.unread,
      firstUnread: row.first_unread === null ? undefined : (row.first_unread.toString('hex') as MessageId),
    }));
  }

  changesSince(change: number, limit: number): readonly StoredMessage[] {
    return this.#sql.changesSince.all(change, limit).map(messageOf);
  }

  lastChange(): number {
    return this.#sql.lastChange.get() ?? 0;
  }
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** Of what a message says of itself; what it is found by stays for ever. */
function columnsOf(message: NewMessage) {
  return {
    device: toBlob(message.device),
    incarnation: toBlob(message.incarnation),
    sequence: message.sequence,
    wallMs: message.stamp.wallMs,
    counter: message.stamp.counter,
    kind: message.kind,
    shown: flag(isShown(message.kind, false)),
    text: message.text,
    replyTo: message.replyTo === undefined ? null : toBlob(message.replyTo),
    target: message.target === undefined ? null : toBlob(message.target),
    on: flag(message.on),
    state: message.state,
    reason: message.reason,
    returned: flag(message.returned),
    ...roadColumns(message.road),
  };
}

/** The columns of message_order after the chat. */
function placeOf({ message }: MessageRecord): Place {
  const { stamp, device, sequence, id } = message;
  return [stamp.wallMs, stamp.counter, toBlob(device), sequence, toBlob(id)];
}

function roadColumns(road: MessageRoad | undefined) {
  if (!road) return { roadKind: null, roadLan: null, roadRttMs: null };
  return { roadKind: road.kind, roadLan: flag(road.lan), roadRttMs: road.rttMs };
}
