import { assert } from '@magpie/common/assert.ts';
import type { ContentRefusal } from '@magpie/common/content/content.ts';
import type { Incarnation, MessageId } from '@magpie/common/ids.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { StoredMessage } from '../store/store.ts';
import {
  OUTBOX_MESSAGES_MAX,
  OUTBOX_TEXT_BYTES_MAX,
  RECEIPT_TIMEOUT_MS,
  RECEIPT_TIMEOUT_MS_MAX,
  REFUSED_RETRY_MS,
  WINDOW_MESSAGES_MAX,
  WINDOW_TEXT_BYTES_MAX,
} from './limits.ts';
import { isWithin, type SequenceRange } from './receipts.ts';

export interface OutboxLimits {
  readonly windowMessages: number;
  readonly windowTextBytes: number;
  readonly messages: number;
  readonly textBytes: number;
  readonly receiptTimeoutMs: number;
  readonly receiptTimeoutMsMax: number;
  readonly refusedRetryMs: number;
}

const DEFAULT_LIMITS: OutboxLimits = {
  windowMessages: WINDOW_MESSAGES_MAX,
  windowTextBytes: WINDOW_TEXT_BYTES_MAX,
  messages: OUTBOX_MESSAGES_MAX,
  textBytes: OUTBOX_TEXT_BYTES_MAX,
  receiptTimeoutMs: RECEIPT_TIMEOUT_MS,
  receiptTimeoutMsMax: RECEIPT_TIMEOUT_MS_MAX,
  refusedRetryMs: REFUSED_RETRY_MS,
};

/** `sent` and `acked` are in the window; `refused` stands in front of the rest of its numbering. */
type Progress =
  | { readonly name: 'waiting' }
  | { readonly name: 'sent'; readonly stream: number }
  | { readonly name: 'acked'; readonly retryAt: Instant }
  | { readonly name: 'refused'; readonly retryAt: Instant };

interface Entry {
  message: StoredMessage;
  textBytes: number;
  progress: Progress;
  /** How often a receipt was awaited in vain on this session; doubles the wait. */
  attempts: number;
}

