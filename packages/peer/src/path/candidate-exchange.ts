import { CANDIDATES_MAX } from '@magpie/common/limits.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate, CandidatesFrame } from '@magpie/common/packets/packet.ts';
import { acceptCandidates, probeable } from './candidate-filter.ts';
import { addressBytes, scopeOf } from './special-address.ts';

/** Our own candidates, what the peer was told of them, and the peer's newest list. */
export class CandidateExchange {
  #candidates: readonly Candidate[] = [];
  #own: ReadonlySet<string> = new Set();
  #hosts: readonly Uint8Array[] = [];
  #allowLoopback = false;
  #generation = 0;
  #told: readonly Candidate[] = [];
  #remoteGeneration = -1;
  #remote: readonly Candidate[] = [];

  /** Bytes of our own host addresses. */
  get hosts(): readonly Uint8Array[] {
    return this.#hosts;
  }

  get allowLoopback(): boolean {
    return this.#allowLoopback;
  }

  /** Our own set: keeps the first CANDIDATES_MAX and numbers them. @returns whether the set changed */
  setLocal(candidates: readonly Candidate[]): boolean {
    const next = candidates.slice(0, CANDIDATES_MAX).map((candidate, index) => ({ ...candidate, id: index + 1 }));
    if (sameCandidates(next, this.#candidates)) return false;
    this.#candidates = next;
    this.#own = new Set(next.map(({ endpoint }) => endpointText(endpoint)));
    this.#hosts = next
      .filter(({ kind }) => kind === 'host')
      .map(({ endpoint }) => addressBytes(endpoint.address))
      .filter((bytes) => bytes !== undefined);
    this.#allowLoopback = this.#hosts.some((host) => scopeOf(host) === 'loopback');
    return true;
  }

  /** @returns what the peer's list means: nothing when it is older than the newest, the end when it is empty */
  handleRemote(frame: CandidatesFrame): 'ignored' | 'changed' | 'withdrawn' {
    if (frame.generation <= this.#remoteGeneration) return 'ignored';
    this.#remoteGeneration = frame.generation;
    this.#remote = frame.candidates.slice(0, CANDIDATES_MAX);
    return this.#remote.length > 0 ? 'changed' : 'withdrawn';
  }

  /** The peer's candidates that may be probed, seen from the addresses that we have now. */
  get accepted(): readonly Candidate[] {
    return acceptCandidates(this.#remote, this, this.#own);
  }

  /**
   * Where an answer to this source may go, or undefined when nothing may be sent there. To a peer that took its list
   * back nothing may: what still comes from its addresses left before (PA13).
   */
  answerable(source: Endpoint): Endpoint | undefined {
    if (this.#remoteGeneration >= 0 && this.#remote.length === 0) return undefined;
    const endpoint = probeable(source, this);
    return endpoint && !this.#own.has(endpointText(endpoint)) ? endpoint : undefined;
  }

  /** @returns the frame that brings the peer up to date, or undefined when it already is */
  announcement(): CandidatesFrame | undefined {
    return this.#tell(this.#candidates);
  }

  /** @returns the frame that takes back what the peer was told, or undefined when it was told nothing */
  withdrawal(): CandidatesFrame | undefined {
    return this.#tell([]);
  }

  #tell(candidates: readonly Candidate[]): CandidatesFrame | undefined {
    if (sameCandidates(candidates, this.#told)) return undefined;
    this.#told = candidates;
    this.#generation++;
    return { type: 'candidates', generation: this.#generation, candidates };
  }
}

function sameCandidates(a: readonly Candidate[], b: readonly Candidate[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => one.kind === b[i]!.kind && endpointText(one.endpoint) === endpointText(b[i]!.endpoint))
  );
}
