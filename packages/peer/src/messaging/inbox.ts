import { assert, unreachable } from '@magpie/common/assert.ts';
import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { IncomingContent, IncomingOutcome, MessageRoad } from '../store/store.ts';
import { INBOX_INCARNATIONS_MAX, INBOX_MESSAGES_MAX, INBOX_TEXT_BYTES_MAX } from './limits.ts';

/** What is held and known of one numbering of the device. */
interface Numbering {
  readonly held: Map<number, { readonly content: NumberedContent; readonly road: MessageRoad }>;
  /** The store said that this one comes next; undefined until it was asked. Only a hint: it saves questions. */
  next: number | undefined;
  /** All up to here is committed: a double of it is receipted without asking. */
  committedTo: number;
  /** Something arrived since the store was asked last. */
  changed: boolean;
  receiptOwed: boolean;
}

/**
 * What comes from one device of a friend: holds what is ahead of its turn and hands it to the store in order, one
 * batch at a time. Receipts are owed only for what the store has committed, and for doubles of it, because a double
 * means that the last receipt was lost.
 *
 * Nothing here must survive: what is dropped (crash, no room, failed commit) the sender sends again.
 */
export class Inbox {
  readonly #device: DeviceId;
  readonly #chat: AccountNumber;
  readonly #numberings = new Map<Incarnation, Numbering>();
  #heldCount = 0;
  #heldTextBytes = 0;
  /** Given out by pollCommit, not yet answered; its items stay held meanwhile. */
  #batch: readonly IncomingContent[] | undefined;

  constructor(options: { readonly device: DeviceId; readonly chat: AccountNumber }) {
    this.#device = options.device;
    this.#chat = options.chat;
  }

