import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { HELD_PER_DEVICE_MAX } from '../messaging/limits.ts';
import { begun } from './friend-devices.ts';
import { laterStamp } from './hybrid-clock.ts';
import { NUMBERINGS_PER_DEVICE_MAX, RECEIPTS_OWED_MAX } from './limits.ts';
import type { MessageChanges } from './message-changes.ts';
import type { MessageRecord, Numbering, StoreTables } from './message-tables.ts';
import { fieldsOf, fillerOf } from './numbered-fields.ts';
import { shown, withFillers } from './own-messages.ts';
import { asSent } from './sent-form.ts';
import type {
  Committed,
  Gap,
  IncomingContent,
  IncomingOutcome,
  NumberingName,
  NumberingPage,
  NumberingProgress,
  ReceivedNumbering,
  StoredMessage,
} from './store.ts';

type Arrival = Omit<IncomingContent, 'hold'>;

/** What friends say: committed in the order of their numbers, held ahead of a gap, receipted, read (R17, R18). */
export class IncomingMessages {
  readonly #tables: StoreTables;
  readonly #changes: MessageChanges;

  constructor(tables: StoreTables, changes: MessageChanges) {
    this.#tables = tables;
    this.#changes = changes;
  }

  commit(items: readonly IncomingContent[], wallNow: WallMs): readonly IncomingOutcome[] {
    return items.map((item) => this.#commitOne(item, wallNow));
  }

  openNumbering(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
  ): readonly Committed[] | false {
    const { numberings } = this.#tables;
    const known = numberings.numbering({ chat, kind: 'in', device, incarnation });
    if (!known && numberings.receivedOf(chat, device) >= NUMBERINGS_PER_DEVICE_MAX) return false;
    const numbering = known ?? begun({ chat, kind: 'in', device, incarnation });
    if (known && known.upTo >= from - 1) return [];
    this.#save({ ...numbering, upTo: from - 1 });
    numberings.dropHeldBelow(chat, device, incarnation, from);
    return this.#follow(chat, device, incarnation, numberings.clock(chat).wallMs).followed;
  }

  receivedUpTo(
    chat: AccountNumber,
    of: NumberingPage | readonly NumberingName[] | undefined,
  ): readonly ReceivedNumbering[] {
    const { numberings } = this.#tables;
    if (!of) return numberings.all(chat, 'in').map(receivedOf);
    if ('limit' in of) return numberings.received(chat, of).map(receivedOf);
    return of.flatMap((name) => numberings.numbering({ chat, kind: 'in', ...name }) ?? []).map(receivedOf);
  }

  receiptsOwed(chat: AccountNumber | undefined): readonly ({ readonly chat: AccountNumber } & ReceivedNumbering)[] {
    const untold = this.#tables.numberings.untold(chat, RECEIPTS_OWED_MAX);
    return untold.map((numbering) => ({ chat: numbering.chat, ...receivedOf(numbering) }));
  }

  noteReceiptsTold(chat: AccountNumber, device: DeviceId, told: readonly NumberingProgress[]): void {
    const { numberings } = this.#tables;
    for (const { incarnation, deliveredUpTo, readUpTo } of told) {
      const numbering = numberings.numbering({ chat, kind: 'in', device, incarnation });
      if (!numbering) continue;
      const toldTo = Math.max(numbering.toldTo, deliveredUpTo);
      numberings.save({ ...numbering, toldTo, toldReadTo: Math.max(numbering.toldReadTo, readUpTo) });
    }
  }

  gaps(chat: AccountNumber | undefined): readonly Gap[] {
    const { numberings } = this.#tables;
    const gaps: Gap[] = [];
    let last: { readonly key: string; readonly sequence: number } | undefined;
    for (const held of numberings.heldNumbers(chat)) {
      const key = `${held.chat}/${held.device}/${held.incarnation}`;
      const before: number =
        last?.key === key ? last.sequence : (numberings.numbering({ ...held, kind: 'in' })?.upTo ?? 0);
      const { sequence, ...place } = held;
      if (sequence > before + 1) gaps.push({ ...place, from: before + 1, to: sequence - 1 });
      last = { key, sequence };
    }
    return gaps;
  }

  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly StoredMessage[] {
    const { rows, numberings } = this.#tables;
    const numbering = numberings.numbering({ chat, kind: 'in', device, incarnation });
    if (!numbering) return [];
    const last = Math.min(to, numbering.upTo, from + limit - 1);
    const found = rows.receivedWithin(chat, device, incarnation, from, last, limit).map(asGivenBack);
    return withFillers(found, from, last, (n) => fillerOf(chat, 'in', device, incarnation, n));
  }

  markRead(chat: AccountNumber, upTo: MessageId | undefined): readonly StoredMessage[] {
    const { rows } = this.#tables;
    const last = upTo === undefined ? undefined : inChat(this.#tables, chat, upTo);
    if (upTo !== undefined && !last) return [];
    const read = rows.unread(chat, last).map((record) => rows.setState(record, 'read', '', false).message);
    const numberings = new Map(read.map((message) => [`${message.device}/${message.incarnation}`, message]));
    for (const message of numberings.values()) this.#refreshRead(message);
    return read;
  }

  /** Something that was unread is not there any more. */
  refreshRead(chat: AccountNumber): void {
    for (const numbering of this.#tables.numberings.all(chat, 'in')) {
      if (numbering.readTo < numbering.upTo) this.#save(numbering);
    }
  }

  #commitOne({ hold, ...arrival }: IncomingContent, wallNow: WallMs): IncomingOutcome {
    const { chat, device, content } = arrival;
    const { incarnation, sequence } = content;
    const { numberings } = this.#tables;
    const upTo = numberings.numbering({ chat, kind: 'in', device, incarnation })?.upTo ?? 0;
    if (sequence <= upTo) return { kind: 'duplicate' };
    const next = upTo + 1;
    if (sequence > next) return { kind: hold && this.#hold(arrival) ? 'held' : 'gap', next };
    const committed = this.#take(arrival, wallNow);
    numberings.takeHeld(chat, device, incarnation, sequence);
    const { followed, upTo: reached } = this.#follow(chat, device, incarnation, wallNow);
    if (committed) return { kind: 'committed', ...committed, followed, upTo: reached };
    return followed.length === 0 ? { kind: 'duplicate' } : { kind: 'duplicate', followed };
  }

  /** @returns false when there is no room */
  #hold({ chat, device, content, road }: Arrival): boolean {
    const { numberings } = this.#tables;
    if (numberings.isHeld(chat, device, content.incarnation, content.sequence)) return true;
    if (numberings.heldOf(chat, device) >= HELD_PER_DEVICE_MAX) return false;
    numberings.hold(chat, device, { content, road });
    return true;
  }

  /** What was held and is next now, one after the other. */
  #follow(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, wallNow: WallMs) {
    const { numberings } = this.#tables;
    const followed: Committed[] = [];
    for (;;) {
      const upTo = numberings.numbering({ chat, kind: 'in', device, incarnation })?.upTo ?? 0;
      const held = numberings.takeHeld(chat, device, incarnation, upTo + 1);
      if (!held) return { followed, upTo };
      const committed = this.#take({ chat, device, ...held }, wallNow);
      if (committed) followed.push(committed);
    }
  }

