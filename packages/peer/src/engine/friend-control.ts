import type { ContentOf } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { CANNOT_OPEN_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import { REFUSED_RETRY_MS } from '../messaging/limits.ts';
import type { PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { ControlContent, ControlContents, Correspondent } from './delivery-ports.ts';
import type { FriendLane } from './friend-lane.ts';
import { DEBTORS_MAX, SAYS_MAX } from './limits.ts';
import type { MailSender } from './mail-sender.ts';
import { mailIdOf, replacementKey, slotId } from './message-content.ts';
import type { OwnCopiesOut } from './own-copies-out.ts';
import type { ReceiptRoad } from './receipt-road.ts';
import type { ResealLimit } from './reseal-limit.ts';
import type { Resends } from './resends.ts';

export interface ControlContentsOptions {
  readonly log: Log;
  readonly store: PeerStore;
  readonly lane: (device: DeviceId) => FriendLane | undefined;
  readonly mailSender: Pick<
    MailSender,
    'handleReceipt' | 'handleCannotOpen' | 'handleLost' | 'handleChanged' | 'pause' | 'kick'
  >;
  readonly resends: Pick<Resends, 'handle'>;
  readonly copies: Pick<OwnCopiesOut, 'handleCannotOpen'>;
  readonly receipts: Pick<ReceiptRoad, 'handleSlotLost'>;
  readonly reseals: ResealLimit;
  readonly isOwn: (from: Correspondent) => boolean;
  /** The account's mailbox keys may have changed (R9). */
  /** Whatever follows from what this friend says would show that somebody is here (R23). */
  readonly hidesFrom: (account: AccountNumber) => boolean;
  readonly onStaleKey: (account: AccountNumber) => void;
  /** The device has committed numbers up to here that this profile may have no row of (R17). */
  readonly onReceipt: (from: Correspondent, incarnation: Incarnation, upTo: number) => void;
  readonly onMessages: (changed: readonly StoredMessage[]) => void;
}

/** What friends say about messages of ours, by whatever road it comes (DL10, DL14, DL24, DL28, DL29). */
export class FriendControl implements ControlContents {
  readonly #options: ControlContentsOptions;
  /** Of friends who may not learn that somebody is here, the newest of each kind and number. */
  readonly #kept = new Map<
    DeviceId,
    { readonly from: Correspondent; readonly contents: Map<string, ControlContent> }
  >();

  constructor(options: ControlContentsOptions) {
    this.#options = options;
  }

  async handleControl(from: Correspondent, content: ControlContent): Promise<void> {
    if (this.#mustWait(from, content)) return this.#keep(from, content);
    switch (content.type) {
      case 'receipt':
        return this.#handleReceipt(from, content);
      case 'refused-content':
        return this.#handleRefusal(from, content);
      case 'cannot-open':
        return this.#handleCannotOpen(from, content.ids);
      case 'resend':
      case 'give-back':
        return this.#options.resends.handle(from, content);
    }
  }

  /** Friends may learn again that this device is here, or one of them may: what they said meanwhile counts. */
  handleShown(): void {
    for (const [device, { from, contents }] of this.#kept) {
      if (this.#options.hidesFrom(from.account)) continue;
      this.#kept.delete(device);
      const handled = [...contents.values()].map((content) => this.handleControl(from, content));
      inBackground(this.#options.log, 'what a friend said could not be stored', Promise.all(handled));
    }
  }

  /** What would have a mail put: its mailbox is not acknowledged meanwhile (DL49), so a crash loses nothing. */
  #mustWait(from: Correspondent, { type }: ControlContent): boolean {
    if (type !== 'refused-content' && type !== 'cannot-open') return false;
    return !this.#options.isOwn(from) && this.#options.hidesFrom(from.account);
  }

  #keep(from: Correspondent, content: ControlContent): void {
    const kept = this.#kept.get(from.device) ?? { from, contents: new Map<string, ControlContent>() };
    if (this.#kept.size >= DEBTORS_MAX || kept.contents.size > SAYS_MAX) return;
    kept.contents.set(replacementKey(content) ?? '', content);
    this.#kept.set(from.device, kept);
  }

  async #handleReceipt(from: Correspondent, { incarnation, kind, ranges }: ContentOf<'receipt'>): Promise<void> {
    const { store, log, lane, mailSender, onMessages, onReceipt } = this.#options;
    const { account, device } = from;
    const session = lane(device);
    // Which road brought each there goes into the same sync as the receipt.
    const notes = (session?.handleReceipt(incarnation, ranges) ?? []).map(({ id, road }) => store.noteRoad(id, road));
    const changed = store.applyReceipt(account, incarnation, kind, ranges, device);
    session?.pump();
    inBackground(log, 'a road could not be noted', Promise.all(notes));
    const rows = await changed;
    mailSender.handleReceipt(device, rows.length > 0);
    if (rows.length > 0) onMessages(rows);
    const upTo = ranges.reduce((highest, { to }) => Math.max(highest, to), 0);
    if (upTo > 0) onReceipt(from, incarnation, upTo);
  }

  async #handleRefusal(from: Correspondent, content: ContentOf<'refused-content'>): Promise<void> {
    const { store, lane, mailSender, onMessages } = this.#options;
    const { account, device } = from;
    const { incarnation, sequence, reason } = content;
    lane(device)?.handleRefusal(incarnation, sequence, reason);
    const refused = await store.applyRefusal(account, incarnation, sequence, reason, device);
    // Its copy in the mailbox is used up: what fills the number now goes there as well, unless a session brings it.
    const ids = refused.map(({ id }) => id);
    if (reason === 'clock') mailSender.pause(device, REFUSED_RETRY_MS);
    if (ids.length === 0) return;
    mailSender.handleChanged(account);
    const changed = await store.forgetMailed(device, ids);
    onMessages(newestOf([...refused, ...changed]));
    if (reason !== 'clock') mailSender.kick(device);
  }

  async #handleCannotOpen(from: Correspondent, named: readonly MessageId[]): Promise<void> {
    const { store, mailSender, copies, receipts, reseals, isOwn, onStaleKey, onMessages } = this.#options;
    const { account, device } = from;
    const ids = named.filter((id) => reseals.allows(device, mailIdOf(id)));
    const barred = isOwn(from) ? [] : named.filter((id) => reseals.bar(device, mailIdOf(id)));
    if (ids.length === 0 && barred.length === 0) return;
    for (const id of ids) reseals.note(device, mailIdOf(id));
    if (ids.length > 0) onStaleKey(account);
    if (isOwn(from)) return copies.handleCannotOpen(device, ids, named.length >= CANNOT_OPEN_MAX);
    if (ids.some((id) => mailIdOf(id) === slotId())) receipts.handleSlotLost(from);
    // What is barred is in no mailbox either, and goes there again when the hour is over.
    const lost = [...ids, ...barred];
    mailSender.handleLost(device, lost);
    const changed = await store.forgetMailed(device, lost);
    if (changed.length > 0) onMessages(changed);
    if (ids.length > 0) mailSender.handleCannotOpen(device);
  }
}

/** Of each row its last form. */
function newestOf(rows: readonly StoredMessage[]): readonly StoredMessage[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
