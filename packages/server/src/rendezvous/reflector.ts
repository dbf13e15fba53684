import type { Endpoint } from '@magpie/common/net.ts';
import { decodeReflectQuestion, encodeReflectAnswer } from '@magpie/common/packets/reflect.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateBudget, RateTable, sourceOf } from '../rate-budget.ts';
import type { ReflectTokens } from './reflect-tokens.ts';

/** A source may ask for this many seconds' worth at once: a client asks from two sockets, on two ports, and repeats. */
const BURST_SECONDS = 5;
/** A forged header may name it as its source; nothing can be sent there (RFC 768). */
const NO_PORT = 0;

/** Tells a logged-in device where its datagrams come from; everybody else meets silence and a counter. */
export class Reflector {
  readonly #tokens: ReflectTokens;
  readonly #global: RateBudget;
  readonly #sources: RateTable;
  #reflected = 0;
  #ignored = 0;

  constructor(tokens: ReflectTokens, limits: ServerLimits, random: RandomSource) {
    this.#tokens = tokens;
    this.#global = new RateBudget(limits.reflectPerSecond, limits.reflectPerSecond);
    this.#sources = new RateTable(
      limits.reflectPerSourcePerSecond,
      limits.reflectPerSourcePerSecond * BURST_SECONDS,
      RATE_BUCKETS,
      random,
    );
  }

  get reflected(): number {
    return this.#reflected;
  }

  get ignored(): number {
    return this.#ignored;
  }

  /** @returns the answer, to be sent to `from` and nowhere else; undefined means silence. Strangers spend no budget: the token is checked first. */
  handleDatagram(datagram: Uint8Array, from: Endpoint, now: Instant): Uint8Array | undefined {
    const question = decodeReflectQuestion(datagram);
    if (
      !question ||
      from.port === NO_PORT ||
      !this.#tokens.check(question.token, now) ||
      this.#sources.take(sourceOf(from), now) > 0 ||
      this.#global.take(now) > 0
    ) {
      this.#ignored += 1;
      return undefined;
    }
    this.#reflected += 1;
    return encodeReflectAnswer({ txid: question.txid, observed: from });
  }
}
