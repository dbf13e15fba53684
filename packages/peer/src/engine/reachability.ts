import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import { gatherHostCandidates } from '../path/candidate-filter.ts';
import { ReflectorClient } from '../server-link/reflector-client.ts';
import type { NetworkInterfaces } from './ports.ts';
import type { UdpGate } from './udp-gate.ts';

/** Leave to ask the server's reflector, for `tokenMs` from now. */
export interface ReflectorAccess {
  /** The server's IP address. */
  readonly address: string;
  readonly token: Uint8Array;
  readonly tokenMs: number;
}

/** What a login says besides. */
export interface ServerSight {
  readonly udpPorts: readonly number[];
  /** Where the server sees our TCP connection coming from. */
  readonly observed: Endpoint;
}

export interface ReachabilityOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly interfaces: NetworkInterfaces;
  readonly gate: UdpGate;
  /** @param moved the machine's own addresses changed */
  readonly onChanged: (moved: boolean) => void;
  /** The token is about to end; the answer comes by `learn`. */
  readonly renewToken: () => void;
}

/** Candidates that come after the host's in the list get ids from here on. */
const REFLEXIVE_ID_FIRST = 1_000;

/** Where this peer can be reached by UDP: its own addresses, and those that the server's reflector saw. */
export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #reflector: ReflectorClient;
  #access: ReflectorAccess | undefined;
  #sight: ServerSight | undefined;
  #candidates: readonly Candidate[] = [];
  #timer: Timer | undefined;
  #tokenTimer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #paused = false;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#reflector = new ReflectorClient(options.random);
  }

  start(): void {
    this.#unwatch = this.#options.interfaces.watch(() => {
      this.#reflector.forget();
      this.#refresh(true);
      this.#ask();
    });
    this.#refresh(false);
  }

  stop(): void {
    this.#unwatch?.();
    this.#timer?.cancel();
    this.#tokenTimer?.cancel();
  }

  /** True: no candidate is gathered, nobody is asked, and what was known is forgotten (D8). */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#reflector.forget();
    }
    this.#refresh(false);
    this.#ask();
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** R26: loopback candidates are kept when the server sees us from loopback. */
  get allowLoopback(): boolean {
    const address = this.#sight?.observed.address;
    return address !== undefined && (address === '::1' || address.startsWith('127.'));
  }

  get reflexive(): readonly string[] {
    return this.#reflector.reflexive.map(endpointText);
  }

  /** @param sight with a login; a renewed token alone changes nothing of it */
  learn(access: ReflectorAccess, sight?: ServerSight): void {
    this.#access = access;
    this.#sight = sight ?? this.#sight;
    this.#renewAfter(access.tokenMs * 0.8, access.tokenMs * 0.05);
    this.#refresh(false);
    this.#ask();
  }

  /** Until `learn` brings a new token, it is asked for again and again. */
  #renewAfter(waitMs: number, againMs: number): void {
    const { clock, renewToken } = this.#options;
    this.#tokenTimer?.cancel();
    this.#tokenTimer = clock.setTimer(after(clock.now(), waitMs), () => {
      this.#renewAfter(againMs, againMs);
      renewToken();
    });
  }

  /** Asks again when what is known is too old to punch with. */
  freshen(): void {
    if (!this.#paused && this.#reflector.stale(this.#options.clock.now())) this.#ask();
  }

  /** @returns true when the datagram was the reflector's */
  handleDatagram(bytes: Uint8Array, from: Endpoint): boolean {
    if (this.#paused) return false;
    const taken = this.#reflector.handleDatagram(bytes, from, this.#options.clock.now());
    if (taken && this.#reflector.pollChanged()) this.#refresh(false);
    return taken;
  }

  #ask(): void {
    const { clock, gate } = this.#options;
    if (this.#paused || !this.#access || !gate.isOpen) return;
    const { address, token } = this.#access;
    const servers = (this.#sight?.udpPorts ?? []).map((port) => ({ address, port }));
    this.#reflector.ask(servers, token, clock.now());
    this.#drain();
  }

  #drain(): void {
    const { clock, gate } = this.#options;
    const now = clock.now();
    for (let out = this.#reflector.pollTransmit(now); out; out = this.#reflector.pollTransmit(now)) {
      gate.send(out.bytes, out.to);
    }
    this.#timer?.cancel();
    const at = this.#reflector.pollTimeout();
    this.#timer = at === undefined ? undefined : clock.setTimer(at, () => this.#drain());
  }

  #refresh(moved: boolean): void {
    const candidates = this.#paused ? [] : this.#gather();
    const same = textOf(candidates) === textOf(this.#candidates);
    this.#candidates = candidates;
    if (moved || !same) this.#options.onChanged(moved);
  }

  #gather(): readonly Candidate[] {
    const { gate, interfaces } = this.#options;
    const hosts = gatherHostCandidates(interfaces.list(), gate.port(4), gate.port(6), {
      allowLoopback: this.allowLoopback,
    });
    const own = new Set(hosts.map(({ endpoint }) => endpointText(endpoint)));
    const reflexive = this.#reflector.reflexive
      .filter((endpoint) => !own.has(endpointText(endpoint)))
      .map((endpoint, i): Candidate => ({ id: REFLEXIVE_ID_FIRST + i, kind: 'server-reflexive', endpoint }));
    return [...hosts, ...reflexive];
  }
}

function textOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ kind, endpoint }) => `${kind} ${endpointText(endpoint)}`).join();
}
