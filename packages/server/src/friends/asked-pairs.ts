import type { AccountNumber } from '@magpie/common/ids.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { ASKED_PAIRS_MAX } from '../limits.ts';

const WEEK_MS = 7 * 86_400_000;

interface Asked {
  readonly count: number;
  readonly weekEndsAt: Instant;
}

/**
 * How often one account has asked another lately, so that a no is heard. A bounded table: what is forgotten only gives
 * more tries. It looks at requests alone, so it tells nobody whether the other has declined, removed or blocked them.
 */
export class AskedPairs {
  readonly #perWeekMax: number;
  /** By asker and asked; longest untouched first. */
  readonly #pairs = new Map<string, Asked>();

  constructor(perWeekMax: number) {
    this.#perWeekMax = perWeekMax;
  }

  /** @returns ms until `from` may ask `to` again, 0 when it may now */
  waitMs(from: AccountNumber, to: AccountNumber, now: Instant): number {
    const asked = this.#pairs.get(pairOf(from, to));
    return asked && asked.count >= this.#perWeekMax ? Math.max(0, asked.weekEndsAt - now) : 0;
  }

  /** A request was made. Whoever asks may be asked, however often that was declined before. */
  asked(from: AccountNumber, to: AccountNumber, now: Instant): void {
    this.#pairs.delete(pairOf(to, from));
    const pair = pairOf(from, to);
    const before = this.#pairs.get(pair);
    this.#pairs.delete(pair);
    if (before && before.weekEndsAt > now) this.#pairs.set(pair, { ...before, count: before.count + 1 });
    else this.#pairs.set(pair, { count: 1, weekEndsAt: after(now, WEEK_MS) });
    const oldest = this.#pairs.size > ASKED_PAIRS_MAX ? this.#pairs.keys().next().value : undefined;
    if (oldest !== undefined) this.#pairs.delete(oldest);
  }

  /** They are friends: nothing between them counts any more. */
  agreed(one: AccountNumber, other: AccountNumber): void {
    this.#pairs.delete(pairOf(one, other));
    this.#pairs.delete(pairOf(other, one));
  }
}

function pairOf(from: AccountNumber, to: AccountNumber): string {
  return `${from}>${to}`;
}
