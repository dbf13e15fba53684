import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate, PathFrame } from '@magpie/common/packets/packet.ts';
import { type RandomSource, randomUnit } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { PathAgent, type PathEvent } from './path-agent.ts';

/** For tests: two agents, virtual time and a tiny network. Frames over the relay always arrive; probes may not. */
export interface PathWorldOptions {
  readonly seed?: number;
  readonly delayMs?: number;
  readonly delayOf?: (from: Endpoint, to: Endpoint) => number;
  readonly lossRatio?: number;
  readonly reachable?: (from: Endpoint, to: Endpoint) => boolean;
  /** A NAT: the endpoint that others see instead of this one, and reach it by. */
  readonly sourceSeen?: (from: Endpoint) => Endpoint;
  /** Which own endpoint a packet leaves from; the first by default. */
  readonly sourceFor?: (to: Endpoint, own: readonly Endpoint[]) => Endpoint;
  readonly bobDirect?: boolean;
}

export interface Side {
  readonly name: 'alice' | 'bob';
  readonly agent: PathAgent;
  readonly events: PathEvent[];
  own: readonly Endpoint[];
  probesSent: number;
  /** When an echo last came in, by source: what a proof can rest on, seen from outside. */
  readonly echoedAt: Map<string, Instant>;
}

const RELAY_DELAY_MS = 20;
const TRAFFIC_EVERY_MS = 50;
const UNACKED_DOUBT_MS = 400;
const STEPS_AT_ONE_INSTANT_MAX = 2_000;

export class PathWorld {
  now = 0 as Instant;
  reachable: (from: Endpoint, to: Endpoint) => boolean;
  onDirect: (side: Side) => void = () => {};
  readonly alice: Side;
  readonly bob: Side;
  readonly violations: string[] = [];
  readonly roundStartsOfAlice: Instant[] = [];
  readonly #options: PathWorldOptions;
  readonly #random: RandomSource;
  readonly #pending: { readonly at: Instant; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;
  #traffic: 'none' | 'data' | 'relayed' = 'none';

