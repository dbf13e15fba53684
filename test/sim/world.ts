import type { EngineEvent } from '@magpie/peer/engine/engine.ts';
import type { Identity } from '@magpie/peer/engine/identity.ts';
import type { ServerLimits } from '@magpie/server/limits.ts';
import { hashBytes, mix32, SeededRandom } from './seeded-random.ts';
import { SimNetwork } from './sim-network.ts';
import { SimPeer } from './sim-peer.ts';
import type { LogLine } from './sim-process.ts';
import { SimServer } from './sim-server.ts';
import { VirtualTime } from './virtual-time.ts';

const EVENTS_MAX = 5_000_000;
/** More events than this without time passing: a livelock. */
const EVENTS_AT_ONE_INSTANT_MAX = 100_000;
const LOG_LINES_KEPT = 400;

export interface WorldOptions {
  readonly seed: number;
  /** How long a disk needs for a sync. */
  readonly syncMs?: number;
  /** Of the server, where they are not the defaults. */
  readonly limits?: Partial<ServerLimits>;
  /** More events than this in one run mean that something spins. */
  readonly eventsMax?: number;
}

/**
 * A whole world in one thread: hosts, links, programs, and a virtual time that jumps from event to event. After each
 * event all promises that it settled run to their end before the next one, so equal seeds give equal runs.
 */
export class World {
  readonly seed: number;
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly server: SimServer;
  readonly peers: SimPeer[] = [];
  readonly log: LogLine[] = [];
  /** Called for every engine event, with the peer that showed it. */
  onEngineEvent: (peer: SimPeer, event: EngineEvent) => void = () => {};
  /** Runs after each event; may start nothing. Awaited, so that it can look at stores. */
  afterEvent: (() => Promise<void>) | undefined;
  readonly #syncMs: number;
  readonly #eventsMax: number;
  #traceHash: number;
  #events = 0;
  #eventsAtInstant = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#syncMs = options.syncMs ?? 4;
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX;
    this.#traceHash = options.seed >>> 0;
    this.random = new SeededRandom(options.seed, 'world');
    this.network = new SimNetwork({
      time: this.time,
      seed: options.seed,
      trace: (kind, from, to, bytes) => {
        this.#note(hashBytes(bytes, kind.length * 257 + from.charCodeAt(0) * 31 + to.charCodeAt(0)));
      },
    });
    this.server = new SimServer({
      time: this.time,
      seed: options.seed,
      host: this.network.addHost('server', ['10.0.0.1']),
      syncMs: this.#syncMs,
      limits: options.limits,
      onLog: (line) => this.#keepLog(line),
    });
  }

  get nowMs(): number {
    return this.time.nowMs;
  }

  /** Equal for equal runs: every segment and datagram with its time went into it. */
  get traceHash(): string {
    return (this.#traceHash >>> 0).toString(16).padStart(8, '0');
  }

  get eventCount(): number {
    return this.#events;
  }

  addPeer(
    name: string,
    options: { readonly udp?: boolean; readonly identity?: Identity; readonly accountName?: string } = {},
  ): SimPeer {
    const peer = new SimPeer({
      time: this.time,
      seed: this.seed,
      host: this.network.addHost(name, [`10.0.1.${this.peers.length + 1}`]),
      syncMs: this.#syncMs,
      udp: options.udp ?? true,
      ...(options.identity ? { identity: options.identity } : {}),
      ...(options.accountName === undefined ? {} : { accountName: options.accountName }),
      onLog: (line) => this.#keepLog(line),
      onEvent: (from, event) => {
        this.#note(event.type.length);
        this.onEngineEvent(from, event);
      },
    });
    this.peers.push(peer);
    return peer;
  }

  /** Runs `action` at a virtual time from now. What it throws ends the run. */
  at(afterMs: number, action: () => void | Promise<void>): void {
    this.time.schedule(this.nowMs + afterMs, () => {
      Promise.resolve()
        .then(action)
        .catch((error: unknown) => {
          this.#failure ??= { error };
        });
    });
  }

  async runFor(durationMs: number): Promise<void> {
    await this.runUntil(() => false, durationMs);
  }

  /** @returns true once `done` holds after some event; false when `atMostMs` of virtual time have passed before */
  async runUntil(done: () => boolean, atMostMs: number): Promise<boolean> {
    const endMs = this.nowMs + atMostMs;
    await drained();
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      if (done()) return true;
      const next = this.time.nextAtMs;
      if (next === undefined || next > endMs) {
        this.time.jumpTo(endMs);
        return done();
      }
      this.#count(next);
      this.time.runNext();
      await drained();
      if (this.afterEvent) await this.afterEvent();
    }
  }

  /** Lets the world run until the promise settles. Throws what it throws, or when virtual time runs out before. */
  async settle<T>(promise: Promise<T>, what: string, atMostMs = 60_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => {});
    if (await this.runUntil(() => settled, atMostMs)) return watched;
    throw new SimulationError(`${what}: no answer in ${atMostMs} ms of virtual time`);
  }

  #count(nextMs: number): void {
    this.#eventsAtInstant = nextMs > this.nowMs ? 0 : this.#eventsAtInstant + 1;
    if (this.#eventsAtInstant > EVENTS_AT_ONE_INSTANT_MAX) throw new SimulationError('livelock: time stands still');
    if (++this.#events > this.#eventsMax) throw new SimulationError(`more than ${this.#eventsMax} events`);
  }

  #note(value: number): void {
    this.#traceHash = mix32(mix32(this.#traceHash, value), Math.round(this.nowMs * 1000));
  }

  #keepLog(line: LogLine): void {
    this.log.push(line);
    if (this.log.length > LOG_LINES_KEPT) this.log.shift();
  }
}

/** The run itself is wrong: something that must end did not. */
export class SimulationError extends Error {}

/** All microtasks, and what they queue in turn, have run when this resolves. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
