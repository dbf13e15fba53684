import type { ContentOf, NumberedContent } from '@magpie/common/content/content.ts';
import { isNumbered } from '@magpie/common/content/content.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { Inbox } from '../messaging/inbox.ts';
import { stampTooFarAhead } from '../messaging/text.ts';
import type { IncomingOutcome, IncomingContent as Item, MessageRoad, PeerStore } from '../store/store.ts';
import { announce, type MessageHandler } from './announce.ts';
import type { Answers, Correspondent, IncomingContent, IncomingContents } from './delivery-ports.ts';
import type { GapRepair } from './gap-repair.ts';
import { INBOXES_MAX, INTAKE_BATCH_MAX } from './limits.ts';
import type { OwnRepair } from './own-repair.ts';

export interface IntakeOptions {
  readonly log: Log;
  readonly store: Pick<PeerStore, 'commitIncoming' | 'openNumbering'>;
  readonly wallNow: () => WallMs;
  /** A certified device of a friend whose key is not in doubt. */
  readonly isFriend: (from: Correspondent) => boolean;
  readonly answers: Answers;
  readonly gaps: Pick<GapRepair, 'handleTail' | 'handleAhead' | 'handleCommitted'>;
  readonly ownRepair: Pick<OwnRepair, 'handleGivenBack'>;
  readonly onMessages: MessageHandler;
}

/** There is no room for a mail ahead of what is missing: its mailbox is to keep it, and to be read again later. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

interface Waiter {
  resolve(): void;
  reject(cause: unknown): void;
}

/** What is on its way from one device of a friend to the disk. */
interface Arrivals {
  readonly from: Correspondent;
  readonly inbox: Inbox;
  /** By `incarnation/sequence`: who waits until it is durable. */
  readonly waiters: Map<string, Waiter[]>;
}

/**
 * One way in for all that friends send, by whatever road (R17): an inbox for each of their devices, independent of
 * sessions, and one commit at a time for all of them, which takes whatever has come since the last one. Acknowledged and
 * shown is only what that commit has brought to disk (D5).
 */
export class Intake implements IncomingContents {
  readonly #options: IntakeOptions;
  /** The one used last stands last. */
  readonly #arrivals = new Map<DeviceId, Arrivals>();
  /** Devices of which something may have to be committed. */
  readonly #dirty = new Set<Arrivals>();
  #committing = false;
  #stopped = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  async accept(from: Correspondent, content: IncomingContent, road: MessageRoad): Promise<void> {
    const { isFriend, wallNow, gaps, ownRepair } = this.#options;
    if (this.#stopped) throw new NoRoomError('stopped');
    if (!isFriend(from)) return;
    if (isNumbered(content)) {
      if (stampTooFarAhead(content.stamp, wallNow())) return this.#refuse(from, content);
      return this.#acceptNumbered(from, content, road);
    }
    if (content.type === 'opening') return this.#open(from, content);
    if (content.type === 'tail') return gaps.handleTail(from, content.incarnation, content.upTo);
    return ownRepair.handleGivenBack(from, content);
  }

  stop(): void {
    this.#stopped = true;
    this.#arrivals.clear();
    this.#dirty.clear();
  }

