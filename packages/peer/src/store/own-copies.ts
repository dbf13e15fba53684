import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { begun } from './friend-devices.ts';
import { laterStamp } from './hybrid-clock.ts';
import { isChange, type MessageChanges } from './message-changes.ts';
import type { MessageRecord, NewMessage, StoreTables } from './message-tables.ts';
import { fieldsOf, fillerOf } from './numbered-fields.ts';
import { reached, shown } from './own-messages.ts';
import type { SequenceSpan } from './receipt-ranges.ts';
import { asSent } from './sent-form.ts';
import type {
  Committed,
  CopiedContent,
  NumberingProgress,
  OwnContent,
  StoredMessage,
  UncopiedMessage,
} from './store.ts';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
/** Rows looked at together while a run of numbers is followed. */
const RUN_ROWS = 1_000;

/** Own messages that are not this device's to send: copies to and from the own other devices (R19), and what comes back. */
export class OwnCopies {
  readonly #tables: StoreTables;
  readonly #changes: MessageChanges;

  constructor(tables: StoreTables, changes: MessageChanges) {
    this.#tables = tables;
    this.#changes = changes;
  }

  meetOwnDevices(devices: readonly DeviceId[]): void {
    const { rows, mail } = this.#tables;
    const known = mail.ownDevices().map(({ device }) => device);
    for (const device of known) if (!devices.includes(device)) mail.forgetOwnDevice(device);
    for (const device of devices) {
      if (!known.includes(device)) mail.saveOwnDevice(device, rows.lastCopyPlace());
    }
  }

  uncopiedTo(device: DeviceId, limit: number): readonly UncopiedMessage[] {
    const { rows, mail } = this.#tables;
    const own = mail.ownDevices().find((one) => one.device === device);
    if (!own) return [];
    return rows.copiesAfter(own.copiedTo, limit).map(({ place, record }) => ({ ...asSent(record), copyPlace: place }));
  }

  noteCopied(device: DeviceId, copyPlace: number): void {
    const { mail } = this.#tables;
    const own = mail.ownDevices().find((one) => one.device === device);
    if (own && copyPlace > own.copiedTo) mail.saveOwnDevice(device, copyPlace);
  }

  forgetCopied(device: DeviceId, ids: readonly MessageId[], further: number): void {
    const { rows, mail } = this.#tables;
    const own = mail.ownDevices().find((one) => one.device === device);
    const places = ids.flatMap((id) => {
      const record = rows.outgoing(id);
      return (record && rows.copyPlace(record)) ?? [];
    });
    const copiedTo = Math.max(0, Math.min(...places) - 1 - further);
    if (own && copiedTo < own.copiedTo) mail.saveOwnDevice(device, copiedTo);
  }

