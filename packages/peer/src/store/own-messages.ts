import type { ContentRefusal } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { FriendDevices } from './friend-devices.ts';
import { nextStamp } from './hybrid-clock.ts';
import { isChange, type MessageChanges } from './message-changes.ts';
import type { MessageRecord, NumberingTable, StoreTables } from './message-tables.ts';
import { fillerOf } from './numbered-fields.ts';
import { asSent } from './sent-form.ts';
import type { Committed, MessageRoad, OutgoingContent, StoredMessage, SystemNote } from './store.ts';

const NO_DEVICE = '0'.repeat(32) as DeviceId;
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** What this device says: numbers, stamps, states and what becomes of them (R14, R17). The caller brings the transaction. */
export class OwnMessages {
  readonly #tables: StoreTables;
  readonly #changes: MessageChanges;
  readonly #devices: FriendDevices;

  constructor(tables: StoreTables, changes: MessageChanges, devices: FriendDevices) {
    this.#tables = tables;
    this.#changes = changes;
    this.#devices = devices;
  }

  commit(content: OutgoingContent, incarnation: Incarnation, wallNow: WallMs): Committed {
    const { rows } = this.#tables;
    const existing = rows.outgoing(content.id);
    if (existing) return { message: existing.message, touched: [] };
    const { id, chat, device, kind, text } = content;
    const message = this.#changes.asKept({
      id,
      chat,
      direction: 'out',
      device,
      incarnation,
      sequence: this.#devices.takeSequences(chat, device, incarnation, 1),
      stamp: this.#takeStamp(chat, wallNow),
      kind,
      text,
      replyTo: content.replyTo,
      target: content.target,
      on: content.on ?? false,
      state: 'queued',
      reason: '',
      road: undefined,
      returned: false,
    } as const);
    const { record, touched } = this.#changes.handleInserted(
      rows.insert(message, wallNow, { owed: true, copied: true }),
    );
    return { message: record.message, touched: touched.map(shown) };
  }

  commitSystem(
    chat: AccountNumber,
    id: MessageId,
    note: SystemNote,
    incarnation: Incarnation,
    wallNow: WallMs,
  ): StoredMessage {
    const { rows } = this.#tables;
    const existing = rows.incoming(chat, id);
    if (existing) return existing.message;
    const message = {
      id,
      chat,
      direction: 'in',
      device: NO_DEVICE,
      incarnation,
      sequence: 0,
      stamp: this.#takeStamp(chat, wallNow),
      kind: 'system',
      text: note,
      replyTo: undefined,
      target: undefined,
      on: false,
      state: 'read',
      reason: '',
      road: undefined,
      returned: false,
    } as const;
    return rows.insert(message, wallNow, { owed: false, copied: false }).message;
  }

  cancel(id: MessageId): StoredMessage | undefined {
    const record = this.#tables.rows.outgoing(id);
    if (!record?.owed || record.message.state !== 'queued') return undefined;
    const { record: refused } = this.#refuse(record, 'cancelled');
    return this.#changes.erase(refused, {}).message;
  }

  undelivered(chat: AccountNumber, limit: number): readonly StoredMessage[] {
    return this.#tables.rows.owed(chat, limit).map(asSent);
  }

  noteRoad(id: MessageId, road: MessageRoad): void {
    const record = this.#tables.rows.outgoing(id);
    if (!record || record.message.state === 'delivered' || record.message.state === 'read') return;
    const now = record.message.road;
    if (now && now.kind === road.kind && now.lan === road.lan && now.rttMs === road.rttMs) return;
    this.#tables.rows.setRoad(record, road);
  }

  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
    device: DeviceId,
  ): readonly StoredMessage[] {
    const { rows } = this.#tables;
    const changed: StoredMessage[] = [];
    for (const { from, to } of this.#devices.advance(chat, device, incarnation, ranges)) {
      const owed = rows.owedWithin(chat, incarnation, from, to);
      // A void has filled the number; what is shown stays refused.
      for (const record of owed) if (record.message.state === 'refused') rows.settle(record);
      const rising = kind === 'read' ? rows.unseenWithin(chat, incarnation, from, to) : owed.filter(isOnItsWay);
      for (const record of rising) changed.push(rows.setState(record, reached(record, kind), '', false).message);
    }
    this.refreshProgress(chat, incarnation);
    return [...changed, ...this.#targetsOf(changed)];
  }

  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
    device: DeviceId,
  ): readonly StoredMessage[] {
    const [record] = this.#tables.rows.owedWithin(chat, incarnation, sequence, sequence).filter(isOnItsWay);
    if (!record) return [];
    if (reason !== 'clock') {
      // What fills the number now goes to every mailbox.
      this.#devices.unmailAll(record);
      const { record: refused, touched } = this.#refuse(record, reason);
      return [refused.message, ...touched];
    }
    return this.#devices.noteMailRefused(device, record.message.id, reason);
  }

  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): readonly StoredMessage[] {
    const reason = 'not-friends';
    const unsent = new Set(neverSent);
    return this.#tables.rows
      .owed(chat, NUMBER_MAX)
      .filter(isOnItsWay)
      .flatMap((record) => {
        const { id, state } = record.message;
        if (unsent.has(id)) {
          const { record: refused, touched } = this.#refuse(record, reason);
          return [refused.message, ...touched];
        }
        if (record.message.reason === reason) return [];
        return [this.#tables.rows.setState(record, state, reason, true).message];
      });
  }

  /** Gives every owed number its place under the new incarnation, in the old order (R17). */
  numberAnew(incarnation: Incarnation): void {
    const { rows, numberings, mail } = this.#tables;
    for (const chat of rows.chatsOwed()) {
      const left = new Map<Incarnation, number>();
      const owed = rows.owed(chat, NUMBER_MAX);
      let sequence = this.#devices.takeSequences(chat, owed[0]!.message.device, incarnation, owed.length);
      for (const record of owed) {
        const { message } = record;
        left.set(message.incarnation, Math.min(left.get(message.incarnation) ?? NUMBER_MAX, message.sequence));
        mail.outdate(record);
        rows.copyAgain(rows.setNumber(record, incarnation, sequence));
        sequence += 1;
      }
      for (const [old, from] of left) keepUpTo(numberings, chat, old, from - 1);
      for (const old of left.keys()) this.#devices.refreshLacks(chat, old);
    }
  }

  sentWithin(
    chat: AccountNumber,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly StoredMessage[] {
    const { rows, numberings } = this.#tables;
    const last = Math.min(to, from + limit - 1);
    const found = rows.sentWithin(chat, incarnation, from, last, limit).map(asSent);
    const own = numberings.own(chat, incarnation);
    if (!own) return found;
    return withFillers(found, from, Math.min(last, own.upTo), (n) => fillerOf(chat, 'out', own.device, incarnation, n));
  }

  /** What is committed and read of an own numbering without a gap, for the other own devices. */
  refreshProgress(chat: AccountNumber, incarnation: Incarnation): void {
    const { rows, numberings, mail } = this.#tables;
    const own = numberings.own(chat, incarnation);
    if (!own) return;
    const reaches = (first: number | undefined): number =>
      Math.min(own.keptTo, first === undefined ? own.upTo : first - 1);
    const deliveredTo = Math.max(own.deliveredTo, reaches(rows.firstOwed(chat, incarnation)));
    const readTo = Math.max(own.readTo, Math.min(deliveredTo, reaches(rows.firstUnseen(chat, incarnation))));
    if (deliveredTo === own.deliveredTo && readTo === own.readTo) return;
    numberings.save({ ...own, deliveredTo, readTo });
    for (const { device } of mail.ownDevices()) {
      const told = mail.told(device, chat, incarnation) ?? { chat, incarnation, deliveredTo: 0, readTo: 0 };
      mail.saveTold(device, told, true);
    }
  }

  #refuse(
    record: MessageRecord,
    reason: StoredMessage['reason'],
  ): { readonly record: MessageRecord; readonly touched: readonly StoredMessage[] } {
    const refused = this.#tables.rows.setState(record, 'refused', reason, true);
    // Own devices that show it are to fill the number with nothing, too.
    this.#tables.rows.copyAgain(refused);
    return { record: refused, touched: this.#changes.handleRefused(refused).map(shown) };
  }

  #takeStamp(chat: AccountNumber, wallNow: WallMs) {
    const { numberings } = this.#tables;
    const stamp = nextStamp(numberings.clock(chat), wallNow);
    numberings.saveClock(chat, stamp);
    return stamp;
  }

  #targetsOf(changed: readonly StoredMessage[]): readonly StoredMessage[] {
    const targets = new Map(changed.filter(isChange).map((change) => [change.target, change]));
    return [...targets.values()].flatMap((change) => this.#changes.refreshTarget(change)).map(shown);
  }
}

