import type { CandidatesFrame } from '@magpie/common/packets/packet.ts';
import type { Route, RouteReason } from './lease.ts';

export type PathEvent =
  | { readonly type: 'route'; readonly route: Route; readonly reason: RouteReason }
  /** To be sent reliably to the peer over the session. */
  | { readonly type: 'candidates'; readonly frame: CandidatesFrame }
  /** Put unacknowledged data back: the route changed under doubt. */
  | { readonly type: 'resend' };

/**
 * Events waiting for the session. Each kind is a newest value, not a history, so three places are enough however long
 * nobody drains; the route comes before the resend that it is meant for.
 */
export class PathEvents {
  #route: PathEvent | undefined;
  #resend: PathEvent | undefined;
  #candidates: PathEvent | undefined;

  route(route: Route, reason: RouteReason): void {
    this.#route = { type: 'route', route, reason };
  }

  resend(): void {
    this.#resend = { type: 'resend' };
  }

  candidates(frame: CandidatesFrame): void {
    this.#candidates = { type: 'candidates', frame };
  }

  poll(): PathEvent | undefined {
    const next = this.#route ?? this.#resend ?? this.#candidates;
    if (next === this.#route) this.#route = undefined;
    else if (next === this.#resend) this.#resend = undefined;
    else this.#candidates = undefined;
    return next;
  }
}
