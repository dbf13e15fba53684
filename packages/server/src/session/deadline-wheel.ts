import type { Clock, Instant, Timer } from '@magpie/common/time.ts';

/** What waits on the wheel. Its own deadline may move later without telling anybody. */
export interface Waiting {
  /** Where the wheel looks at it next; only the wheel writes it. */
  wheelTick: number;
  /** @returns undefined when it waits for nothing any more */
  pollTimeout(): Instant | undefined;
  handleTimeout(now: Instant): void;
}

/** Coarse on purpose: every deadline here is many seconds long. */
const TICK_MS = 500;
export const NOT_ON_WHEEL = -1;

/**
 * One timer for all connections, so that ten thousand idle ones cost ten thousand small array entries and not as many
 * timers. A deadline that moved later is found out when its old tick comes; only an earlier one must be placed anew.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #ticks = new Map<number, Waiting[]>();
  #timer: Timer | undefined;
  #dueTick = 0;
  #turning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes sure that `waiting` is looked at once its deadline has passed, at most one tick late. */
  place(waiting: Waiting): void {
    const at = waiting.pollTimeout();
    if (at === undefined) return;
    const tick = Math.max(Math.ceil(at / TICK_MS), Math.floor(this.#clock.now() / TICK_MS) + 1);
    if (waiting.wheelTick !== NOT_ON_WHEEL && waiting.wheelTick <= tick) return;
    waiting.wheelTick = tick;
    const slot = this.#ticks.get(tick);
    if (slot) slot.push(waiting);
    else this.#ticks.set(tick, [waiting]);
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ticks.clear();
  }

  #arm(): void {
    if (this.#timer || this.#turning) return;
    this.#dueTick = Math.floor(this.#clock.now() / TICK_MS) + 1;
    this.#timer = this.#clock.setTimer((this.#dueTick * TICK_MS) as Instant, this.#turn);
  }

  readonly #turn = (): void => {
    const now = this.#clock.now();
    const tick = Math.floor(now / TICK_MS);
    this.#timer = undefined;
    this.#turning = true;
    for (; this.#dueTick <= tick; this.#dueTick++) {
      const slot = this.#ticks.get(this.#dueTick);
      this.#ticks.delete(this.#dueTick);
      for (const waiting of slot ?? []) this.#look(waiting, this.#dueTick, now);
    }
    this.#turning = false;
    if (this.#ticks.size > 0) {
      this.#timer = this.#clock.setTimer((this.#dueTick * TICK_MS) as Instant, this.#turn);
    }
  };

  /** An entry that was placed anew for an earlier tick has been looked at there already. */
  #look(waiting: Waiting, tick: number, now: Instant): void {
    if (waiting.wheelTick !== tick) return;
    waiting.wheelTick = NOT_ON_WHEEL;
    const at = waiting.pollTimeout();
    if (at !== undefined && at <= now) waiting.handleTimeout(now);
    this.place(waiting);
  }
}
