import { assert, unreachable } from '@magpie/common/assert.ts';
import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { IncomingContent, IncomingOutcome, MessageRoad } from '../store/store.ts';
import { INBOX_INCARNATIONS_MAX, INBOX_MESSAGES_MAX, INBOX_TEXT_BYTES_MAX } from './limits.ts';

interface Waiting {
  readonly content: NumberedContent;
  readonly road: MessageRoad;
  /** A mailbox forgets it when it is told so: it goes to disk whatever is missing before it. */
  hold: boolean;
}

/** What waits and is known of one numbering of the device. */
interface Numbering {
  readonly waiting: Map<number, Waiting>;
  /** The store said that this one comes next; undefined until it was asked. Only a hint: it saves questions. */
  next: number | undefined;
  /** All up to here is committed: a double of it is receipted without asking. */
  committedTo: number;
  /** Something arrived since the store was asked last. */
  changed: boolean;
  receiptOwed: boolean;
}

/** `dropped`: there is no room and its sender repeats it; `no-room`: its mailbox is to keep it. */
export type Settlement = 'durable' | 'dropped' | 'no-room';

export interface Settled {
  readonly incarnation: Incarnation;
  readonly sequence: number;
  readonly how: Settlement;
}

export interface OwedReceipt {
  readonly incarnation: Incarnation;
  /** All of `1..to` is committed. */
  readonly to: number;
}

/**
 * What comes from one device of a friend by all roads: keeps what is ahead of its turn, until it is committed or held on
 * disk, and hands it to the store in order, one batch at a time. Receipts are owed only for what the store has
 * committed, and for doubles of it, because a double means that the last receipt was lost. After each `handle*`, drain
 * `pollSettled` and `pollReceipt`.
 *
 * Nothing here must survive: what is dropped (crash, no room, failed commit) its sender sends again, or its mailbox has.
 */
export class Inbox {
  readonly #device: DeviceId;
  readonly #chat: AccountNumber;
  readonly #numberings = new Map<Incarnation, Numbering>();
  #waitingCount = 0;
  #textBytes = 0;
  /** Given out by pollCommit, not yet answered; its items wait on meanwhile. */
  #batch: readonly IncomingContent[] | undefined;
  #settled: Settled[] = [];

  constructor(options: { readonly device: DeviceId; readonly chat: AccountNumber }) {
    this.#device = options.device;
    this.#chat = options.chat;
  }

  /** Nothing is lost when it is forgotten now. */
  get idle(): boolean {
    return this.#waitingCount === 0 && !this.#batch;
  }

