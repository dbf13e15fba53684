import type { Clock, Instant, Timer, WallMs } from '@magpie/common/time.ts';

/** Node's timers take 32-bit delays; a longer wait is cut into pieces. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** The program's clock: monotonic time from `performance`, wall time from `Date`, timers from Node. */
export class SystemClock implements Clock {
  now(): Instant {
    return performance.now() as Instant;
  }

  wallNow(): WallMs {
    return Date.now() as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      // Node rounds a delay down and may fire a fraction early; the promise is `now() >= at`.
      const delayMs = Math.min(Math.max(Math.ceil(at - performance.now()), 0), DELAY_MS_MAX);
      handle = setTimeout(() => (performance.now() >= at ? fire() : arm()), delayMs);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }
}
