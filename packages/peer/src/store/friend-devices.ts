import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MessageRecord, Numbering, Progress, StoreTables } from './message-tables.ts';
import { clipped, reachedBy, type SequenceSpan } from './receipt-ranges.ts';
import { asSent } from './sent-form.ts';
import type { MessageReason, MessageRoad, NumberingOpening, StoredMessage } from './store.ts';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** Of a message that the mailbox has: until a session brings it, that is the way it took. */
const MAILBOX_ROAD: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };

/**
 * Which devices of friends get messages, what of each own numbering each of them has (R19), and what lies in their
 * mailboxes. The caller brings the transaction.
 */
export class FriendDevices {
  readonly #tables: StoreTables;

  constructor(tables: StoreTables) {
    this.#tables = tables;
  }

  meet(chat: AccountNumber, devices: readonly DeviceId[], current: Incarnation | undefined): readonly StoredMessage[] {
    const { numberings, mail } = this.#tables;
    const changed = new Map<MessageId, StoredMessage>();
    for (const device of numberings.devicesMet(chat)) {
      if (devices.includes(device)) continue;
      numberings.forget(chat, device);
      mail.forgetKey(device);
      const lost = this.forgetMailed(
        device,
        mail.marksOf(device).map(({ id }) => id),
      );
      for (const message of lost) changed.set(message.id, message);
    }
    for (const device of new Set(devices)) {
      if (numberings.isMet(chat, device)) continue;
      numberings.meet(chat, device);
      for (const own of numberings.all(chat, 'out')) this.#begin(own, device, current);
    }
    return [...changed.values()];
  }

