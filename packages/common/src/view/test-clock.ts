import type { Clock, Instant, Timer, WallMs } from '../time.ts';

/** A clock that stands still until it is told to go. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>();

  now(): Instant {
    return this.#now as Instant;
  }

  wallNow(): WallMs {
    return (1_800_000_000_000 + this.#now) as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    const timer = { at, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= this.#now && this.#timers.delete(timer)) timer.fire();
    }
  }
}
