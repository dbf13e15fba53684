import { assert } from '@magpie/common/assert.ts';
import type { Instant } from '@magpie/common/time.ts';
import { Connection, type ConnectionEvent, type PathId, pathId, type Transmit } from './connection.ts';
import { ReplayWindow } from './replay-window.ts';

/** One direction-less link of the pair; change its fields while it runs. */
export interface Link {
  delayMs: number;
  jitterMs: number;
  lossRatio: number;
  duplicateRatio: number;
  ordered: boolean;
  payloadBytesMax: number;
  /** Swallows everything in that direction. */
  deadFrom: 'a' | 'b' | 'both' | undefined;
}

export type SideName = 'a' | 'b';

interface Delivery {
  readonly at: number;
  readonly order: number;
  readonly to: SideName;
  readonly path: PathId;
  readonly transmit: Transmit;
}

/** One end: the connection, its replay window and what came out of it. */
export class Side {
  readonly connection: Connection;
  readonly replay = new ReplayWindow();
  readonly events: ConnectionEvent[] = [];
  readonly sent: Transmit[] = [];
  /** Times at which streams arrived, by stream id; an array, so that a double shows. */
  readonly arrivals = new Map<number, number[]>();
  readonly streams = new Map<number, Uint8Array>();

  constructor(initiator: boolean) {
    this.connection = new Connection({ initiator });
  }

  eventsOf<T extends ConnectionEvent['type']>(type: T): Extract<ConnectionEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<ConnectionEvent, { type: T }>[];
  }
}

/**
 * Two connections in virtual time for tests: `a` (initiator) and `b`, joined by links. The fate of a packet is a hash
 * of seed, link, direction and its rank, so that one change of a scenario leaves the other packets alone.
 */
export class TransportPair {
  readonly a = new Side(true);
  readonly b = new Side(false);
  /** False lets doubles through to the connection, as a broken replay window would. */
  replayChecked = true;
  readonly #links = new Map<PathId, Link>();
  readonly #ranks = new Map<string, number>();
  readonly #lastArrival = new Map<string, number>();
  readonly #seed: number;
  #queue: Delivery[] = [];
  #order = 0;
  #now = 1_000 as Instant;

  /** The route begins with the lowest path. */
  constructor(seed: number, links: Readonly<Record<number, Partial<Link>>> = { 0: {} }) {
    this.#seed = seed;
    for (const [id, link] of Object.entries(links)) this.addLink(Number(id), link);
    this.route([Math.min(...Object.keys(links).map(Number))]);
  }

  get now(): Instant {
    return this.#now;
  }

  /** Deliveries under way. */
  get inTransit(): number {
    return this.#queue.length;
  }

  link(id: number): Link {
    return this.#links.get(pathId(id))!;
  }

  addLink(id: number, link: Partial<Link>): void {
    const path = pathId(id);
    const full: Link = {
      delayMs: 20,
      jitterMs: 0,
      lossRatio: 0,
      duplicateRatio: 0,
      ordered: false,
      payloadBytesMax: 1_173,
      deadFrom: undefined,
      ...link,
    };
    this.#links.set(path, full);
    const { payloadBytesMax, ordered } = full;
    for (const side of [this.a, this.b]) {
      side.connection.addPath(path, { payloadBytesMax, ordered, initialRttMs: full.delayMs * 2 });
    }
  }

