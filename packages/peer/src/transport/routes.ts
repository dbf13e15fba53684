import { assert } from '@magpie/common/assert.ts';
import type { Instant } from '@magpie/common/time.ts';
import { FixedWindow } from './congestion.ts';
import { Flight } from './flight.ts';
import {
  DIRECT_WINDOW_BYTES,
  FLIGHTS_MAX,
  PATHS_MAX,
  PAYLOAD_BYTES_MIN,
  RELAY_WINDOW_BYTES,
  ROUTE_PATHS_MAX,
} from './limits.ts';
import type { Path, PathId, PathProperties } from './path.ts';
import { RttEstimator } from './rtt-estimator.ts';
import type { SentContent } from './sent-packets.ts';

/** The paths, and a flight for each route that packets have taken; one of them is current. */
export class Routes {
  readonly #paths = new Map<PathId, Path>();
  /** In the order of last use. */
  readonly #flights = new Map<string, Flight>();
  #current: Flight | undefined;

  /** Where packets go now; undefined before the first route and when its last path was removed. */
  get current(): Flight | undefined {
    return this.#current;
  }

  flights(): Iterable<Flight> {
    return this.#flights.values();
  }

  path(id: PathId): Path | undefined {
    return this.#paths.get(id);
  }

  addPath(id: PathId, properties: PathProperties): void {
    assert(properties.payloadBytesMax >= PAYLOAD_BYTES_MIN, 'path too narrow');
    assert(!this.#paths.has(id), 'path exists');
    assert(this.#paths.size < PATHS_MAX, 'too many paths');
    this.#paths.set(id, {
      id,
      properties,
      rtt: new RttEstimator(properties.initialRttMs),
      controller: new FixedWindow(properties.ordered ? RELAY_WINDOW_BYTES : DIRECT_WINDOW_BYTES),
      bytesInFlight: 0,
    });
  }

  /** @returns what was unacknowledged on its routes, to be sent again */
  removePath(id: PathId): readonly SentContent[] {
    const again: SentContent[] = [];
    const wasCurrent = this.#current?.pathIds.includes(id) ? this.#current : undefined;
    for (const [key, flight] of this.#flights) {
      if (!flight.pathIds.includes(id)) continue;
      again.push(...flight.replaceAll());
      this.#flights.delete(key);
    }
    this.#paths.delete(id);
    if (wasCurrent) {
      const left = wasCurrent.paths.filter((path) => path.id !== id);
      this.#current = left.length > 0 ? this.#take(left) : undefined;
    }
    return again;
  }

  /** @returns what was unacknowledged on a route that had to be forgotten; usually nothing */
  setRoute(ids: readonly PathId[], now: Instant): readonly SentContent[] {
    assert(ids.length <= ROUTE_PATHS_MAX && new Set(ids).size === ids.length, 'a route is one path or two');
    const paths = ids.map((id) => {
      const path = this.#paths.get(id);
      assert(path !== undefined, 'route over an unknown path');
      return path;
    });
    const before = this.#current;
    this.#current = paths.length > 0 ? this.#take(paths) : undefined;
    if (this.#current !== before) {
      before?.restart(now);
      this.#current?.restart(now);
    }
    return this.#forgetOld();
  }

  #take(paths: readonly Path[]): Flight {
    const key = paths
      .map((path) => path.id)
      .sort((a, b) => a - b)
      .join('+');
    const flight = this.#flights.get(key) ?? new Flight(paths);
    this.#flights.delete(key);
    this.#flights.set(key, flight);
    return flight;
  }

  #forgetOld(): readonly SentContent[] {
    const again: SentContent[] = [];
    for (const [key, flight] of this.#flights) {
      if (flight === this.#current) continue;
      if (!flight.empty && this.#flights.size <= FLIGHTS_MAX) continue;
      again.push(...flight.replaceAll());
      this.#flights.delete(key);
    }
    return again;
  }
}