  /** A decoded text or void of this device; the caller has checked its stamp (R16). */
  handleContent(content: NumberedContent, road: MessageRoad, _now: Instant): void {
    if (content.sequence < 1) return;
    const numbering = this.#numbering(content.incarnation);
    if (!numbering) return;
    if (content.sequence <= numbering.committedTo) {
      numbering.receiptOwed = true;
      return;
    }
    if (!numbering.held.has(content.sequence) && !this.#hold(numbering, content, road)) return;
    numbering.changed = true;
  }

  /** The store has opened the numbering at `from`: what is held may follow now (R19). */
  handleOpening(incarnation: Incarnation, from: number, _now: Instant): void {
    const numbering = this.#numbering(incarnation);
    if (!numbering) return;
    numbering.committedTo = Math.max(numbering.committedTo, from - 1);
    numbering.next = undefined;
    if (numbering.held.size > 0) numbering.changed = true;
  }

  /** What the store is to commit now, in order; answer it by `handleOutcomes` or `handleCommitFailed`. */
  pollCommit(): readonly IncomingContent[] | undefined {
    if (this.#batch) return undefined;
    const batch: IncomingContent[] = [];
    for (const numbering of this.#numberings.values()) {
      if (!numbering.changed) continue;
      numbering.changed = false;
      for (const sequence of nextRun(numbering)) {
        const { content, road } = numbering.held.get(sequence)!;
        batch.push({ chat: this.#chat, device: this.#device, content, road });
      }
    }
    if (batch.length === 0) return undefined;
    this.#batch = batch;
    return batch;
  }

  /** The store's answer to the outstanding batch, item by item. */
  handleOutcomes(outcomes: readonly IncomingOutcome[], _now: Instant): void {
    const batch = this.#batch;
    assert(batch && batch.length === outcomes.length, 'outcomes without their batch');
    this.#batch = undefined;
    outcomes.forEach((outcome, index) => {
      this.#settle(batch[index]!.content, outcome);
    });
  }

  /** The store could not commit: everything stays held and is tried again when the sender sends anything again. */
  handleCommitFailed(_now: Instant): void {
    this.#batch = undefined;
  }

  /** Cumulative receipts owed since the last call: all of `1..to` of the numbering is committed. */
  pollReceipt(): readonly { readonly incarnation: Incarnation; readonly to: number }[] | undefined {
    const owed: { readonly incarnation: Incarnation; readonly to: number }[] = [];
    for (const [incarnation, numbering] of this.#numberings) {
      if (!numbering.receiptOwed) continue;
      numbering.receiptOwed = false;
      owed.push({ incarnation, to: numbering.committedTo });
    }
    return owed.length > 0 ? owed : undefined;
  }

  #settle(content: NumberedContent, outcome: IncomingOutcome): void {
    const numbering = this.#numberings.get(content.incarnation);
    assert(numbering, 'a numbering with a batch is kept');
    switch (outcome.kind) {
      case 'committed':
        this.#release(numbering, content.sequence);
        numbering.committedTo = Math.max(numbering.committedTo, content.sequence);
        numbering.next = content.sequence + 1;
        numbering.receiptOwed = true;
        if (numbering.held.has(numbering.next)) numbering.changed = true;
        return;
      case 'duplicate':
        this.#release(numbering, content.sequence);
        numbering.committedTo = Math.max(numbering.committedTo, content.sequence);
        // Committed, but perhaps with more behind it: ask again rather than assume.
        if (numbering.next !== undefined && numbering.next <= content.sequence) numbering.next = undefined;
        if (numbering.held.size > 0) numbering.changed = true;
        numbering.receiptOwed = true;
        return;
      case 'gap':
        numbering.next = outcome.next;
        numbering.committedTo = Math.max(numbering.committedTo, outcome.next - 1);
        if (numbering.held.has(outcome.next)) numbering.changed = true;
        return;
      default:
        unreachable(outcome);
    }
  }

  /** @returns false when there is no room, and nothing less urgent to drop for it */
  #hold(numbering: Numbering, content: NumberedContent, road: MessageRoad): boolean {
    const textBytes = textBytesOf(content);
    while (this.#heldCount >= INBOX_MESSAGES_MAX || this.#heldTextBytes + textBytes > INBOX_TEXT_BYTES_MAX) {
      if (!this.#dropFarthest(content)) return false;
    }
    numbering.held.set(content.sequence, { content, road });
    this.#heldCount += 1;
    this.#heldTextBytes += textBytes;
    return true;
  }

  /** Makes room: what is farthest ahead of its turn can wait longest. The missing one must never be the one dropped. */
  #dropFarthest(incoming: NumberedContent): boolean {
    let farthest: NumberedContent | undefined;
    for (const numbering of this.#numberings.values()) {
      for (const { content } of numbering.held.values()) {
        if (this.#batch?.some((item) => item.content === content)) continue;
        if (!farthest || content.sequence > farthest.sequence) farthest = content;
      }
    }
    if (!farthest || farthest.sequence <= incoming.sequence) return false;
    this.#release(this.#numberings.get(farthest.incarnation)!, farthest.sequence);
    return true;
  }

  #release(numbering: Numbering, sequence: number): void {
    const held = numbering.held.get(sequence);
    if (!held) return;
    numbering.held.delete(sequence);
    this.#heldCount -= 1;
    this.#heldTextBytes -= textBytesOf(held.content);
    assert(this.#heldCount >= 0 && this.#heldTextBytes >= 0, 'inbox counts went negative');
  }

  /** @returns undefined when too many numberings have something held, which no honest device does */
  #numbering(incarnation: Incarnation): Numbering | undefined {
    const known = this.#numberings.get(incarnation);
    if (known) return known;
    if (this.#numberings.size >= INBOX_INCARNATIONS_MAX && !this.#forgetOne()) return undefined;
    const fresh: Numbering = { held: new Map(), next: undefined, committedTo: 0, changed: false, receiptOwed: false };
    this.#numberings.set(incarnation, fresh);
    return fresh;
  }

  #forgetOne(): boolean {
    for (const [incarnation, { held, receiptOwed }] of this.#numberings) {
      if (held.size > 0 || receiptOwed) continue;
      this.#numberings.delete(incarnation);
      return true;
    }
    return false;
  }
}

/**
 * The sequences to ask the store about: the lowest held and all that follow it without a gap. When the store said that
 * another one comes first, only the lowest is asked about, in case the missing one was committed on another road.
 */
function nextRun({ held, next }: Numbering): readonly number[] {
  const sorted = [...held.keys()].sort((a, b) => a - b);
  const lowest = sorted[0];
  if (lowest === undefined) return [];
  if (next !== undefined && lowest > next) return [lowest];
  const end = sorted.findIndex((sequence, index) => sequence !== lowest + index);
  return end < 0 ? sorted : sorted.slice(0, end);
}

function textBytesOf(content: NumberedContent): number {
  return content.type === 'text' ? Buffer.byteLength(content.text) : 0;
}