  /** Sets the route of both sides, or of one. */
  route(ids: readonly number[], only?: SideName): void {
    const paths = ids.map(pathId);
    if (only !== 'b') this.a.connection.setRoute(paths, this.#now);
    if (only !== 'a') this.b.connection.setRoute(paths, this.#now);
  }

  /** Hands a crafted payload to a side, as if its peer had sent it under its next number. */
  inject(to: SideName, payload: Uint8Array): ReturnType<Connection['handlePacket']> {
    const packetNumber = this[to === 'a' ? 'b' : 'a'].connection.nextPacketNumber();
    return this[to].connection.handlePacket(
      packetNumber,
      payload,
      { ackNow: false },
      this.#links.keys().next().value!,
      this.#now,
    );
  }

  /** Runs until nothing more happens, `until` holds or the time is over. @returns whether `until` held */
  run(until: () => boolean = () => false, atMostMs = 120_000): boolean {
    const end = this.#now + atMostMs;
    for (let steps = 0; ; steps++) {
      assert(steps < 1_000_000, 'the pair spins');
      this.drain('a');
      this.drain('b');
      if (until()) return true;
      const next = this.#nextAt();
      if (next === undefined || next > end) {
        this.#now = (next === undefined ? this.#now : end) as Instant;
        return until();
      }
      this.#now = Math.max(this.#now, next) as Instant;
      this.#deliverDue();
      for (const side of [this.a, this.b]) {
        const timeout = side.connection.pollTimeout();
        if (timeout && timeout.at <= this.#now) side.connection.handleTimeout(this.#now);
      }
    }
  }

  /** Takes out what a side has to say and puts it on its links. */
  drain(name: SideName): void {
    const side = this[name];
    for (;;) {
      const transmit = side.connection.pollTransmit(this.#now);
      if (!transmit) break;
      side.sent.push(transmit);
      for (const path of transmit.paths) this.#send(name, path, transmit);
    }
    for (let event = side.connection.pollEvent(); event; event = side.connection.pollEvent()) {
      side.events.push(event);
      if (event.type !== 'stream') continue;
      const times = side.arrivals.get(event.stream) ?? [];
      side.arrivals.set(event.stream, [...times, this.#now]);
      side.streams.set(event.stream, event.bytes.slice());
    }
  }

  #send(from: SideName, path: PathId, transmit: Transmit): void {
    const link = this.#links.get(path)!;
    assert(transmit.payload.length <= link.payloadBytesMax, 'payload over the path limit');
    const key = `${path}${from}`;
    const rank = this.#ranks.get(key) ?? 0;
    this.#ranks.set(key, rank + 1);
    const chance = (salt: number): number => unitHash(this.#seed, path * 2 + (from === 'a' ? 0 : 1), rank, salt);
    if (link.deadFrom === from || link.deadFrom === 'both' || chance(1) < link.lossRatio) return;
    const copies = chance(2) < link.duplicateRatio ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let at = this.#now + link.delayMs + chance(3 + copy) * link.jitterMs;
      if (link.ordered) at = Math.max(at, this.#lastArrival.get(key) ?? 0);
      this.#lastArrival.set(key, at);
      this.#queue.push({ at, order: this.#order++, to: from === 'a' ? 'b' : 'a', path, transmit });
    }
    this.#queue.sort((x, y) => x.at - y.at || x.order - y.order);
  }

  #deliverDue(): void {
    for (;;) {
      const delivery = this.#queue[0];
      if (!delivery || delivery.at > this.#now) return;
      this.#queue.shift();
      const side = this[delivery.to];
      const { packetNumber, payload, ackNow } = delivery.transmit;
      if (this.replayChecked && side.replay.has(packetNumber)) continue;
      side.replay.mark(packetNumber);
      const handled = side.connection.handlePacket(packetNumber, payload, { ackNow }, delivery.path, this.#now);
      assert(handled.ok, `honest packet refused: ${JSON.stringify(handled)}`);
    }
  }

  #nextAt(): number | undefined {
    const times = [this.#queue[0]?.at, this.a.connection.pollTimeout()?.at, this.b.connection.pollTimeout()?.at];
    const known = times.filter((time) => time !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }
}

/** A number in [0, 1) that depends on nothing but the arguments (mixing steps of MurmurHash3). */
export function unitHash(...values: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const value of values) {
    hash = Math.imul(hash ^ value, 0xcc9e2d51);
    hash = Math.imul((hash << 15) | (hash >>> 17), 0x1b873593);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
