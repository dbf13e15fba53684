import { ByteWriter } from '@magpie/common/bytes/byte-writer.ts';
import type { KeyPair } from '@magpie/common/channel/keys.ts';
import {
  AEAD_TAG_BYTES,
  DATAGRAM_BYTES_MAX,
  PACKET_HEADER_BYTES,
  PROBE_BYTES,
  RELAY_PACKET_BYTES_MAX,
} from '@magpie/common/limits.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import { decodeSessionFrames } from '@magpie/common/packets/decode-packet.ts';
import { writeSessionFrame } from '@magpie/common/packets/encode-packet.ts';
import { decodeHeader, encodeHeader } from '@magpie/common/packets/header.ts';
import type { Candidate, PacketType, PathFrame, RekeyFrame } from '@magpie/common/packets/packet.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import { earliest, type Instant } from '@magpie/common/time.ts';
import { PathAgent, type Route } from '../path/path-agent.ts';
import { Connection, type PathId, RELAY_PATH } from '../transport/connection.ts';
import { ReplayWindow } from '../transport/replay-window.ts';
import type { SessionSecrets } from './handshake.ts';
import { PATHS_MAX } from './limits.ts';
import { answerRekey, RekeyInitiator } from './rekey.ts';
import { SessionKeys } from './session-keys.ts';

/** Where a packet goes or came from. */
export type Hop = 'relay' | Endpoint;

export interface SessionTransmit {
  readonly bytes: Uint8Array;
  readonly to: Hop;
}

/** The road that a stream took, as far as packets tell. */
export interface SessionRoad {
  readonly kind: 'direct' | 'relay';
  readonly lan: boolean;
  readonly rttMs: number;
}

export type SessionEvent =
  /** A packet of the peer verified: it has the keys. An initiator needs no such proof and emits it at once. */
  | { readonly type: 'confirmed' }
  | { readonly type: 'stream'; readonly bytes: Uint8Array; readonly road: SessionRoad }
  | { readonly type: 'stream-acked'; readonly stream: number; readonly road: SessionRoad }
  | { readonly type: 'route'; readonly route: Route; readonly reason: string }
  /** The set of receiver indices that are ours changed. */
  | { readonly type: 'indices' }
  /** Nothing has been acknowledged for long on the relay: the other program may have started anew (R11). */
  | { readonly type: 'doubt' }
  | { readonly type: 'ended'; readonly reason: 'closed' | 'expired' | 'protocol-error' };

export interface SessionOptions {
  readonly role: 'initiator' | 'responder';
  readonly secrets: SessionSecrets;
  readonly staticKey: KeyPair;
  readonly remoteStatic: Uint8Array;
  readonly random: RandomSource;
  readonly now: Instant;
  /** Lower device id controls path selection (R27). */
  readonly controlling: boolean;
  readonly direct: boolean;
  /** Round trip of the handshake, the first estimate for the relay. */
  readonly initialRttMs: number;
  /** A receiver index that no session of this peer uses. */
  readonly newIndex: () => number;
}

/** CLOSE codes between peers. */
export const CLOSE_GOODBYE = 0;
export const CLOSE_REMOVED = 2;