  constructor(options: PathWorldOptions = {}) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.reachable = options.reachable ?? (() => true);
    this.alice = this.#side('alice', true);
    this.bob = this.#side('bob', options.bobDirect ?? true);
    this.#at(0 as Instant, () => this.#tick());
  }

  get probesSent(): number {
    return this.alice.probesSent + this.bob.probesSent;
  }

  get bothDirect(): boolean {
    return this.alice.agent.state === 'direct' && this.bob.agent.state === 'direct';
  }

  connect(alice: readonly Candidate[], bob: readonly Candidate[]): void {
    for (const [side, candidates] of [
      [this.alice, alice],
      [this.bob, bob],
    ] as const) {
      side.own = candidates.map((candidate) => candidate.endpoint);
      side.agent.setLocalCandidates(candidates, this.now);
      this.#drain(side);
    }
  }

  /** One side finds itself in another network. */
  move(side: Side, candidates: readonly Candidate[]): void {
    side.own = candidates.map((candidate) => candidate.endpoint);
    side.agent.setLocalCandidates(candidates, this.now);
    side.agent.networkChanged(this.now);
    this.#drain(side);
  }

  /** Both applications send one message now. */
  sendByApplication(): void {
    for (const side of [this.alice, this.bob]) {
      side.agent.handleSent(this.now);
      this.#drain(side);
    }
  }

  /** @param options.traffic both sides send data all the time; 'relayed': traffic of which this path sees nothing */
  run(ms: number, options: { traffic?: boolean | 'relayed'; until?: () => boolean } = {}): void {
    const end = after(this.now, ms);
    this.#traffic = options.traffic === 'relayed' ? 'relayed' : options.traffic ? 'data' : 'none';
    let stepsHere = 0;
    for (const side of [this.alice, this.bob]) this.#drain(side);
    while (!options.until?.()) {
      const at = this.#nextAt();
      if (at === undefined || at > end) break;
      stepsHere = at > this.now ? 0 : stepsHere + 1;
      if (stepsHere > STEPS_AT_ONE_INSTANT_MAX) throw new Error(`time stands still at ${this.now}`);
      this.now = Math.max(at, this.now) as Instant;
      this.#step();
    }
    if (!options.until?.()) this.now = end;
    this.#traffic = 'none';
  }

  /** Calls `run` in `ms` of virtual time. */
  later(ms: number, run: () => void): void {
    this.#at(after(this.now, ms), run);
  }

  #side(name: Side['name'], direct: boolean): Side {
    const agent = new PathAgent({ controlling: name === 'alice', direct, random: this.#random, now: this.now });
    return { name, agent, events: [], own: [], probesSent: 0, echoedAt: new Map() };
  }

  #nextAt(): Instant | undefined {
    const times = [this.#pending[0]?.at, this.alice.agent.pollTimeout()?.at, this.bob.agent.pollTimeout()?.at];
    return times.filter((at) => at !== undefined).sort((a, b) => a - b)[0];
  }

  #step(): void {
    while (this.#pending[0] && this.#pending[0].at <= this.now) this.#pending.shift()!.run();
    for (const side of [this.alice, this.bob]) {
      const due = side.agent.pollTimeout();
      if (due && due.at <= this.now) side.agent.handleTimeout(this.now);
      this.#drain(side);
    }
    if (this.alice.agent.status().rounds > this.roundStartsOfAlice.length) this.roundStartsOfAlice.push(this.now);
  }

  #drain(side: Side): void {
    for (let event = side.agent.pollEvent(); event; event = side.agent.pollEvent()) {
      side.events.push(event);
      this.#carry(side, event);
    }
    for (let probe = side.agent.pollProbe(this.now); probe; probe = side.agent.pollProbe(this.now)) {
      side.probesSent++;
      const { frame } = probe;
      this.#send(side, probe.to, (peer, from) => this.#deliverProbe(peer, frame, from));
    }
  }

  #carry(side: Side, event: PathEvent): void {
    if (event.type === 'candidates') {
      const peer = this.#peerOf(side);
      this.#at(after(this.now, RELAY_DELAY_MS), () => peer.agent.handleCandidates(event.frame, this.now));
    }
    if (event.type === 'route' && event.route.kind === 'direct') {
      const echoedAt = side.echoedAt.get(endpointText(event.route.endpoint));
      if (echoedAt === undefined || this.now - echoedAt > 5_000) {
        this.violations.push(`${side.name} direct without an echo at ${this.now}`);
      }
      this.onDirect(side);
    }
  }

  #deliverProbe(peer: Side, frame: PathFrame, from: Endpoint): void {
    if (frame.echo) peer.echoedAt.set(endpointText(from), this.now);
    peer.agent.handleProbe(frame, from, this.now);
  }

  #tick(): void {
    for (const side of [this.alice, this.bob]) {
      if (this.#traffic !== 'none') side.agent.handleSent(this.now);
      if (this.#traffic === 'data') this.#sendData(side);
    }
    this.#at(after(this.now, TRAFFIC_EVERY_MS), () => this.#tick());
  }

  /** What the transport would do: acknowledgements that count only for packets sent on this path alone, and doubt. */
  #sendData(side: Side): void {
    const { route } = side.agent;
    if (route.kind === 'relay') return;
    const sentAt = this.now;
    const alone = route.kind === 'direct';
    let acked = false;
    this.#send(side, route.endpoint, (peer, from) => {
      peer.agent.handleDatagram(from, this.now);
      this.#at(after(this.now, RELAY_DELAY_MS), () => {
        acked = true;
        if (alone) side.agent.handleAcked(route.endpoint, this.now - sentAt, this.now);
      });
    });
    this.#at(after(sentAt, UNACKED_DOUBT_MS), () => {
      if (alone && !acked && side.agent.route.kind === 'direct') side.agent.handleDoubt(route.endpoint, this.now);
    });
  }

  #send(side: Side, to: Endpoint, deliver: (peer: Side, from: Endpoint) => void): void {
    const seenAs = this.#options.sourceSeen ?? ((one: Endpoint) => one);
    const source = this.#options.sourceFor?.(to, side.own) ?? side.own[0]!;
    const peer = this.#peerOf(side);
    const arrives = peer.own.some((one) => endpointText(seenAs(one)) === endpointText(to));
    const lost = randomUnit(this.#random) < (this.#options.lossRatio ?? 0);
    if (!arrives || lost || !this.reachable(source, to)) return;
    const delayMs = this.#options.delayOf?.(source, to) ?? this.#options.delayMs ?? 5;
    this.#at(after(this.now, delayMs), () => deliver(peer, seenAs(source)));
  }

  #peerOf(side: Side): Side {
    return side === this.alice ? this.bob : this.alice;
  }

  #at(at: Instant, run: () => void): void {
    this.#pending.push({ at, order: this.#order++, run });
    this.#pending.sort((a, b) => a.at - b.at || a.order - b.order);
  }
}

/** A small generator for tests (mulberry32). */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return { bytes: (length) => Uint8Array.from({ length }, next) };
}

export function endpoint(address: string, port: number): Endpoint {
  return { address, port };
}