  /** Nothing that a mailbox waits for is lost when it is forgotten now, only what a sender repeats. */
  get expendable(): boolean {
    if (this.#batch) return false;
    return [...this.#numberings.values()].every(({ waiting }) => [...waiting.values()].every(({ hold }) => !hold));
  }

  /**
   * A decoded numbered content of this device; the caller has checked its stamp (R16).
   * @param hold it came by mail
   */
  handleContent(content: NumberedContent, road: MessageRoad, hold: boolean): void {
    const { incarnation, sequence } = content;
    const numbering = sequence < 1 ? undefined : this.#numbering(incarnation);
    if (!numbering) return this.#settle(content, sequence < 1 || !hold ? 'dropped' : 'no-room');
    if (sequence <= numbering.committedTo) {
      numbering.receiptOwed = true;
      return this.#settle(content, 'durable');
    }
    const known = numbering.waiting.get(sequence);
    if (known) known.hold ||= hold;
    else if (!this.#keep(numbering, { content, road, hold }))
      return this.#settle(content, hold ? 'no-room' : 'dropped');
    numbering.changed = true;
  }

  /** The store has opened the numbering at `from`: what waits may follow now (R19). */
  handleOpening(incarnation: Incarnation, from: number): void {
    const numbering = this.#numbering(incarnation);
    if (!numbering) return;
    numbering.committedTo = Math.max(numbering.committedTo, from - 1);
    numbering.next = undefined;
    if (numbering.waiting.size > 0) numbering.changed = true;
  }

  /** What the store is to commit now, in order; answer it by `handleOutcomes` or `handleCommitFailed`. */
  pollCommit(): readonly IncomingContent[] | undefined {
    if (this.#batch) return undefined;
    const batch: IncomingContent[] = [];
    for (const numbering of this.#numberings.values()) {
      if (!numbering.changed) continue;
      numbering.changed = false;
      for (const sequence of toAsk(numbering)) {
        const { content, road, hold } = numbering.waiting.get(sequence)!;
        batch.push({ chat: this.#chat, device: this.#device, content, road, hold });
      }
    }
    if (batch.length === 0) return undefined;
    this.#batch = batch;
    return batch;
  }

  /** The store's answer to the outstanding batch, item by item. */
  handleOutcomes(outcomes: readonly IncomingOutcome[]): void {
    const batch = this.#batch;
    assert(batch && batch.length === outcomes.length, 'outcomes without their batch');
    this.#batch = undefined;
    outcomes.forEach((outcome, index) => {
      this.#handleOutcome(batch[index]!, outcome);
    });
  }

  /** The store could not commit: everything waits on and is tried again when the sender sends anything again. */
  handleCommitFailed(): void {
    this.#batch = undefined;
  }

  /** Receipts owed since the last call, cumulative. */
  pollReceipt(): readonly OwedReceipt[] | undefined {
    const owed: OwedReceipt[] = [];
    for (const [incarnation, numbering] of this.#numberings) {
      if (!numbering.receiptOwed) continue;
      numbering.receiptOwed = false;
      owed.push({ incarnation, to: numbering.committedTo });
    }
    return owed.length > 0 ? owed : undefined;
  }

  /** What no longer waits since the last call. */
  pollSettled(): readonly Settled[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }

  #handleOutcome({ content, hold }: IncomingContent, outcome: IncomingOutcome): void {
    const numbering = this.#numberings.get(content.incarnation);
    assert(numbering, 'a numbering with a batch is kept');
    switch (outcome.kind) {
      case 'committed':
        return this.#handleCommitted(numbering, content.sequence, outcome.upTo);
      case 'duplicate':
        this.#release(numbering, content.sequence, 'durable');
        numbering.committedTo = Math.max(numbering.committedTo, content.sequence);
        // Committed, but perhaps with more behind it: ask again rather than assume.
        if (numbering.next !== undefined && numbering.next <= content.sequence) numbering.next = undefined;
        if (numbering.waiting.size > 0) numbering.changed = true;
        numbering.receiptOwed = true;
        return;
      case 'held':
        this.#release(numbering, content.sequence, 'durable');
        return this.#handleNext(numbering, outcome.next);
      case 'gap':
        // Not even held: there are too many of them on disk.
        if (hold) this.#release(numbering, content.sequence, 'no-room');
        return this.#handleNext(numbering, outcome.next);
      default:
        unreachable(outcome);
    }
  }

  #handleCommitted(numbering: Numbering, sequence: number, upTo: number): void {
    numbering.committedTo = Math.max(numbering.committedTo, sequence, upTo);
    for (const waiting of [...numbering.waiting.keys()]) {
      if (waiting <= numbering.committedTo) this.#release(numbering, waiting, 'durable');
    }
    numbering.next = numbering.committedTo + 1;
    numbering.receiptOwed = true;
    if (numbering.waiting.has(numbering.next)) numbering.changed = true;
  }

  #handleNext(numbering: Numbering, next: number): void {
    numbering.next = next;
    numbering.committedTo = Math.max(numbering.committedTo, next - 1);
    if (numbering.waiting.has(next)) numbering.changed = true;
  }

  /** @returns false when there is no room, and nothing less urgent to drop for it */
  #keep(numbering: Numbering, one: Waiting): boolean {
    const textBytes = textBytesOf(one.content);
    while (this.#waitingCount >= INBOX_MESSAGES_MAX || this.#textBytes + textBytes > INBOX_TEXT_BYTES_MAX) {
      if (!this.#dropFarthest(one)) return false;
    }
    numbering.waiting.set(one.content.sequence, one);
    this.#waitingCount += 1;
    this.#textBytes += textBytes;
    return true;
  }

  /**
   * Makes room: in a numbering that the device no longer uses, or else of what is farthest ahead of its turn, which can wait
   * longest; the missing one must never be the one dropped. What a mailbox keeps stays: it is not repeated by itself.
   */
  #dropFarthest(incoming: Waiting): boolean {
    for (const [incarnation, numbering] of this.#numberings) {
      const farthest = this.#droppable(numbering).reduce((highest, sequence) => Math.max(highest, sequence), 0);
      if (farthest === 0) continue;
      const inUse = incarnation === incoming.content.incarnation;
      if (inUse && !incoming.hold && farthest <= incoming.content.sequence) continue;
      this.#release(numbering, farthest, 'dropped');
      return true;
    }
    return false;
  }

  /** What its sender repeats, and the store was not given. */
  #droppable({ waiting }: Numbering): readonly number[] {
    const batch = new Set(this.#batch?.map(({ content }) => content));
    return [...waiting.values()]
      .filter(({ content, hold }) => !hold && !batch.has(content))
      .map(({ content }) => content.sequence);
  }

  #release(numbering: Numbering, sequence: number, how: Settlement): void {
    const waiting = numbering.waiting.get(sequence);
    if (!waiting) return;
    numbering.waiting.delete(sequence);
    this.#waitingCount -= 1;
    this.#textBytes -= textBytesOf(waiting.content);
    assert(this.#waitingCount >= 0 && this.#textBytes >= 0, 'inbox counts went negative');
    this.#settle(waiting.content, how);
  }

  #settle({ incarnation, sequence }: NumberedContent, how: Settlement): void {
    this.#settled.push({ incarnation, sequence, how });
  }

  /** @returns undefined when too many numberings have something that must not be dropped, which no honest device does */
  #numbering(incarnation: Incarnation): Numbering | undefined {
    const numbering = this.#numberings.get(incarnation) ?? this.#freshNumbering();
    if (!numbering) return undefined;
    // The one used last stands last.
    this.#numberings.delete(incarnation);
    this.#numberings.set(incarnation, numbering);
    return numbering;
  }

