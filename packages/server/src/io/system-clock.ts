import type { Clock, Instant, Timer, WallMs } from '@magpie/common/time.ts';

/** Node drops delays over this; a timer that is due later is set again. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** The machine's clocks: monotonic for durations, wall for people. */
export const systemClock: Clock = {
  now: () => performance.now() as Instant,
  wallNow: () => Date.now() as WallMs,
  setTimer: (at, fire) => {
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const delayMs = Math.min(DELAY_MS_MAX, Math.max(0, Math.ceil(at - performance.now())));
      handle = setTimeout(() => (performance.now() < at ? arm() : fire()), delayMs);
    };
    arm();
    return { cancel: () => clearTimeout(handle) } satisfies Timer;
  },
};
