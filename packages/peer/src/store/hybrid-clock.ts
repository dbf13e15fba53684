import type { HybridStamp } from '@magpie/common/content/content.ts';
import type { WallMs } from '@magpie/common/time.ts';

const COUNTER_MAX = 0xffff_ffff;

/** Where a conversation's clock stands before its first message. */
export const STAMP_ZERO: HybridStamp = { wallMs: 0 as WallMs, counter: 0 };

/** Negative when `a` is earlier. Equal stamps of two devices are ordered by device id (R16). */
export function compareStamps(a: HybridStamp, b: HybridStamp): number {
  return a.wallMs - b.wallMs || a.counter - b.counter;
}

export function laterStamp(a: HybridStamp, b: HybridStamp): HybridStamp {
  return compareStamps(a, b) >= 0 ? a : b;
}

/**
 * The stamp of the next own message (R16): the wall clock while it is ahead of all that the conversation has seen,
 * otherwise the last stamp and one more. A friend may have used up the counter, so it carries into the milliseconds.
 */
export function nextStamp(last: HybridStamp, wallNow: WallMs): HybridStamp {
  const wallMs = Math.floor(wallNow) as WallMs;
  if (wallMs > last.wallMs) return { wallMs, counter: 0 };
  if (last.counter < COUNTER_MAX) return { wallMs: last.wallMs, counter: last.counter + 1 };
  return { wallMs: (last.wallMs + 1) as WallMs, counter: 0 };
}
