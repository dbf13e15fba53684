import { toHex } from '@magpie/common/bytes/hex.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import { decodeReflectAnswer, encodeReflectQuestion } from '@magpie/common/packets/reflect.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { REFLECT_PATIENCE_MS, REFLECT_TRIES_MS, REFLEXIVE_VALID_MS } from './limits.ts';

interface Query {
  readonly to: Endpoint;
  readonly transaction: Uint8Array;
  tries: number;
  nextAt: Instant;
}

/**
 * Asks the server's UDP ports from where our datagrams come (server-reflexive addresses), sans-IO. One query per port
 * of the server; an answer counts only with its own transaction and from the very address that was asked.
 */
export class ReflectorClient {
  readonly #random: RandomSource;
  #queries = new Map<string, Query>();
  #token: Uint8Array | undefined;
  #seen = new Map<string, { readonly endpoint: Endpoint; readonly at: Instant }>();
  #changed = false;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Begins a round of questions; what an earlier round has brought holds for each port until it answers again. */
  ask(servers: readonly Endpoint[], token: Uint8Array, now: Instant): void {
    this.#token = token;
    this.#queries.clear();
    const asked = new Set(servers.map(endpointText));
    for (const key of [...this.#seen.keys()]) {
      if (!asked.has(key)) this.#changed = this.#seen.delete(key);
    }
    for (const to of servers) {
      const transaction = this.#random.bytes(8).slice();
      this.#queries.set(toHex(transaction), { to, transaction, tries: 0, nextAt: now });
    }
  }

  /** True when the last answers are too old to punch with. */
  stale(now: Instant): boolean {
    for (const { at } of this.#seen.values()) if (now - at < REFLEXIVE_VALID_MS) return false;
    return true;
  }

  /** The distinct reflexive addresses of the last rounds. */
  get reflexive(): readonly Endpoint[] {
    const distinct = new Map([...this.#seen.values()].map(({ endpoint }) => [endpointText(endpoint), endpoint]));
    return [...distinct.values()];
  }

  /** @returns true when the datagram was an answer of the reflector (right or wrong), so that nobody else reads it */
  handleDatagram(bytes: Uint8Array, from: Endpoint, now: Instant): boolean {
    const answer = decodeReflectAnswer(bytes);
    if (!answer) return false;
    const key = toHex(answer.txid);
    const query = this.#queries.get(key);
    if (!query || endpointText(query.to) !== endpointText(from)) return true;
    this.#queries.delete(key);
    const before = this.#seen.get(endpointText(from));
    this.#seen.set(endpointText(from), { endpoint: answer.observed, at: now });
    if (!before || endpointText(before.endpoint) !== endpointText(answer.observed)) this.#changed = true;
    return true;
  }

  /** Our network changed: what was seen before says nothing now. */
  forget(): void {
    if (this.#seen.size > 0) this.#changed = true;
    this.#seen.clear();
    this.#queries.clear();
  }

  /** True once after the set of reflexive addresses changed. */
  pollChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  pollTransmit(now: Instant): { readonly to: Endpoint; readonly bytes: Uint8Array } | undefined {
    for (const [key, query] of this.#queries) {
      if (query.nextAt > now) continue;
      if (query.tries === REFLECT_TRIES_MS.length || !this.#token) {
        this.#queries.delete(key);
        continue;
      }
      query.tries++;
      query.nextAt = after(now, REFLECT_TRIES_MS[query.tries] ?? REFLECT_PATIENCE_MS);
      return { to: query.to, bytes: encodeReflectQuestion({ token: this.#token, txid: query.transaction }) };
    }
    return undefined;
  }

  pollTimeout(): Instant | undefined {
    let at: Instant | undefined;
    for (const query of this.#queries.values()) if (at === undefined || query.nextAt < at) at = query.nextAt;
    return at;
  }
}