/** With something in the place of every number up to `to` that has nothing. */
export function withFillers(
  found: readonly StoredMessage[],
  from: number,
  to: number,
  filler: (sequence: number) => StoredMessage,
): readonly StoredMessage[] {
  const taken = new Set(found.map(({ sequence }) => sequence));
  const fillers: StoredMessage[] = [];
  for (let n = Math.max(1, from); n <= to; n++) if (!taken.has(n)) fillers.push(filler(n));
  return fillers.length === 0 ? found : [...found, ...fillers].sort((a, b) => a.sequence - b.sequence);
}

export function shown(record: MessageRecord): StoredMessage {
  return record.message;
}

/** A receipt `read` is about a range, and runs over what was recalled before anybody could read it. */
export function reached({ message }: MessageRecord, kind: 'delivered' | 'read'): 'delivered' | 'read' {
  return message.recalled ? 'delivered' : kind;
}

function isOnItsWay({ message }: MessageRecord): boolean {
  return message.state === 'queued' || message.state === 'stored';
}

function keepUpTo(numberings: NumberingTable, chat: AccountNumber, incarnation: Incarnation, keptTo: number): void {
  const own = numberings.own(chat, incarnation);
  if (own) numberings.save({ ...own, keptTo: Math.min(own.keptTo, keptTo) });
}