  #freshNumbering(): Numbering | undefined {
    if (this.#numberings.size >= INBOX_INCARNATIONS_MAX && !this.#forgetOne()) return undefined;
    return { waiting: new Map(), next: undefined, committedTo: 0, changed: false, receiptOwed: false };
  }

  #forgetOne(): boolean {
    const all = [...this.#numberings];
    const settled = all.find(([, { waiting, receiptOwed }]) => waiting.size === 0 && !receiptOwed);
    const [incarnation, numbering] =
      settled ?? all.find(([, one]) => this.#droppable(one).length === one.waiting.size && !one.receiptOwed) ?? [];
    if (incarnation === undefined || !numbering) return false;
    for (const sequence of [...numbering.waiting.keys()]) this.#release(numbering, sequence, 'dropped');
    return this.#numberings.delete(incarnation);
  }
}

/**
 * The sequences to ask the store about, ascending: the lowest that waits and all that follow it without a gap, and
 * whatever must be on disk anyhow. When the store said that another one comes first, only the lowest is asked about, in
 * case the missing one was committed meanwhile.
 */
function toAsk({ waiting, next }: Numbering): readonly number[] {
  const sorted = [...waiting.keys()].sort((a, b) => a - b);
  const lowest = sorted[0];
  if (lowest === undefined) return [];
  const runs = next === undefined || lowest <= next;
  return sorted.filter((sequence, index) => {
    const inRun = sequence === lowest + index && (runs || index === 0);
    return inRun || waiting.get(sequence)!.hold;
  });
}

function textBytesOf(content: NumberedContent): number {
  return 'text' in content ? Buffer.byteLength(content.text) : 0;
}