  /** @returns the first of as many as there are to be */
  takeSequences(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, count: number): number {
    const { numberings } = this.#tables;
    const own = numberings.own(chat, incarnation) ?? begun({ chat, kind: 'out', device, incarnation });
    const sequence = own.upTo + 1;
    numberings.save({ ...own, upTo: own.upTo + count });
    for (const friend of numberings.devicesMet(chat)) {
      const progress = numberings.progress(chat, friend, incarnation);
      if (progress?.lacks) continue;
      const fresh = { chat, device: friend, incarnation, first: sequence, upTo: sequence - 1, mailedTo: sequence - 1 };
      numberings.saveProgress({ ...(progress ?? fresh), lacks: true });
    }
    return sequence;
  }

  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): readonly StoredMessage[] {
    return this.#gather(
      chat,
      device,
      limit,
      ({ upTo }) => upTo,
      () => true,
    );
  }

  unmailedTo(chat: AccountNumber, device: DeviceId, limit: number): readonly StoredMessage[] {
    const { mail } = this.#tables;
    const begin = ({ upTo, mailedTo }: Progress): number => Math.max(upTo, mailedTo);
    return this.#gather(chat, device, limit, begin, (record) => !mail.isMarked(record, device));
  }

  openings(chat: AccountNumber, device: DeviceId, current: Incarnation | undefined): readonly NumberingOpening[] {
    return this.#tables.numberings
      .unopened(chat, device)
      .filter(({ incarnation, lacks }) => incarnation === current || lacks)
      .map(({ incarnation, first }) => ({ incarnation, from: first }));
  }

  /** Notes what the device has now. @returns the ranges as far as they were meant for it and given */
  advance(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    ranges: readonly SequenceSpan[],
  ): readonly SequenceSpan[] {
    const { numberings, rows, mail } = this.#tables;
    const progress = numberings.progress(chat, device, incarnation);
    const own = numberings.own(chat, incarnation);
    if (!progress || !own) return [];
    const meant = clipped(ranges, progress.first)
      .filter(({ from }) => from <= own.upTo)
      .map(({ from, to }) => ({ from, to: Math.min(to, own.upTo) }));
    const upTo = reachedBy(meant, progress.upTo, own.upTo);
    if (upTo > progress.upTo) {
      for (const record of rows.sentWithin(chat, incarnation, progress.upTo + 1, upTo, NUMBER_MAX)) {
        mail.unmark(record, device);
      }
      const mailedTo = Math.max(progress.mailedTo, upTo);
      numberings.saveProgress({ ...progress, upTo, mailedTo, lacks: upTo < Math.min(own.upTo, own.keptTo) });
    }
    return meant;
  }

  /** An old numbering has lost its end to a new one. */
  refreshLacks(chat: AccountNumber, incarnation: Incarnation): void {
    const { numberings } = this.#tables;
    const own = numberings.own(chat, incarnation);
    if (!own) return;
    for (const device of numberings.devicesMet(chat)) {
      const progress = numberings.progress(chat, device, incarnation);
      if (!progress) continue;
      const lacks = progress.upTo < Math.min(own.upTo, own.keptTo);
      if (lacks !== progress.lacks) numberings.saveProgress({ ...progress, lacks });
    }
  }

  noteMailed(device: DeviceId, ids: readonly MessageId[], expiresAt: WallMs): readonly StoredMessage[] {
    const { rows, mail } = this.#tables;
    const changed: StoredMessage[] = [];
    for (const id of ids) {
      const record = rows.outgoing(id);
      const progress = record && this.#progressOf(record, device);
      if (!record || !progress || record.message.sequence <= progress.upTo) continue;
      mail.mark(record, device, expiresAt);
      this.#advanceMailed(progress);
      const { state, reason, expiresAt: before } = record.message;
      const keptUntil = mail.keptUntil(record);
      if (state === 'queued') {
        const kept = reason === 'not-friends' ? reason : '';
        const moved = rows.setRoad(record, MAILBOX_ROAD);
        const stored = rows.setState(moved, 'stored', kept, moved.owed);
        changed.push(rows.setMailedUntil(stored, keptUntil).message);
      } else if (state === 'stored' && before !== keptUntil) {
        changed.push(rows.setMailedUntil(record, keptUntil).message);
      }
    }
    return changed;
  }

  noteMailRefused(device: DeviceId, id: MessageId, reason: MessageReason): readonly StoredMessage[] {
    const { rows, mail } = this.#tables;
    const record = rows.outgoing(id);
    if (!record) return [];
    this.#unmail(record, device);
    const { state, reason: before } = record.message;
    const isWaiting = state === 'queued' || state === 'stored';
    if (!isWaiting || mail.isAnywhere(record) || (state === 'queued' && before === reason)) return [];
    return [rows.setState(record, 'queued', reason, record.owed).message];
  }

  forgetMailed(device: DeviceId, ids: readonly MessageId[]): readonly StoredMessage[] {
    return ids.flatMap((id) => this.#lose(id, device, ''));
  }

  expireMailed(wallNow: WallMs): readonly StoredMessage[] {
    return this.#tables.mail.expired(wallNow).flatMap(({ id, device }) => this.#lose(id, device, 'expired'));
  }

  /** Nothing is in any mailbox any more. */
  loseMailed(): readonly StoredMessage[] {
    const marks = this.#tables.mail.expired(Number.MAX_SAFE_INTEGER as WallMs);
    return marks.flatMap(({ id, device }) => this.#lose(id, device, ''));
  }

  /** It is in nobody's mailbox any more, as far as can be said. */
  unmailAll(record: MessageRecord): void {
    for (const device of this.#tables.mail.unmarkAll(record)) this.#mailAgain(record, device);
  }

  #lose(id: MessageId, device: DeviceId, reason: MessageReason): readonly StoredMessage[] {
    const { rows, mail } = this.#tables;
    const record = rows.outgoing(id);
    if (!record || !this.#unmail(record, device)) return [];
    if (record.message.state !== 'stored') return [];
    if (mail.isAnywhere(record)) {
      const keptUntil = mail.keptUntil(record);
      return keptUntil === record.message.expiresAt ? [] : [rows.setMailedUntil(record, keptUntil).message];
    }
    const kept = record.message.reason === 'not-friends' ? 'not-friends' : reason;
    return [rows.setState(record, 'queued', kept, record.owed).message];
  }

  #unmail(record: MessageRecord, device: DeviceId): boolean {
    const wasMarked = this.#tables.mail.unmark(record, device);
    if (wasMarked) this.#mailAgain(record, device);
    return wasMarked;
  }

  #mailAgain(record: MessageRecord, device: DeviceId): void {
    const progress = this.#progressOf(record, device);
    const before = record.message.sequence - 1;
    if (!progress || progress.mailedTo <= before) return;
    this.#tables.numberings.saveProgress({ ...progress, mailedTo: before });
  }

  /** Everything up to the first that is not in the mailbox need not be looked at again. */
  #advanceMailed(progress: Progress): void {
    const { rows, mail, numberings } = this.#tables;
    const { chat, device, incarnation } = progress;
    let mailedTo = Math.max(progress.upTo, progress.mailedTo);
    for (;;) {
      const [next] = rows.sentWithin(chat, incarnation, mailedTo + 1, NUMBER_MAX, 1);
      if (!next || !mail.isMarked(next, device)) break;
      mailedTo = next.message.sequence;
    }
    if (mailedTo > progress.mailedTo) numberings.saveProgress({ ...progress, mailedTo });
  }

  #progressOf({ message }: MessageRecord, device: DeviceId): Progress | undefined {
    return this.#tables.numberings.progress(message.chat, device, message.incarnation);
  }

  /** What is wanted of all numberings in which the device lacks something, in the order in which it was numbered. */
  #gather(
    chat: AccountNumber,
    device: DeviceId,
    limit: number,
    begin: (progress: Progress) => number,
    isWanted: (record: MessageRecord) => boolean,
  ): readonly StoredMessage[] {
    const lacking = this.#tables.numberings.lacking(chat, device);
    const found = lacking.flatMap((progress) =>
      this.#after(chat, progress.incarnation, begin(progress), limit, isWanted),
    );
    const inOrder = lacking.length > 1 ? found.sort((a, b) => a.position - b.position) : found;
    return inOrder.slice(0, limit).map(asSent);
  }

  #after(
    chat: AccountNumber,
    incarnation: Incarnation,
    begin: number,
    limit: number,
    isWanted: (record: MessageRecord) => boolean,
  ): MessageRecord[] {
    const found: MessageRecord[] = [];
    // What came back from a friend stands above, and is not this device's to send.
    const given = this.#tables.numberings.own(chat, incarnation)?.upTo ?? 0;
    for (let after = begin; found.length < limit; ) {
      const page = this.#tables.rows.sentWithin(chat, incarnation, after + 1, given, limit);
      found.push(...page.filter(isWanted));
      if (page.length < limit) break;
      after = page.at(-1)!.message.sequence;
    }
    return found;
  }

  /** A new device gets what nobody has committed yet, and all that follows. */
  #begin(own: Numbering, device: DeviceId, current: Incarnation | undefined): void {
    const { rows, numberings } = this.#tables;
    const { chat, incarnation, upTo } = own;
    const firstOwed = rows.firstOwed(chat, incarnation);
    if (firstOwed === undefined && incarnation !== current) return;
    const first = firstOwed ?? upTo + 1;
    const lacks = firstOwed !== undefined;
    numberings.saveProgress({ chat, device, incarnation, first, upTo: first - 1, mailedTo: first - 1, lacks });
  }
}

export function begun(place: Pick<Numbering, 'chat' | 'kind' | 'device' | 'incarnation'>): Numbering {
  return { ...place, upTo: 0, keptTo: NUMBER_MAX, deliveredTo: 0, readTo: 0, toldTo: 0, toldReadTo: 0 };
}
