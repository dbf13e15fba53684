import type { Endpoint } from '@magpie/common/net.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';

/** p2p.md 6.5. `blocked`: the user allows no direct path to this friend. */
export type PathState = 'cold' | 'punching' | 'trial' | 'direct' | 'suspect' | 'relayed' | 'blocked';

/** Where the packets of a session go. `mirrored`: each of them both directly and through the relay. */
export type Route =
  | { readonly kind: 'relay' }
  | { readonly kind: 'direct'; readonly endpoint: Endpoint; readonly lan: boolean; readonly rttMs: number }
  | { readonly kind: 'mirrored'; readonly endpoint: Endpoint; readonly lan: boolean; readonly rttMs: number };

/** Why a route changed: short codes, put into words for people by the faces. */
export type RouteReason =
  | 'trial' // a first echo: worth a try beside the relay
  | 'proven' // two echoes, or acknowledged data
  | 'trial-failed' // no second proof in time
  | 'selected' // the controlling side prefers another pair
  | 'doubt' // unanswered for too long
  | 'healed' // answered again
  | 'lost' // in doubt for too long
  | 'data-lost' // probes pass, data does not
  | 'network-changed'
  | 'withdrawn' // the peer took its candidates back
  | 'idle'
  | 'policy';

/** The right to send on a pair: each kind carries only what it needs. */
export type Lease =
  | { readonly name: 'none'; readonly since: Instant }
  | { readonly name: 'trial'; readonly pair: CandidatePair; readonly since: Instant; nextProbeAt: Instant }
  | { readonly name: 'direct'; readonly pair: CandidatePair; readonly since: Instant; readonly keepaliveMs: number }
  | {
      readonly name: 'suspect';
      readonly pair: CandidatePair;
      readonly since: Instant;
      probes: number;
      nextProbeAt: Instant;
    };

export function pairOf(lease: Lease): CandidatePair | undefined {
  return lease.name === 'none' ? undefined : lease.pair;
}

export function routeOf(lease: Lease): Route {
  if (lease.name === 'none') return { kind: 'relay' };
  const { endpoint, lan, rttMs } = lease.pair;
  return { kind: lease.name === 'direct' ? 'direct' : 'mirrored', endpoint, lan, rttMs };
}
