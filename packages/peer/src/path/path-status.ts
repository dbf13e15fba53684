import type { Endpoint } from '@magpie/common/net.ts';
import type { CandidateKind } from '@magpie/common/packets/packet.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import type { CheckList } from './check-list.ts';
import type { PathState, Route } from './lease.ts';

export interface PairStatus {
  readonly endpoint: Endpoint;
  readonly kind: CandidateKind;
  readonly lan: boolean;
  readonly tried: boolean;
  /** Own challenges echoed since the proof was last void. */
  readonly echoes: number;
  readonly rttMs: number;
  readonly failedRounds: number;
  readonly provenAt: Instant | undefined;
}

export interface PathStatus {
  readonly state: PathState;
  readonly route: Route;
  readonly pairs: readonly PairStatus[];
  readonly pairsTried: number;
  readonly rounds: number;
  readonly probesSent: number;
  readonly probesReceived: number;
  /** Probes that a budget or a full queue held back. */
  readonly probesDropped: number;
  /** Packets from addresses that may not be probed. */
  readonly sourcesRefused: number;
  /** Echoes that proved nothing: unknown, too old, used before, or from elsewhere. */
  readonly echoesRefused: number;
  readonly lastProofAt: Instant | undefined;
  /** Where the peer last saw our probes coming from; its claim. */
  readonly observed: Endpoint | undefined;
}

/** What happened so far, for `net path` and for tests. */
export class PathCounters {
  rounds = 0;
  probesSent = 0;
  probesReceived = 0;
  sourcesRefused = 0;
  echoesRefused = 0;
  lastProofAt: Instant | undefined;
  observed: Endpoint | undefined;

  status(state: PathState, route: Route, list: CheckList, probesDropped: number): PathStatus {
    const pairs = [...list.all()].map(pairStatus);
    return {
      state,
      route,
      pairs,
      pairsTried: pairs.filter(({ tried }) => tried).length,
      rounds: this.rounds,
      probesSent: this.probesSent,
      probesReceived: this.probesReceived,
      probesDropped,
      sourcesRefused: this.sourcesRefused,
      echoesRefused: this.echoesRefused,
      lastProofAt: this.lastProofAt,
      observed: this.observed,
    };
  }
}

function pairStatus(pair: CandidatePair): PairStatus {
  const { endpoint, candidate, lan, challengedAt, echoes, rttMs, failedRounds, provenAt } = pair;
  return {
    endpoint,
    kind: candidate.kind,
    lan,
    tried: challengedAt !== undefined,
    echoes,
    rttMs,
    failedRounds,
    provenAt,
  };
}