  /** Its number is the next one. @returns undefined when the message is here already, under another number */
  #take({ chat, device, content, road }: Arrival, wallNow: WallMs): Committed | undefined {
    const { rows, numberings } = this.#tables;
    const { incarnation, sequence, stamp } = content;
    const place = { chat, kind: 'in', device, incarnation } as const;
    const numbering = numberings.numbering(place) ?? begun(place);
    const known = rows.incoming(chat, content.messageId);
    if (known) {
      // Its sender knows it by the newest number only: receipts have to speak of that one. A mail may bring an older one last.
      const isMoved =
        known.message.device === device && this.#isLater(chat, device, incarnation, known.message.incarnation);
      if (isMoved) rows.setNumber(known, incarnation, sequence);
      this.#save({ ...numbering, upTo: sequence });
      if (isMoved) this.#refreshRead(known.message);
      return undefined;
    }
    numberings.saveClock(chat, laterStamp(numberings.clock(chat), stamp));
    const message = this.#changes.asKept({
      ...fieldsOf(content),
      chat,
      direction: 'in',
      device,
      state: 'delivered',
      reason: '',
      road: { kind: road.kind, lan: road.lan, rttMs: road.rttMs },
      returned: false,
    } as const);
    const inserted = rows.insert(message, wallNow, { owed: false, copied: false });
    const { record, touched } = this.#changes.handleInserted(inserted);
    this.#save({ ...numbering, upTo: sequence });
    for (const target of touched) if (target.message.direction === 'in') this.#refreshRead(target.message);
    return { message: record.message, touched: touched.map(shown) };
  }

  /** Whether the device began the one numbering after the other. One of which nothing is here yet is the newest. */
  #isLater(chat: AccountNumber, device: DeviceId, one: Incarnation, other: Incarnation): boolean {
    if (one === other) return true;
    const inOrder = this.#tables.numberings.all(chat, 'in').filter((numbering) => numbering.device === device);
    const placeOf = (wanted: Incarnation): number => {
      const place = inOrder.findIndex(({ incarnation }) => incarnation === wanted);
      return place < 0 ? inOrder.length : place;
    };
    return placeOf(one) > placeOf(other);
  }

  #refreshRead({ chat, device, incarnation }: Pick<StoredMessage, 'chat' | 'device' | 'incarnation'>): void {
    const numbering = this.#tables.numberings.numbering({ chat, kind: 'in', device, incarnation });
    if (numbering) this.#save(numbering);
  }

  #save(numbering: Numbering): void {
    const { chat, device, incarnation, upTo } = numbering;
    const firstUnread = this.#tables.rows.firstUnread(chat, device, incarnation);
    const readTo = firstUnread === undefined ? upTo : Math.min(upTo, firstUnread - 1);
    this.#tables.numberings.save({ ...numbering, deliveredTo: upTo, readTo });
  }
}

export function inChat({ rows }: StoreTables, chat: AccountNumber, id: MessageId): MessageRecord | undefined {
  const own = rows.outgoing(id);
  return own?.message.chat === chat ? own : rows.incoming(chat, id);
}

function receivedOf({ device, incarnation, upTo, readTo }: Numbering): ReceivedNumbering {
  return { device, incarnation, deliveredUpTo: upTo, readUpTo: readTo };
}

/** What a newer version said cannot be said again by this one; its number can. */
function asGivenBack(record: MessageRecord): StoredMessage {
  const message = asSent(record);
  return message.kind === 'unsupported' ? { ...message, kind: 'void' } : message;
}
