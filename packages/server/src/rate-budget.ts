import { blake2b } from '@magpie/common/channel/keys.ts';
import type { Endpoint } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';

/**
 * One budget by the generic cell rate algorithm (ITU-T I.371): a single number, the instant at which the budget would
 * be whole again. Spending moves it ahead; it may lie at most `burst` costs ahead of now.
 */
export class RateBudget {
  readonly #msPerUnit: number;
  readonly #aheadMsMax: number;
  #wholeAt = 0;

  constructor(unitsPerSecond: number, burst: number) {
    this.#msPerUnit = 1_000 / unitsPerSecond;
    this.#aheadMsMax = burst * this.#msPerUnit;
  }

  /** Spends without asking. @returns ms until the budget is out of debt, 0 when it is in no debt */
  spend(units: number, now: Instant): number {
    this.#wholeAt = Math.max(this.#wholeAt, now) + units * this.#msPerUnit;
    return Math.max(0, this.#wholeAt - now - this.#aheadMsMax);
  }

  /** Spends one unit if it is there. @returns 0 when it was, otherwise ms until it will be */
  take(now: Instant): number {
    const wholeAt = Math.max(this.#wholeAt, now) + this.#msPerUnit;
    const waitMs = wholeAt - now - this.#aheadMsMax;
    if (waitMs > 0) return waitMs;
    this.#wholeAt = wholeAt;
    return 0;
  }

  /** The next turn in a queue of at most `waitMsMax`. @returns ms to wait for it, undefined when the queue is full */
  reserve(now: Instant, waitMsMax: number): number | undefined {
    const wholeAt = Math.max(this.#wholeAt, now) + this.#msPerUnit;
    const waitMs = Math.max(0, wholeAt - now - this.#aheadMsMax);
    if (waitMs > waitMsMax) return undefined;
    this.#wholeAt = wholeAt;
    return waitMs;
  }
}

/**
 * Budgets for any number of keys in a table of fixed size: keys that meet in a bucket share its budget, so a flood of
 * sources costs no memory (coturn's design). The hash is keyed, so nobody can aim at another's bucket.
 */
export class RateTable {
  readonly #wholeAt: Float64Array;
  readonly #salt: Uint8Array;
  readonly #msPerUnit: number;
  readonly #aheadMsMax: number;

  constructor(unitsPerSecond: number, burst: number, buckets: number, random: RandomSource) {
    this.#wholeAt = new Float64Array(buckets);
    this.#salt = random.bytes(16);
    this.#msPerUnit = 1_000 / unitsPerSecond;
    this.#aheadMsMax = burst * this.#msPerUnit;
  }

  /** Spends one unit if it is there. @returns 0 when it was, otherwise ms until it will be */
  take(key: string | number, now: Instant): number {
    const bucket = this.#bucketOf(key);
    const wholeAt = Math.max(this.#wholeAt[bucket]!, now) + this.#msPerUnit;
    const waitMs = wholeAt - now - this.#aheadMsMax;
    if (waitMs > 0) return waitMs;
    this.#wholeAt[bucket] = wholeAt;
    return 0;
  }

  /** Spends without asking, for what is known only once it is done. Afterwards ask `debtMs`. */
  spend(key: string | number, units: number, now: Instant): void {
    const bucket = this.#bucketOf(key);
    this.#wholeAt[bucket] = Math.max(this.#wholeAt[bucket]!, now) + units * this.#msPerUnit;
  }

  /** @returns ms until the budget is out of debt, 0 when it is in none */
  debtMs(key: string | number, now: Instant): number {
    return Math.max(0, this.#wholeAt[this.#bucketOf(key)]! - now - this.#aheadMsMax);
  }

  /** Undoes one `take` that gave 0: what it was for did not happen. */
  giveBack(key: string | number): void {
    this.#wholeAt[this.#bucketOf(key)]! -= this.#msPerUnit;
  }

  /** Account numbers are dense, so they meet only when there are more of them than buckets. */
  #bucketOf(key: string | number): number {
    if (typeof key === 'number') return key % this.#wholeAt.length;
    const hash = blake2b(16, this.#salt, Buffer.from(key));
    return new DataView(hash.buffer, hash.byteOffset).getUint32(0) % this.#wholeAt.length;
  }
}

/**
 * Budgets of exact keys, of which the ones used last are kept. For keys that not just anybody can make, since a flood of
 * them makes others' debts be forgotten.
 */
export class RecentBudgets {
  readonly #wholeAt = new Map<string, number>();
  readonly #keysMax: number;
  readonly #msPerUnit: number;
  readonly #aheadMsMax: number;

  constructor(unitsPerSecond: number, burst: number, keysMax: number) {
    this.#keysMax = keysMax;
    this.#msPerUnit = 1_000 / unitsPerSecond;
    this.#aheadMsMax = burst * this.#msPerUnit;
  }

  /** Spends one unit if it is there. @returns 0 when it was, otherwise ms until it will be */
  take(key: string, now: Instant): number {
    const wholeAt = Math.max(this.#wholeAt.get(key) ?? 0, now) + this.#msPerUnit;
    const waitMs = wholeAt - now - this.#aheadMsMax;
    if (waitMs > 0) return waitMs;
    this.#wholeAt.delete(key);
    this.#wholeAt.set(key, wholeAt);
    const oldest = this.#wholeAt.size > this.#keysMax ? this.#wholeAt.keys().next().value : undefined;
    if (oldest !== undefined) this.#wholeAt.delete(oldest);
    return 0;
  }

  /** Undoes one `take` that gave 0. */
  giveBack(key: string): void {
    const wholeAt = this.#wholeAt.get(key);
    if (wholeAt !== undefined) this.#wholeAt.set(key, wholeAt - this.#msPerUnit);
  }
}

/** What budgets per source count by: IPv4 /32, IPv6 /64; the port is left out. */
export function sourceOf(endpoint: Endpoint): string {
  if (!endpoint.address.includes(':')) return endpoint.address;
  const [head = '', tail] = endpoint.address.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':');
}
