import type { Instant } from '@magpie/common/time.ts';
import type { ServerLimits } from '../limits.ts';
import { RateBudget } from '../rate-budget.ts';
import { RELAY_CODE } from '../relay/relay.ts';

/**
 * How fast one connection may send: relayed packets and everything else are counted apart, by frames and by bytes.
 * Records are counted too, because opening one costs as much without a frame as with one; their bytes need no count,
 * since all but the 22 around each record and frame are paid for with the frame that they complete.
 */
export class ReadBudgets {
  readonly #frames: RateBudget;
  readonly #bytes: RateBudget;
  readonly #relayFrames: RateBudget;
  readonly #relayBytes: RateBudget;
  readonly #records: RateBudget;

  constructor(limits: ServerLimits) {
    this.#frames = new RateBudget(limits.framesPerSecond, limits.framesBurst);
    this.#bytes = new RateBudget(limits.controlBytesPerSecond, limits.controlBytesBurst);
    this.#relayFrames = new RateBudget(limits.relayFramesPerSecond, limits.relayFramesPerSecond);
    this.#relayBytes = new RateBudget(limits.relayBytesPerSecond, limits.relayBytesBurst);
    // Enough for every frame that may come, each in a record of its own.
    const recordsPerSecond = limits.relayFramesPerSecond + limits.framesPerSecond;
    this.#records = new RateBudget(recordsPerSecond, limits.relayFramesPerSecond + limits.framesBurst);
  }

  /** @returns ms for which nothing more should be read, 0 to read on */
  spend(frame: Uint8Array, now: Instant): number {
    const relayed = frame[0] === RELAY_CODE;
    const frames = (relayed ? this.#relayFrames : this.#frames).spend(1, now);
    const bytes = (relayed ? this.#relayBytes : this.#bytes).spend(frame.length, now);
    return Math.max(frames, bytes);
  }

  /** @returns as `spend` */
  spendRecords(count: number, now: Instant): number {
    return this.#records.spend(count, now);
  }
}
