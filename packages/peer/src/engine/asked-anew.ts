import { after, type Instant } from '@magpie/common/time.ts';
import { ASKED_ANEW_MS, GAP_ASK_RARELY_MS } from './limits.ts';

/** A slot may itself be the answer to our own slot: of two that cannot answer, each would wake the other for ever. */
export type News = 'there' | 'slot';

/** When news of a device last had a question asked anew, and how long slots of it count for nothing since. */
export interface AskedAnew {
  readonly at: Instant;
  readonly slotsWaitMs: number;
}

/** DL59: once in 10 s; for slots after twice as long each time, up to an hour. @returns undefined: not now */
export function askedAnew(before: AskedAnew | undefined, news: News, now: Instant): AskedAnew | undefined {
  if (!before) return { at: now, slotsWaitMs: ASKED_ANEW_MS };
  const { at, slotsWaitMs } = before;
  if (news === 'there') return now < after(at, ASKED_ANEW_MS) ? undefined : { at: now, slotsWaitMs };
  if (now < after(at, slotsWaitMs)) return undefined;
  return { at: now, slotsWaitMs: Math.min(GAP_ASK_RARELY_MS, 2 * slotsWaitMs) };
}