/**
 * Which undelivered messages go next to one device of a friend. Every message enters after its commit and stays until
 * the friend's receipt (or for ever, across sessions: the store is its memory), so a lost session, a lost receipt or a
 * crash on either side costs a second transmission and never a message. The receiver drops doubles by number.
 *
 * Order: the numberings in order of arrival, each by sequence. A refused number is not forgotten, for it would be a gap
 * that nothing after it could pass: `clock` tries again later, a final refusal goes on as `void` (R17).
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  /** By numbering, then by sequence. */
  #queue: Entry[] = [];
  readonly #byId = new Map<MessageId, Entry>();
  readonly #incarnations: Incarnation[] = [];
  /** All whose progress is not `waiting`: few, so that deadlines and streams are found without a walk. */
  readonly #active = new Set<Entry>();
  #textBytes = 0;
  #up = false;
  #overflowed = false;

  constructor(options: Partial<OutboxLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...options };
  }

  /** Messages not yet receipted. */
  get size(): number {
    return this.#queue.length;
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /**
   * Takes a committed own message (or the void form of a refused one); a second time changes nothing. Beyond the room
   * in memory it is left to the store, see `pollRefill`.
   */
  enqueue(message: StoredMessage): void {
    if (this.#byId.has(message.id)) return;
    const textBytes = Buffer.byteLength(message.text);
    // Once one was left out, all later ones are, so that what is here never has a hole.
    if (this.#overflowed || !this.#hasRoomFor(textBytes)) {
      this.#overflowed = true;
      return;
    }
    if (!this.#incarnations.includes(message.incarnation)) this.#incarnations.push(message.incarnation);
    const entry: Entry = { message, textBytes, progress: { name: 'waiting' }, attempts: 0 };
    const at = this.#indexFor(entry);
    const there = this.#queue[at];
    if (there && this.#compare(there, entry) === 0) return;
    this.#queue.splice(at, 0, entry);
    this.#byId.set(message.id, entry);
    this.#textBytes += textBytes;
  }

  /**
   * True once after messages were left out and half of the room is free again: load `undelivered` from the store and
   * enqueue all of it (what is here already changes nothing).
   */
  pollRefill(): boolean {
    const { messages, textBytes } = this.#limits;
    if (!this.#overflowed || this.#queue.length > messages / 2 || this.#textBytes > textBytes / 2) return false;
    this.#overflowed = false;
    return true;
  }

  /** A new session: all that is not receipted goes again. Streams of the old one mean nothing any more. */
  sessionUp(_now: Instant): void {
    this.#up = true;
    this.#startOver();
  }

  sessionDown(_now: Instant): void {
    this.#up = false;
    this.#startOver();
  }

  /** The next message to put on a stream; the same one until `sent` is called for it. */
  pollSend(_now: Instant): StoredMessage | undefined {
    if (!this.#up) return undefined;
    let messagesOut = 0;
    let textBytesOut = 0;
    for (const { progress, textBytes } of this.#active) {
      if (progress.name === 'refused') continue;
      messagesOut += 1;
      textBytesOut += textBytes;
    }
    if (messagesOut >= this.#limits.windowMessages) return undefined;
    let stopped: Incarnation | undefined;
    for (const { message, progress, textBytes } of this.#queue) {
      if (message.incarnation === stopped) continue;
      if (progress.name === 'refused') stopped = message.incarnation;
      if (progress.name !== 'waiting') continue;
      return messagesOut > 0 && textBytesOut + textBytes > this.#limits.windowTextBytes ? undefined : message;
    }
    return undefined;
  }

  /** The message of the last `pollSend` is on this stream. */
  sent(id: MessageId, stream: number, _now: Instant): void {
    const entry = this.#byId.get(id);
    if (entry?.progress.name === 'waiting') this.#advance(entry, { name: 'sent', stream });
  }

  /** The friend's transport has all of the stream; its commit and our receipt are still to come. */
  handleStreamAcked(stream: number, now: Instant): void {
    for (const entry of this.#active) {
      if (entry.progress.name !== 'sent' || entry.progress.stream !== stream) continue;
      const { receiptTimeoutMs, receiptTimeoutMsMax } = this.#limits;
      const waitMs = Math.min(receiptTimeoutMsMax, receiptTimeoutMs * 2 ** entry.attempts);
      this.#advance(entry, { name: 'acked', retryAt: after(now, waitMs) });
      return;
    }
  }

  /**
   * A receipt, `delivered` or `read`: both say that the friend has committed.
   * @param ranges as the friend sent them; any numbers
   * @returns the messages that are now done
   */
  handleReceipt(incarnation: Incarnation, ranges: readonly SequenceRange[], _now: Instant): readonly MessageId[] {
    const done: MessageId[] = [];
    this.#queue = this.#queue.filter((entry) => {
      const { message } = entry;
      if (message.incarnation !== incarnation || !isWithin(ranges, message.sequence)) return true;
      this.#active.delete(entry);
      this.#byId.delete(message.id);
      this.#textBytes -= entry.textBytes;
      done.push(message.id);
      return false;
    });
    assert(this.#textBytes >= 0, 'outbox text bytes went negative');
    return done;
  }

  /** The friend will not commit this number. */
  handleRefusal(incarnation: Incarnation, sequence: number, reason: ContentRefusal, now: Instant): void {
    const entry = this.#queue.find((e) => e.message.incarnation === incarnation && e.message.sequence === sequence);
    if (!entry) return;
    if (reason === 'clock' || entry.message.kind === 'void') {
      this.#advance(entry, { name: 'refused', retryAt: after(now, this.#limits.refusedRetryMs) });
      return;
    }
    this.#textBytes -= entry.textBytes;
    entry.textBytes = 0;
    entry.message = { ...entry.message, kind: 'void', text: '', state: 'refused', reason };
    this.#advance(entry, { name: 'waiting' });
  }

  /** Call once `now` reaches `pollTimeout().at`; then drain `pollSend`. */
  handleTimeout(now: Instant): void {
    for (const entry of [...this.#active]) {
      const { progress } = entry;
      if (progress.name === 'sent' || progress.name === 'waiting' || progress.retryAt > now) continue;
      if (progress.name === 'acked') entry.attempts += 1;
      this.#advance(entry, { name: 'waiting' });
    }
  }

  pollTimeout(): { readonly at: Instant; readonly reason: 'receipt' | 'clock' } | undefined {
    let next: { readonly at: Instant; readonly reason: 'receipt' | 'clock' } | undefined;
    for (const { progress } of this.#active) {
      if (progress.name === 'sent' || progress.name === 'waiting') continue;
      if (next && next.at <= progress.retryAt) continue;
      next = { at: progress.retryAt, reason: progress.name === 'acked' ? 'receipt' : 'clock' };
    }
    return next;
  }

  #advance(entry: Entry, progress: Progress): void {
    entry.progress = progress;
    if (progress.name === 'waiting') this.#active.delete(entry);
    else this.#active.add(entry);
  }

  #startOver(): void {
    for (const entry of [...this.#active]) this.#advance(entry, { name: 'waiting' });
    for (const entry of this.#queue) entry.attempts = 0;
  }

  #hasRoomFor(textBytes: number): boolean {
    return this.#queue.length < this.#limits.messages && this.#textBytes + textBytes <= this.#limits.textBytes;
  }

  /** Where `entry` belongs; nearly always at the end. */
  #indexFor(entry: Entry): number {
    let at = this.#queue.length;
    while (at > 0 && this.#compare(this.#queue[at - 1]!, entry) >= 0) at -= 1;
    return at;
  }

  #compare(a: Entry, b: Entry): number {
    const order = this.#incarnations;
    return (
      order.indexOf(a.message.incarnation) - order.indexOf(b.message.incarnation) ||
      a.message.sequence - b.message.sequence
    );
  }
}
