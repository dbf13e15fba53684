import type { RandomSource } from '@magpie/common/random.ts';
import { randomUnit } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { REPUNCH_JITTER, REPUNCH_MS, ROUND_EARNED_MS, ROUND_SPACING_MS, ROUNDS_BURST_MAX } from './limits.ts';

/**
 * When the next round may start: waits that grow while nothing is found, and a budget that holds whatever the reason
 * for a round is.
 */
export class RoundGate {
  readonly #random: RandomSource;
  #dueAt: Instant | undefined;
  #stage = 0;
  #lastAt: Instant | undefined;
  #tokens = ROUNDS_BURST_MAX;
  #countedAt: Instant;

  constructor(random: RandomSource, now: Instant) {
    this.#random = random;
    this.#countedAt = now;
  }

  get dueAt(): Instant | undefined {
    return this.#dueAt;
  }

  /** Something changed: the next round comes as soon as the budget allows, and the waits begin anew. */
  requestNow(now: Instant): void {
    this.#stage = 0;
    this.#dueAt = this.#allowedAt(now);
  }

  /** A round as soon as the budget allows, without starting the waits anew. */
  requestOnce(now: Instant): void {
    this.#dueAt = this.#allowedAt(now);
  }

  /** Nothing was found: the next wait of the row. */
  requestLater(now: Instant): void {
    const waitMs = REPUNCH_MS[Math.min(this.#stage, REPUNCH_MS.length - 1)]!;
    this.#stage++;
    const jitter = 1 + REPUNCH_JITTER * (2 * randomUnit(this.#random) - 1);
    this.#dueAt = later(after(now, waitMs * jitter), this.#allowedAt(now));
  }

  cancel(): void {
    this.#dueAt = undefined;
  }

  /** A path carried data: the next loss is a new story. */
  forgetFailures(): void {
    this.#stage = 0;
  }

  /** To be called when the round starts. */
  take(now: Instant): void {
    this.#earn(now);
    this.#tokens = Math.max(0, this.#tokens - 1);
    this.#lastAt = now;
    this.#dueAt = undefined;
  }

  #allowedAt(now: Instant): Instant {
    this.#earn(now);
    const spaced = this.#lastAt === undefined ? now : later(now, after(this.#lastAt, ROUND_SPACING_MS));
    if (this.#tokens >= 1) return spaced;
    return later(spaced, after(now, (1 - this.#tokens) * ROUND_EARNED_MS));
  }

  #earn(now: Instant): void {
    this.#tokens = Math.min(ROUNDS_BURST_MAX, this.#tokens + (now - this.#countedAt) / ROUND_EARNED_MS);
    this.#countedAt = now;
  }
}

function later(a: Instant, b: Instant): Instant {
  return Math.max(a, b) as Instant;
}
