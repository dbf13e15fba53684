import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock, Instant, WallMs } from '@magpie/common/time.ts';

/** Time and chance of a browser. */
export const PAGE_CLOCK: Clock = {
  now: () => performance.now() as Instant,
  wallNow: () => Date.now() as WallMs,
  setTimer: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, Math.ceil(at - performance.now())));
    return { cancel: () => clearTimeout(timer) };
  },
};

export const PAGE_RANDOM: RandomSource = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
