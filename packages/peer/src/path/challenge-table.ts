import { toHex } from '@magpie/common/bytes/hex.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import { CHALLENGE_BYTES, CHALLENGE_MS_MAX, CHALLENGES_MAX } from './limits.ts';

interface Outstanding {
  readonly pair: CandidatePair;
  readonly sentAt: Instant;
}

/**
 * The challenges that may still be echoed. An echo counts once, only from the endpoint that the challenge went to, and
 * only while it is young; everything else is no proof of anything.
 */
export class ChallengeTable {
  readonly #random: RandomSource;
  readonly #outstanding = new Map<string, Outstanding>();

  constructor(random: RandomSource) {
    this.#random = random;
  }

  issue(pair: CandidatePair, now: Instant): Uint8Array {
    if (this.#outstanding.size >= CHALLENGES_MAX) {
      const oldest = this.#outstanding.keys().next();
      if (!oldest.done) this.#outstanding.delete(oldest.value);
    }
    const value = this.#random.bytes(CHALLENGE_BYTES).slice();
    this.#outstanding.set(toHex(value), { pair, sentAt: now });
    pair.awaitingSince ??= now;
    return value;
  }

  /** @returns the pair that is proven by this echo and when its challenge left; undefined when it proves nothing */
  redeem(echo: Uint8Array, from: Endpoint, now: Instant): Outstanding | undefined {
    const key = toHex(echo);
    const outstanding = this.#outstanding.get(key);
    if (outstanding?.pair.key !== endpointText(from)) return undefined;
    this.#outstanding.delete(key);
    return now - outstanding.sentAt <= CHALLENGE_MS_MAX ? outstanding : undefined;
  }

  /** Drops what is too old to count. */
  expire(now: Instant): void {
    for (const [key, { sentAt }] of this.#outstanding) {
      if (after(sentAt, CHALLENGE_MS_MAX) >= now) return;
      this.#outstanding.delete(key);
    }
  }

  clear(): void {
    this.#outstanding.clear();
  }
}
