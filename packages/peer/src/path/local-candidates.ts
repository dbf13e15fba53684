import { CANDIDATES_MAX } from '@magpie/common/limits.ts';
import { endpointText } from '@magpie/common/net.ts';
import type { Candidate, CandidatesFrame } from '@magpie/common/packets/packet.ts';
import { addressBytes, scopeOf } from './special-address.ts';

/** Our own candidates and what the peer was told of them. */
export class LocalCandidates {
  #candidates: readonly Candidate[] = [];
  #own: ReadonlySet<string> = new Set();
  #hosts: readonly Uint8Array[] = [];
  #allowLoopback = false;
  #generation = 0;
  #told: readonly Candidate[] = [];

  /** Texts of our own endpoints. */
  get own(): ReadonlySet<string> {
    return this.#own;
  }

  /** Bytes of our own host addresses. */
  get hosts(): readonly Uint8Array[] {
    return this.#hosts;
  }

  get allowLoopback(): boolean {
    return this.#allowLoopback;
  }

  /** Keeps the first CANDIDATES_MAX and numbers them. @returns whether the set changed */
  set(candidates: readonly Candidate[]): boolean {
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