/**
 * An end-to-end encrypted, reliable association of two devices over relay and direct paths: joins the transport (which
 * knows packets, not addresses) with the path agent (which knows addresses, not packets) and seals what both send.
 * Sans-IO: after each handle or command, drain `pollTransmit` and `pollEvent`, then arm `pollTimeout`.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #agent: PathAgent;
  readonly #keys: SessionKeys;
  readonly #replay = new ReplayWindow();
  readonly #paths = new Map<string, { readonly id: PathId; readonly endpoint: Endpoint }>();
  #nextPathId = 1;
  #rekey: RekeyInitiator | undefined;
  #route: Route = { kind: 'relay' };
  #queue: SessionTransmit[] = [];
  #direct: boolean;
  #events: SessionEvent[] = [];
  #state: 'unconfirmed' | 'open' | 'ended';

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#direct = options.direct;
    this.#keys = new SessionKeys(options.secrets, options.now);
    this.#connection = new Connection({ initiator: options.role === 'initiator' });
    this.#connection.addPath(RELAY_PATH, {
      payloadBytesMax: RELAY_PACKET_BYTES_MAX - PACKET_HEADER_BYTES - AEAD_TAG_BYTES,
      ordered: true,
      initialRttMs: options.initialRttMs,
    });
    this.#connection.setRoute([RELAY_PATH], options.now);
    this.#agent = new PathAgent({
      controlling: options.controlling,
      direct: options.direct,
      random: options.random,
      now: options.now,
    });
    this.#state = 'unconfirmed';
    if (options.role === 'initiator') {
      this.#confirm();
      // The responder may not send before it has heard from us under the new keys.
      this.#connection.ping(options.now);
    }
  }

  get indices(): readonly number[] {
    return this.#keys.indices;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  get route(): Route {
    return this.#route;
  }

  get road(): SessionRoad {
    // Mirrored means in doubt: what is not proven is not shown.
    if (this.#route.kind !== 'direct') return { kind: 'relay', lan: false, rttMs: this.#rtt(RELAY_PATH) };
    return { kind: 'direct', lan: this.#route.lan, rttMs: Math.round(this.#route.rttMs * 100) / 100 };
  }

  /** How long a chat message may go unacknowledged on the route of now before it is sent again, milliseconds. */
  get ptoMs(): number | undefined {
    return this.#connection.ptoMs;
  }

  /** State of the path agent and counters, for `net path`. */
  describe(): { readonly pathState: string; readonly packets: ReturnType<Connection['stats']> } {
    return { pathState: this.#agent.state, packets: this.#connection.stats() };
  }

  openStream(bytes: Uint8Array, now: Instant): Result<number, 'too-many-streams' | 'closed'> {
    this.#agent.handleSent(now);
    const stream = this.#connection.openStream(1, bytes, now);
    // Traffic may have woken the agent from the cold.
    this.#joinPaths(now);
    return stream;
  }

  setLocalCandidates(candidates: readonly Candidate[], now: Instant): void {
    this.#agent.setLocalCandidates(candidates, now);
    this.#joinPaths(now);
  }

  networkChanged(now: Instant): void {
    this.#agent.networkChanged(now);
    this.#joinPaths(now);
  }

  /**
   * PA19: false: from now on nothing of this session leaves by UDP and nothing that comes by it counts. What is under way
   * goes out again by the relay.
   * @returns whether that is anything new
   */
  setDirectAllowed(allowed: boolean, now: Instant): boolean {
    if (allowed === this.#direct) return false;
    this.#direct = allowed;
    if (!allowed) this.#queue = this.#queue.filter(({ to }) => to === 'relay');
    this.#agent.setDirectAllowed(allowed, now);
    this.#joinPaths(now);
    return true;
  }

  /** Is the other side still there? The answer is an acknowledgement, or `doubt`. */
  ping(now: Instant): void {
    if (this.#state === 'open') this.#connection.ping(now);
  }

  /** The link to the server is back: what went into the old one is lost. */
  relayRestored(now: Instant): void {
    if (this.#state === 'open' && this.#route.kind !== 'direct') this.#connection.resendUnacked(now);
  }

  close(code: number, now: Instant): void {
    if (this.#state === 'ended') return;
    this.#connection.close(code, '', now);
    this.#collect(now);
    this.#end('closed');
  }

  /** @param bytes a whole packet whose receiver index is one of ours */
  handlePacket(bytes: Uint8Array, from: Hop, now: Instant): void {
    if (this.#state === 'ended' || (from !== 'relay' && !this.#direct)) return;
    const header = decodeHeader(bytes);
    if (!header || (header.type !== 'data' && header.type !== 'probe')) return;
    const cipher = this.#keys.receiveCipher(header.receiverIndex, now);
    if (!cipher || this.#replay.has(header.packetNumber)) return;
    const plaintext = cipher.open(
      header.packetNumber,
      bytes.subarray(0, PACKET_HEADER_BYTES),
      bytes.subarray(PACKET_HEADER_BYTES),
    );
    if (!plaintext) return;
    this.#replay.mark(header.packetNumber);
    this.#keys.confirm(header.receiverIndex);
    if (this.#state === 'unconfirmed') this.#confirm();
    if (header.type === 'probe') this.#handleProbe(plaintext, from, now);
    else if (from !== 'relay') this.#agent.handleDatagram(from, now);
    // The transport sees probes too: it acknowledges nothing of them, but a number it never saw would be a gap.
    this.#handleData(header.packetNumber, plaintext, header.ackNow, from, now);
    this.#joinPaths(now);
  }

  handleTimeout(now: Instant): void {
    if (this.#state === 'ended') return;
    if (now >= this.#keys.expiresAt) return this.#end('expired');
    this.#connection.handleTimeout(now);
    this.#agent.handleTimeout(now);
    this.#joinPaths(now);
  }

  pollTransmit(now: Instant): SessionTransmit | undefined {
    if (this.#queue.length === 0 && this.#state === 'open') this.#collect(now);
    return this.#queue.shift();
  }

  pollEvent(): SessionEvent | undefined {
    return this.#events.shift();
  }

  pollTimeout(): Instant | undefined {
    if (this.#state === 'ended') return undefined;
    if (this.#state === 'unconfirmed') return this.#keys.expiresAt;
    return earliest(this.#keys.expiresAt, earliest(this.#connection.pollTimeout()?.at, this.#agent.pollTimeout()?.at));
  }

  #confirm(): void {
    this.#state = 'open';
    this.#events.push({ type: 'confirmed' });
  }

  #end(reason: 'closed' | 'expired' | 'protocol-error'): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#events.push({ type: 'ended', reason });
  }

  #handleProbe(plaintext: Uint8Array, from: Hop, now: Instant): void {
    if (from === 'relay') return;
    const frames = decodeSessionFrames(plaintext);
    if (!frames.ok) return;
    for (const frame of frames.value) if (frame.type === 'path') this.#agent.handleProbe(frame, from, now);
  }

  #handleData(packetNumber: number, payload: Uint8Array, ackNow: boolean, from: Hop, now: Instant): void {
    const path = from === 'relay' ? RELAY_PATH : this.#pathFor(from);
    const result = this.#connection.handlePacket(packetNumber, payload, { ackNow }, path, now);
    // What cannot be read is dropped; what breaks a rule has closed the connection, and its CLOSE still goes out.
    if (!result.ok && result.error.kind === 'violation') {
      this.#collect(now);
      this.#end('protocol-error');
    }
  }

  /** Passes on what transport and agent have to tell each other until both are quiet. */
  #joinPaths(now: Instant): void {
    for (let event = this.#connection.pollEvent(); event; event = this.#connection.pollEvent()) {
      switch (event.type) {
        case 'stream':
          this.#events.push({ type: 'stream', bytes: event.bytes, road: this.#roadOf(event.path) });
          break;
        case 'stream-acked':
          this.#events.push({ type: 'stream-acked', stream: event.stream, road: this.#roadOf(event.path) });
          break;
        case 'stream-reset':
          break;
        case 'control':
          if (event.frame.type === 'candidates') this.#agent.handleCandidates(event.frame, now);
          else this.#handleRekey(event.frame, now);
          break;
        case 'path-acked': {
          const endpoint = this.#endpointOf(event.path);
          if (endpoint) this.#agent.handleAcked(endpoint, event.rttMs, now);
          break;
        }
        case 'path-doubt': {
          const endpoint = this.#endpointOf(event.path);
          if (endpoint) this.#agent.handleDoubt(endpoint, now, event.unackedMs);
          if (event.unackedMs >= 2_000 && event.ptoCount >= 2) this.#events.push({ type: 'doubt' });
          break;
        }
        case 'closed':
          this.#end('closed');
          return;
      }
    }
    for (let event = this.#agent.pollEvent(); event; event = this.#agent.pollEvent()) {
      switch (event.type) {
        case 'route':
          this.#setRoute(event.route, now);
          this.#events.push({ type: 'route', route: event.route, reason: event.reason });
          break;
        case 'candidates':
          this.#connection.sendControl(event.frame, now);
          break;
        case 'resend':
          this.#connection.resendUnacked(now);
          break;
      }
    }
  }

  #setRoute(route: Route, now: Instant): void {
    this.#route = route;
    switch (route.kind) {
      case 'relay':
        return this.#connection.setRoute([RELAY_PATH], now);
      case 'direct':
        return this.#connection.setRoute([this.#pathFor(route.endpoint)], now);
      case 'mirrored':
        return this.#connection.setRoute([this.#pathFor(route.endpoint), RELAY_PATH], now);
    }
  }

  #pathFor(endpoint: Endpoint): PathId {
    const key = endpointText(endpoint);
    const known = this.#paths.get(key);
    if (known) return known.id;
    if (this.#paths.size >= PATHS_MAX) this.#forgetOldestPath();
    const id = this.#nextPathId++ as PathId;
    this.#paths.set(key, { id, endpoint });
    this.#connection.addPath(id, {
      payloadBytesMax: DATAGRAM_BYTES_MAX - PACKET_HEADER_BYTES - AEAD_TAG_BYTES,
      ordered: false,
      initialRttMs: this.#options.initialRttMs,
    });
    return id;
  }

  #forgetOldestPath(): void {
    const inUse = this.#route.kind === 'relay' ? undefined : endpointText(this.#route.endpoint);
    for (const [key, path] of this.#paths) {
      if (key === inUse) continue;
      this.#paths.delete(key);
      this.#connection.removePath(path.id);
      return;
    }
  }

  #endpointOf(path: PathId): Endpoint | undefined {
    for (const one of this.#paths.values()) if (one.id === path) return one.endpoint;
    return undefined;
  }

  #rtt(path: PathId): number {
    return Math.round((this.#connection.rttOf(path) ?? 0) * 100) / 100;
  }

  #roadOf(path: PathId): SessionRoad {
    if (path === RELAY_PATH) return { kind: 'relay', lan: false, rttMs: this.#rtt(path) };
    const lan = this.#route.kind !== 'relay' && this.#route.lan;
    return { kind: 'direct', lan, rttMs: this.#rtt(path) };
  }

  #handleRekey(frame: RekeyFrame, now: Instant): void {
    if (frame.step === 1) {
      // Only the session's initiator begins a rekey, so both can never begin at once.
      if (this.#options.role === 'initiator') return;
      const answer = answerRekey({
        offer: frame,
        staticKey: this.#options.staticKey,
        remoteStatic: this.#options.remoteStatic,
        random: this.#options.random,
        localIndex: this.#options.newIndex(),
        lastHash: this.#keys.handshakeHash,
      });
      if (!answer) return;
      this.#keys.prepare(answer.result, now);
      this.#connection.sendControl(answer.frame, now);
    } else {
      const result = this.#rekey?.handleAnswer(frame);
      this.#rekey = undefined;
      if (!result) return;
      this.#keys.adopt(result, now);
      // Says at once, under the new key, that we have it.
      this.#connection.ping(now);
    }
    this.#events.push({ type: 'indices' });
  }

  #beginRekeyWhenDue(now: Instant): void {
    if (this.#options.role !== 'initiator' || this.#rekey || !this.#keys.wantsRekey(now)) return;
    this.#rekey = new RekeyInitiator({
      staticKey: this.#options.staticKey,
      remoteStatic: this.#options.remoteStatic,
      random: this.#options.random,
      localIndex: this.#options.newIndex(),
      lastHash: this.#keys.handshakeHash,
    });
    this.#connection.sendControl(this.#rekey.frame, now);
  }

  /** Seals what is ready: probes first, then at most one packet of the transport. */
  #collect(now: Instant): void {
    for (let probe = this.#agent.pollProbe(now); probe; probe = this.#agent.pollProbe(now)) {
      this.#queue.push({ to: probe.to, bytes: this.#sealProbe(probe.frame) });
    }
    const transmit = this.#connection.pollTransmit(now);
    if (!transmit) return;
    const bytes = this.#seal('data', transmit.ackNow, transmit.packetNumber, transmit.payload);
    for (const path of transmit.paths) {
      const to = path === RELAY_PATH ? 'relay' : this.#endpointOf(path);
      if (to) this.#queue.push({ to, bytes });
    }
    this.#beginRekeyWhenDue(now);
  }

  #sealProbe(frame: PathFrame): Uint8Array {
    const writer = new ByteWriter(PROBE_BYTES);
    writeSessionFrame(writer, frame);
    writer.zeros(PROBE_BYTES - PACKET_HEADER_BYTES - AEAD_TAG_BYTES - writer.length);
    return this.#seal('probe', false, this.#connection.nextPacketNumber(), writer.finish());
  }

  #seal(type: PacketType, ackNow: boolean, packetNumber: number, payload: Uint8Array): Uint8Array {
    const header = encodeHeader({ type, ackNow, receiverIndex: this.#keys.remoteIndex, packetNumber });
    return this.#keys.sendCipher.seal(packetNumber, header, payload);
  }
}
