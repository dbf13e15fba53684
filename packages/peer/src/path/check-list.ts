import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import { isLan, tryRank } from './candidate-filter.ts';
import { CandidatePair } from './candidate-pair.ts';
import { PAIRS_PER_ROUND_MAX, PEER_REFLEXIVE_MAX } from './limits.ts';

/** All pairs of one session: those of the peer's candidates and the peer-reflexive ones, each endpoint once. */
export class CheckList {
  readonly #pairs = new Map<string, CandidatePair>();
  #hosts: readonly Uint8Array[] = [];

  get size(): number {
    return this.#pairs.size;
  }

  get(endpoint: Endpoint): CandidatePair | undefined {
    return this.#pairs.get(endpointText(endpoint));
  }

  all(): IterableIterator<CandidatePair> {
    return this.#pairs.values();
  }

  /** Our own host addresses decide what counts as LAN. */
  setHosts(hosts: readonly Uint8Array[]): void {
    this.#hosts = hosts;
    for (const pair of this.#pairs.values()) {
      pair.lan = isLan(pair.endpoint, hosts);
      pair.rank = tryRank(pair.candidate, pair.lan);
    }
  }

  /**
   * Takes over the peer's newest list (accepted and capped by the caller). Known endpoints keep what was learned about
   * them; endpoints that are no longer named go, except peer-reflexive ones and `keep`.
   * @returns the pairs that are new
   */
  replace(candidates: readonly Candidate[], keep: CandidatePair | undefined): readonly CandidatePair[] {
    const named = new Map(candidates.map((candidate) => [endpointText(candidate.endpoint), candidate]));
    for (const [key, pair] of this.#pairs) {
      if (!named.has(key) && !pair.peerReflexive && pair !== keep) this.#pairs.delete(key);
    }
    const added: CandidatePair[] = [];
    for (const [key, candidate] of named) {
      const known = this.#pairs.get(key);
      if (known) {
        known.candidate = candidate;
        known.rank = tryRank(candidate, known.lan);
      } else added.push(this.#add(candidate));
    }
    return added;
  }

  /**
   * A source of authenticated packets that no list named. Beyond the limit the one heard longest ago gives way, unless
   * it is `keep`.
   */
  addPeerReflexive(endpoint: Endpoint, keep: CandidatePair | undefined): CandidatePair {
    const reflexive = [...this.#pairs.values()].filter((pair) => pair.peerReflexive);
    if (reflexive.length >= PEER_REFLEXIVE_MAX) {
      const oldest = reflexive
        .filter((pair) => pair !== keep)
        .reduce((a, b) => ((a.receivedAt ?? 0) <= (b.receivedAt ?? 0) ? a : b));
      this.#pairs.delete(oldest.key);
    }
    return this.#add({ id: 0, kind: 'peer-reflexive', endpoint });
  }

  /** Addresses learned in a network that we have left could belong to somebody in its middle (p2p.md 6.8). */
  forgetPeerReflexive(): void {
    for (const [key, pair] of this.#pairs) if (pair.peerReflexive) this.#pairs.delete(key);
  }

  clear(): void {
    this.#pairs.clear();
  }

  has(pair: CandidatePair): boolean {
    return this.#pairs.get(pair.key) === pair;
  }

  /** The pairs of the next round: those that failed least, then by try order. */
  pickForRound(): readonly CandidatePair[] {
    return [...this.#pairs.values()]
      .sort((a, b) => a.failedRounds - b.failedRounds || a.rank - b.rank)
      .slice(0, PAIRS_PER_ROUND_MAX);
  }

  #add(candidate: Candidate): CandidatePair {
    const lan = isLan(candidate.endpoint, this.#hosts);
    const pair = new CandidatePair(candidate, lan, tryRank(candidate, lan));
    this.#pairs.set(pair.key, pair);
    return pair;
  }
}
