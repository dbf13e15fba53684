import { after, earliest, type Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import { PAIRS_PER_ROUND_MAX, PUNCH_OFFSETS_MS, PUNCH_ROUND_MS, SETTLE_MS } from './limits.ts';

interface Schedule {
  readonly pair: CandidatePair;
  readonly startedAt: Instant;
  sent: number;
}

/**
 * One round of connectivity checks: each of its pairs gets eight probes at growing distances. With the first echo the
 * round has only SETTLE_MS left.
 */
export class PunchRound {
  readonly startedAt: Instant;
  endsAt: Instant;
  readonly #schedules: Schedule[];

  constructor(pairs: readonly CandidatePair[], now: Instant) {
    this.startedAt = now;
    this.endsAt = after(now, PUNCH_ROUND_MS);
    this.#schedules = pairs.map((pair) => ({ pair, startedAt: now, sent: 0 }));
  }

  get pairs(): readonly CandidatePair[] {
    return this.#schedules.map(({ pair }) => pair);
  }

  /** A candidate that arrived while the round is on starts its own schedule, if there is room. */
  join(pair: CandidatePair, now: Instant): void {
    if (this.#schedules.length < PAIRS_PER_ROUND_MAX && !this.pairs.includes(pair)) {
      this.#schedules.push({ pair, startedAt: now, sent: 0 });
    }
  }

  handleEcho(now: Instant): void {
    this.endsAt = earliest(this.endsAt, after(now, SETTLE_MS))!;
  }

  /** Whose probes are due; each is counted as sent. */
  takeDue(now: Instant): readonly CandidatePair[] {
    const due: CandidatePair[] = [];
    for (const schedule of this.#schedules) {
      let passed = schedule.sent;
      while (passed < PUNCH_OFFSETS_MS.length && after(schedule.startedAt, PUNCH_OFFSETS_MS[passed]!) <= now) passed++;
      // Probes whose time passed together (a late timer) are one probe: a burst to one place proves no more.
      if (passed > schedule.sent) due.push(schedule.pair);
      schedule.sent = passed;
    }
    return due;
  }

  get nextAt(): Instant {
    let next = this.endsAt;
    for (const { startedAt, sent } of this.#schedules) {
      const offset = PUNCH_OFFSETS_MS[sent];
      if (offset !== undefined) next = earliest(next, after(startedAt, offset))!;
    }
    return next;
  }
}