  #acceptNumbered(from: Correspondent, content: NumberedContent, road: MessageRoad): Promise<void> {
    const hold = road.kind === 'mailbox';
    const arrivals = this.#arrivalsOf(from);
    if (!arrivals) return hold ? Promise.reject(new NoRoomError('too many devices')) : Promise.resolve();
    const key = keyOf(content);
    const waiters = arrivals.waiters.get(key) ?? [];
    return new Promise((resolve, reject) => {
      // What a session brings again may wait for long, and its sender repeats it: the first one is told for all of them.
      if (!hold && waiters.length > 0) resolve();
      else arrivals.waiters.set(key, [...waiters, { resolve, reject }]);
      arrivals.inbox.handleContent(content, road, hold);
      this.#drain(arrivals);
    });
  }

  /** R16: its sender keeps it, and tries again. */
  #refuse(from: Correspondent, { incarnation, sequence }: NumberedContent): void {
    const refusal = { type: 'refused-content', conversation: 0, incarnation, sequence, reason: 'clock' } as const;
    this.#options.answers.say(from, refusal);
  }

  /** What comes behind it in the same turn is committed after it: the store takes calls in their order. */
  async #open(from: Correspondent, { incarnation, from: first }: ContentOf<'opening'>): Promise<void> {
    if (first < 1) return;
    const { store, gaps, answers, onMessages } = this.#options;
    const followed = await store.openNumbering(from.account, from.device, incarnation, first);
    if (!followed) return;
    announce(followed, onMessages);
    if (followed.length > 0) answers.oweReceipts(from);
    gaps.handleCommitted(from, incarnation, first - 1);
    const arrivals = this.#arrivals.get(from.device);
    if (!arrivals) return;
    arrivals.inbox.handleOpening(incarnation, first);
    this.#drain(arrivals);
  }

  /** Whatever comes in one turn goes into one commit. */
  #drain(arrivals: Arrivals): void {
    this.#settle(arrivals);
    this.#acknowledge(arrivals);
    if (arrivals.inbox.idle) return;
    this.#dirty.add(arrivals);
    if (this.#committing) return;
    this.#committing = true;
    queueMicrotask(() => void this.#commitAll());
  }

  async #commitAll(): Promise<void> {
    for (let batches = this.#takeBatches(); batches.length > 0; batches = this.#takeBatches()) {
      await this.#commit(batches);
    }
    this.#committing = false;
  }

  async #commit(batches: readonly (readonly [Arrivals, readonly Item[]])[]): Promise<void> {
    const { store, wallNow, log } = this.#options;
    const items = batches.flatMap(([, batch]) => batch);
    let outcomes: readonly IncomingOutcome[];
    try {
      outcomes = await store.commitIncoming(items, wallNow());
    } catch (cause) {
      log.error({ code: (cause as { code?: string }).code ?? 'unknown' }, 'messages could not be stored');
      for (const [arrivals] of batches) this.#fail(arrivals, cause);
      return;
    }
    if (this.#stopped) return;
    this.#announce(outcomes);
    let at = 0;
    for (const [arrivals, batch] of batches) {
      const own = outcomes.slice(at, at + batch.length);
      at += batch.length;
      arrivals.inbox.handleOutcomes(own);
      this.#watchGaps(arrivals.from, batch, own);
      this.#drain(arrivals);
    }
  }

  #takeBatches(): readonly (readonly [Arrivals, readonly Item[]])[] {
    const batches: (readonly [Arrivals, readonly Item[]])[] = [];
    let count = 0;
    for (const arrivals of this.#dirty) {
      this.#dirty.delete(arrivals);
      const batch = arrivals.inbox.pollCommit();
      if (!batch) continue;
      batches.push([arrivals, batch]);
      count += batch.length;
      if (count >= INTAKE_BATCH_MAX) break;
    }
    return batches;
  }

  #announce(outcomes: readonly IncomingOutcome[]): void {
    const committed = outcomes.flatMap((outcome) => {
      if (outcome.kind === 'committed') return [outcome, ...outcome.followed];
      return outcome.kind === 'duplicate' ? (outcome.followed ?? []) : [];
    });
    announce(committed, this.#options.onMessages);
  }

  #watchGaps(from: Correspondent, batch: readonly Item[], outcomes: readonly IncomingOutcome[]): void {
    const { gaps } = this.#options;
    outcomes.forEach((outcome, index) => {
      const { incarnation, sequence } = batch[index]!.content;
      if (outcome.kind === 'committed') gaps.handleCommitted(from, incarnation, outcome.upTo);
      else if (outcome.kind === 'duplicate') gaps.handleCommitted(from, incarnation, sequence);
      else gaps.handleAhead(from, incarnation, sequence);
    });
  }

  /** DL10: only what the store has committed is in here, and doubles of it, which mean that the last receipt was lost. */
  #acknowledge({ from, inbox }: Arrivals): void {
    const committed = inbox.pollReceipt();
    if (committed) this.#options.answers.oweReceipts(from, committed);
  }

  #settle({ inbox, waiters }: Arrivals): void {
    for (const settled of inbox.pollSettled()) {
      const key = keyOf(settled);
      const waiting = waiters.get(key) ?? [];
      waiters.delete(key);
      for (const waiter of waiting) {
        if (settled.how === 'no-room') waiter.reject(new NoRoomError('too much is held ahead of what is missing'));
        else waiter.resolve();
      }
    }
  }

  /** Nothing of it is acknowledged, so it comes again: from its sender, or from the mailbox. */
  #fail(arrivals: Arrivals, cause: unknown): void {
    this.#forget(arrivals);
    for (const waiting of arrivals.waiters.values()) for (const waiter of waiting) waiter.reject(cause);
    arrivals.waiters.clear();
  }

  #forget(arrivals: Arrivals): void {
    this.#dirty.delete(arrivals);
    if (this.#arrivals.get(arrivals.from.device) === arrivals) this.#arrivals.delete(arrivals.from.device);
  }

  #arrivalsOf(from: Correspondent): Arrivals | undefined {
    let arrivals = this.#arrivals.get(from.device);
    if (!arrivals) {
      if (this.#arrivals.size >= INBOXES_MAX && !this.#makeRoom()) return undefined;
      arrivals = { from, inbox: new Inbox({ device: from.device, chat: from.account }), waiters: new Map() };
    }
    this.#arrivals.delete(from.device);
    this.#arrivals.set(from.device, arrivals);
    return arrivals;
  }

  /** The one that was idle longest, or else one whose contents their sender repeats. */
  #makeRoom(): boolean {
    const all = [...this.#arrivals.values()];
    const found = all.find(({ inbox }) => inbox.idle) ?? all.find(({ inbox }) => inbox.expendable);
    if (!found) return false;
    this.#forget(found);
    for (const waiting of found.waiters.values()) for (const waiter of waiting) waiter.resolve();
    return true;
  }
}

function keyOf({ incarnation, sequence }: Pick<NumberedContent, 'incarnation' | 'sequence'>): string {
  return `${incarnation}/${sequence}`;
}
