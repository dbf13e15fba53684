import type { ContentRefusal, HybridStamp } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { laterStamp, nextStamp, STAMP_ZERO } from './hybrid-clock.ts';
import { type MessageStatements, prepareMessageStatements } from './sqlite-message-statements.ts';
import { asSent, type MessageRow, messageOf, numberingOf, toBlob } from './sqlite-rows.ts';
import type {
  IncomingContent,
  IncomingOutcome,
  MessageQuery,
  MessageRoad,
  MessageState,
  OutgoingText,
  ReceivedNumbering,
  StoredMessage,
} from './store.ts';

/** Messages, numberings and hybrid clocks. Plain calls on an open database; the caller brings the transaction. */
export class SqliteMessages {
  readonly #sql: MessageStatements;

  constructor(db: Sqlite.Database) {
    this.#sql = prepareMessageStatements(db);
  }

  commitOutgoing({ id, chat, device, text }: OutgoingText, incarnation: Incarnation, wallNow: WallMs): StoredMessage {
    const existing = this.#sql.outgoing.get(toBlob(id));
    if (existing) return messageOf(existing);
    const stamp = nextStamp(this.#clock(chat), wallNow);
    this.#saveClock(chat, stamp);
    const sequence = this.#takeSequence(chat, device, incarnation);
    return this.#insert({
      id: toBlob(id),
      chat,
      direction: 'out',
      device: toBlob(device),
      incarnation: toBlob(incarnation),
      sequence,
      ...stamp,
      kind: 'text',
      text,
      state: 'queued',
      owed: 1,
      ...roadColumns(undefined),
      committedMs: wallNow,
    });
  }

  undelivered(chat: AccountNumber, limit: number): readonly StoredMessage[] {
    return this.#sql.undelivered.all(chat, limit).map(messageOf).map(asSent);
  }

  chatsWithUndelivered(): readonly AccountNumber[] {
    const chats: AccountNumber[] = [];
    for (let chat = this.#chatOwedAfter(0); chat !== undefined; chat = this.#chatOwedAfter(chat)) chats.push(chat);
    return chats;
  }

  noteRoad(id: MessageId, road: MessageRoad): void {
    const row = this.#sql.outgoing.get(toBlob(id));
    if (!row || row.state === 'delivered' || row.state === 'read') return;
    const now = messageOf(row).road;
    if (now && now.kind === road.kind && now.lan === road.lan && now.rttMs === road.rttMs) return;
    this.#sql.setRoad.run({ position: row.position, ...roadColumns(road) });
  }

  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
  ): readonly StoredMessage[] {
    const rising = kind === 'read' ? this.#sql.unseenWithin : this.#sql.undeliveredWithin;
    const changed: StoredMessage[] = [];
    for (const { from, to } of ranges) {
      const range = [chat, toBlob(incarnation), from, to] as const;
      this.#sql.settleRefused.run(...range);
      for (const position of rising.all(...range)) changed.push(this.#setState(position, kind, '', 0));
    }
    return changed;
  }

  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
  ): readonly StoredMessage[] {
    const state = reason === 'clock' ? 'queued' : 'refused';
    return this.#sql.undeliveredRows
      .all(chat, toBlob(incarnation), sequence)
      .filter((row) => row.state !== state || row.reason !== reason)
      .map((row) => this.#setState(row.position, state, reason, 1));
  }

  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): readonly StoredMessage[] {
    const reason = 'not-friends';
    const unsent = new Set(neverSent);
    return this.#sql.undelivered
      .all(chat, -1)
      .map((row) => ({ position: row.position, ...messageOf(row) }))
      .filter((m) => m.state !== 'refused' && (unsent.has(m.id) || m.reason !== reason))
      .map((m) => this.#setState(m.position, unsent.has(m.id) ? 'refused' : m.state, reason, 1));
  }

  commitIncoming(items: readonly IncomingContent[], wallNow: WallMs): readonly IncomingOutcome[] {
    return items.map((item) => this.#commitOne(item, wallNow));
  }

  receivedUpTo(chat: AccountNumber): readonly ReceivedNumbering[] {
    return this.#sql.received.all(chat).map(numberingOf);
  }

  markRead(chat: AccountNumber, upTo: MessageId | undefined): readonly StoredMessage[] {
    const positions = upTo === undefined ? this.#sql.unread.all(chat) : this.#unreadUpTo(chat, upTo);
    return positions.map((position) => this.#setState(position, 'read', '', 0));
  }

  message(id: MessageId): StoredMessage | undefined {
    const row = this.#sql.byId.get(toBlob(id));
    return row && messageOf(row);
  }

  messages({ chat, limit, before, after }: MessageQuery): readonly StoredMessage[] {
    const first = after === undefined ? undefined : this.#sql.inChat.get(toBlob(after), chat);
    const last = before === undefined ? undefined : this.#sql.inChat.get(toBlob(before), chat);
    if ((after !== undefined && !first) || (before !== undefined && !last)) return [];
    if (first && last) return this.#sql.pageBetween.all(chat, ...place(first), ...place(last), limit).map(messageOf);
    if (first) return this.#sql.pageAfter.all(chat, ...place(first), limit).map(messageOf);
    const newestFirst = last
      ? this.#sql.pageBefore.all(chat, ...place(last), limit)
      : this.#sql.pageNewest.all(chat, limit);
    return newestFirst.reverse().map(messageOf);
  }

  changesSince(change: number, limit: number): readonly StoredMessage[] {
    return this.#sql.changesSince.all(change, limit).map(messageOf);
  }

  lastChange(): number {
    return this.#sql.lastChange.get() ?? 0;
  }

  /** Gives every owed number its place under the new incarnation, in the old order (R17). */
  numberAnew(incarnation: Incarnation): void {
    for (const chat of this.chatsWithUndelivered()) {
      for (const message of this.#sql.owedPlaces.all(chat)) {
        const sequence = this.#takeSequence(chat, message.device.toString('hex') as DeviceId, incarnation);
        this.#sql.setNumber.run(toBlob(incarnation), sequence, message.position);
      }
    }
  }

  #commitOne({ chat, device, content, road }: IncomingContent, wallNow: WallMs): IncomingOutcome {
    const numbering = [chat, toBlob(device), toBlob(content.incarnation)] as const;
    const upTo = this.#sql.receivedTo.get(...numbering) ?? 0;
    if (content.sequence <= upTo) return { kind: 'duplicate' };
    if (content.sequence > upTo + 1) return { kind: 'gap', next: upTo + 1 };
    this.#sql.saveReceivedTo.run(...numbering, content.sequence);
    const known = this.#sql.incoming.get(toBlob(content.messageId), chat);
    if (known) {
      // Its sender knows it by the new number only: receipts have to speak of that one.
      const { incarnation, sequence } = content;
      if (known.device.equals(toBlob(device))) this.#sql.setNumber.run(toBlob(incarnation), sequence, known.position);
      return { kind: 'duplicate' };
    }
    this.#saveClock(chat, laterStamp(this.#clock(chat), content.stamp));
    const message = this.#insert({
      id: toBlob(content.messageId),
      chat,
      direction: 'in',
      device: toBlob(device),
      incarnation: toBlob(content.incarnation),
      sequence: content.sequence,
      ...content.stamp,
      kind: content.type,
      text: content.type === 'text' ? content.text : '',
      state: 'delivered',
      owed: 0,
      ...roadColumns(road),
      committedMs: wallNow,
    });
    return { kind: 'committed', message };
  }

  #insert(columns: object): StoredMessage {
    return messageOf(this.#sql.insert.get(columns)!);
  }

  #setState(position: number, state: MessageState, reason: StoredMessage['reason'], owed: 0 | 1): StoredMessage {
    return messageOf(this.#sql.setState.get(state, reason, owed, position)!);
  }

  #unreadUpTo(chat: AccountNumber, upTo: MessageId): readonly number[] {
    const last = this.#sql.inChat.get(toBlob(upTo), chat);
    return last ? this.#sql.unreadUpTo.all(chat, ...place(last)) : [];
  }

  #chatOwedAfter(chat: number): AccountNumber | undefined {
    return (this.#sql.chatOwedAfter.get(chat) ?? undefined) as AccountNumber | undefined;
  }

  #takeSequence(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number {
    return this.#sql.takeSequence.get(chat, toBlob(device), toBlob(incarnation))!;
  }

  #clock(chat: AccountNumber): HybridStamp {
    const row = this.#sql.clock.get(chat);
    return row ? { wallMs: row.wall_ms as WallMs, counter: row.counter } : STAMP_ZERO;
  }

  #saveClock(chat: AccountNumber, stamp: HybridStamp): void {
    this.#sql.saveClock.run(chat, stamp.wallMs, stamp.counter);
  }
}

/** The columns of message_order after the chat. */
function place(row: MessageRow): [number, number, Buffer, number, Buffer] {
  return [row.wall_ms, row.counter, row.device, row.sequence, row.id];
}

function roadColumns(road: MessageRoad | undefined) {
  if (!road) return { roadKind: null, roadLan: null, roadRttMs: null };
  return { roadKind: road.kind, roadLan: road.lan ? 1 : 0, roadRttMs: road.rttMs };
}