  commitCopies(items: readonly CopiedContent[], wallNow: WallMs): readonly Committed[] {
    return items.flatMap((item) => {
      const known = this.#tables.rows.outgoing(item.content.messageId);
      if (!known) return [this.#insert(item, 'queued', false, wallNow)];
      if (known.message.chat !== item.chat) return [];
      if (known.message.device !== item.device) {
        return known.message.returned && !known.deleted ? [this.#replace(known, item)] : [];
      }
      return this.#copyAgain(known, item) ?? [];
    });
  }

  applyCopyReceipt(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly SequenceSpan[],
  ): readonly StoredMessage[] {
    const { rows } = this.#tables;
    const rises = ({ message }: MessageRecord): boolean =>
      message.device === device && (message.state !== 'delivered' || kind === 'read');
    const changed = ranges
      .flatMap(({ from, to }) => rows.unseenWithin(chat, incarnation, from, to))
      .filter((record) => rises(record) && !record.owed)
      .map((record) => rows.setState(record, reached(record, kind), '', false).message);
    const targets = new Map(changed.filter(isChange).map((change) => [change.target, change]));
    return [...changed, ...[...targets.values()].flatMap((change) => this.#changes.refreshTarget(change)).map(shown)];
  }

  copyStatesOwed(device: DeviceId): readonly ({ readonly chat: AccountNumber } & NumberingProgress)[] {
    const { mail, numberings } = this.#tables;
    return mail.untold(device).flatMap(({ chat, incarnation }) => {
      const own = numberings.own(chat, incarnation);
      return own ? [{ chat, incarnation, deliveredUpTo: own.deliveredTo, readUpTo: own.readTo }] : [];
    });
  }

  copyStates(chat: AccountNumber, limit: number): readonly NumberingProgress[] {
    return this.#tables.numberings
      .all(chat, 'out')
      .filter(({ deliveredTo }) => deliveredTo > 0)
      .slice(-limit)
      .map(({ incarnation, deliveredTo, readTo }) => ({ incarnation, deliveredUpTo: deliveredTo, readUpTo: readTo }));
  }

  noteCopyStatesTold(device: DeviceId, chat: AccountNumber, told: readonly NumberingProgress[]): void {
    const { mail, numberings } = this.#tables;
    if (!mail.ownDevices().some((own) => own.device === device)) return;
    for (const { incarnation, deliveredUpTo, readUpTo } of told) {
      const own = numberings.own(chat, incarnation);
      if (!own) continue;
      const before = mail.told(device, chat, incarnation);
      const deliveredTo = Math.max(before?.deliveredTo ?? 0, deliveredUpTo);
      const readTo = Math.max(before?.readTo ?? 0, readUpTo);
      const isOwed = deliveredTo < own.deliveredTo || readTo < own.readTo;
      mail.saveTold(device, { chat, incarnation, deliveredTo, readTo }, isOwed);
    }
  }

  missingOwn(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    upTo: number,
  ): { readonly from: number; readonly to: number } | undefined {
    const from = this.#filledTo(chat, device, incarnation) + 1;
    if (from > upTo) return undefined;
    const [next] = this.#tables.rows.sentWithin(chat, incarnation, from, upTo, 1);
    return { from, to: next ? next.message.sequence - 1 : upTo };
  }

  commitReturned(items: readonly OwnContent[], wallNow: WallMs): readonly Committed[] {
    return items.flatMap((item) => {
      const { chat, device, content } = item;
      const { incarnation, sequence, messageId } = content;
      const isTaken = this.#tables.rows.sentWithin(chat, incarnation, sequence, sequence, 1).length > 0;
      if (isTaken || sequence <= this.#filledTo(chat, device, incarnation)) return [];
      const known = this.#tables.rows.outgoing(messageId);
      // It is here under another number; this one is filled all the same, or it would be asked for again.
      const committed = known ? this.#fill(item, wallNow) : this.#insert(item, 'delivered', true, wallNow);
      this.#advance(chat, device, incarnation);
      return known ? [] : [committed];
    });
  }

  /** A second copy has another number, or tells that the message was refused: then there is nothing to show. */
  #copyAgain(known: MessageRecord, { content, refused: isRefused }: CopiedContent): readonly Committed[] | undefined {
    const { rows } = this.#tables;
    const { incarnation, sequence } = known.message;
    const isSame = incarnation === content.incarnation && sequence === content.sequence;
    const record = isSame ? known : rows.setNumber(known, content.incarnation, content.sequence);
    if (!isRefused || known.message.kind === 'void' || known.message.recalled) return undefined;
    const refused = rows.setState(record, 'refused', '', false);
    const touched = this.#changes.handleRefused(refused).map(shown);
    const emptied = this.#changes.erase(refused, { kind: 'void' });
    return [{ message: emptied.message, touched, isKnown: true }];
  }

  #insert(item: OwnContent, state: 'queued' | 'delivered', returned: boolean, wallNow: WallMs): Committed {
    const message = this.#received(item, state, returned);
    const { record, touched } = this.#changes.handleInserted(
      this.#tables.rows.insert(message, wallNow, { owed: false, copied: false }),
    );
    return { message: record.message, touched: touched.map(shown) };
  }

  /** What a friend gave back may be invented: what the device that sent it says of it takes its place (DL58). */
  #replace(known: MessageRecord, item: OwnContent): Committed {
    const replaced = this.#tables.rows.replace(known, this.#received(item, 'queued', false));
    const left = this.#changes.handleGone(known.message);
    const { record, touched } = this.#changes.handleInserted(replaced);
    return { message: record.message, touched: [...left, ...touched].map(shown), isKnown: true };
  }

  #received({ chat, device, content }: OwnContent, state: 'queued' | 'delivered', returned: boolean): NewMessage {
    const { numberings } = this.#tables;
    numberings.saveClock(chat, laterStamp(numberings.clock(chat), content.stamp));
    const said = { chat, direction: 'out', device, state, reason: '', road: undefined, returned } as const;
    return this.#changes.asKept({ ...fieldsOf(content), ...said });
  }

  #fill({ chat, device, content }: OwnContent, wallNow: WallMs): Committed {
    const filler = fillerOf(chat, 'out', device, content.incarnation, content.sequence);
    const { message } = this.#tables.rows.insert({ ...filler, returned: true }, wallNow, {
      owed: false,
      copied: false,
    });
    return { message, touched: [] };
  }

  #filledTo(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number {
    const { numberings } = this.#tables;
    const own = numberings.numbering({ chat, kind: 'out', device, incarnation });
    const back = numberings.numbering({ chat, kind: 'back', device, incarnation });
    // Numbers that were given and taken back may have been used by another copy of this profile (R17).
    const given = own ? Math.min(own.upTo, own.keptTo) : 0;
    return this.#runFrom(chat, incarnation, Math.max(given, back?.upTo ?? 0));
  }

  /** Up to where there are rows without a hole behind `upTo`. */
  #runFrom(chat: AccountNumber, incarnation: Incarnation, upTo: number): number {
    let reached = upTo;
    for (;;) {
      const run = this.#tables.rows.sentWithin(chat, incarnation, reached + 1, NUMBER_MAX, RUN_ROWS);
      for (const { message } of run) {
        if (message.sequence !== reached + 1) return reached;
        reached = message.sequence;
      }
      if (run.length < RUN_ROWS) return reached;
    }
  }

  #advance(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): void {
    const { numberings } = this.#tables;
    const place = { chat, kind: 'back', device, incarnation } as const;
    const back = numberings.numbering(place) ?? begun(place);
    const upTo = this.#filledTo(chat, device, incarnation);
    if (upTo > back.upTo) numberings.save({ ...back, upTo });
  }
}
