import { unreachable } from '@magpie/common/assert.ts';
import { decodeSessionFrames } from '@magpie/common/packets/decode-packet.ts';
import type { AckFrame, DataFrame, SessionFrame, StreamClass } from '@magpie/common/packets/packet.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { earliest, type Instant } from '@magpie/common/time.ts';
import { AckPolicy } from './ack-policy.ts';
import {
  CLOSE_VIOLATION,
  type ConnectionEvent,
  type ConnectionStats,
  type Transmit,
  type TransportError,
  type Violation,
} from './connection-event.ts';
import type { ControlFrame } from './control-outbox.ts';
import type { Flight } from './flight.ts';
import { FlowControl } from './flow-control.ts';
import { ACK_DELAY_MS_MAX, CLOSE_PACKETS_MAX, PTO_PROBE_PACKETS } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import { type BuiltPacket, buildAckPacket, buildClosePacket, buildPacket } from './packet-builder.ts';
import { type PathId, type PathProperties, RELAY_PATH } from './path.ts';
import { RecvStreams } from './recv-streams.ts';
import { Routes } from './routes.ts';
import type { SentContent, SentPacket } from './sent-packets.ts';

export {
  CLOSE_VIOLATION,
  type ConnectionEvent,
  type ConnectionStats,
  type Transmit,
  type TransportError,
  type Violation,
} from './connection-event.ts';
export { type PathId, type PathProperties, pathId, RELAY_PATH } from './path.ts';

/**
 * The reliable connection of one session: streams in, streams out, whatever the paths do. It knows payloads and
 * packet numbers, never keys, sockets or addresses. After each command or `handle*`, drain `pollTransmit` and
 * `pollEvent`, then arm a timer for `pollTimeout`; an ack that waits for the drain covers all packets of one pass.
 */
export class Connection {
  readonly #routes = new Routes();
  readonly #acks = new AckPolicy();
  readonly #flow = new FlowControl();
  readonly #outgoing: Outgoing;
  readonly #recvStreams: RecvStreams;
  readonly #events: ConnectionEvent[] = [];
  #nextPacketNumber = 0;
  #pingPending = false;
  #probesLeft = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #close: { readonly code: number; readonly reason: string; packetsLeft: number; due: boolean } | undefined;
  readonly #stats = {
    packetsSent: 0,
    packetsReceived: 0,
    packetsLost: 0,
    spuriousLosses: 0,
    ptoCount: 0,
    payloadBytesSent: 0,
    payloadBytesReceived: 0,
    streamsOpened: 0,
    streamsAcked: 0,
    streamsReceived: 0,
  };

  /** @param options.initiator of the session's handshake: its stream ids are even, the responder's odd */
  constructor(options: { readonly initiator: boolean }) {
    this.#outgoing = new Outgoing(options.initiator ? 0 : 1, this.#flow);
    this.#recvStreams = new RecvStreams(options.initiator ? 1 : 0, this.#flow);
  }

  addPath(path: PathId, properties: PathProperties): void {
    this.#routes.addPath(path, properties);
  }

  /** What was unacknowledged on it goes out again on what is left of the route, or on the next one. */
  removePath(path: PathId): void {
    this.#outgoing.requeue(this.#routes.removePath(path));
  }

  /**
   * Where packets go from now on: one path, two (mirrored: the same packet on both) or none. Packets under way on the
   * old route may still be acked; if its probe timeout passes first, they go out again on this one.
   */
  setRoute(paths: readonly PathId[], now: Instant): void {
    const before = this.#routes.current;
    this.#outgoing.requeue(this.#routes.setRoute(paths, now));
    if (this.#routes.current !== before) this.#probesLeft = 0;
  }

  /** Puts all that is unacknowledged back to be sent, for a change of route under doubt. Nothing is delivered twice. */
  resendUnacked(now: Instant): void {
    for (const flight of this.#routes.flights()) {
      this.#outgoing.requeue(flight.replaceAll());
      flight.restart(now);
    }
    this.#probesLeft = 0;
  }

  /**
   * Sends the bytes as one stream, delivered whole and once.
   * @param bytes at most STREAM_BYTES_MAX; kept, not copied
   * @returns the stream id that `stream-acked` will name
   */
  openStream(
    streamClass: StreamClass,
    bytes: Uint8Array,
    _now: Instant,
  ): Result<number, 'too-many-streams' | 'closed'> {
    if (this.#state !== 'open') return err('closed');
    const opened = this.#outgoing.streams.open(streamClass, bytes);
    if (opened.ok) this.#stats.streamsOpened++;
    return opened;
  }

  /** Sent until acked; a newer frame of the same type replaces an older one that is not. */
  sendControl(frame: ControlFrame, _now: Instant): void {
    if (this.#state === 'open') this.#outgoing.control.put(frame);
  }

  /** Asks for an ack with the next packet, to see whether the route still works. */
  ping(_now: Instant): void {
    this.#pingPending = true;
  }

  /** Says CLOSE and stops; nothing unacknowledged is sent any more. A second call changes nothing. */
  close(code: number, reason: string, _now: Instant): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#close = { code, reason, packetsLeft: CLOSE_PACKETS_MAX, due: true };
  }

  /** A number for a probe that the session builds itself; like all of them used once. */
  nextPacketNumber(): number {
    return this.#nextPacketNumber++;
  }

  /**
   * Takes the payload of a data or probe packet, after the replay window and the AEAD have passed it.
   * @param path where it came in
   */
  handlePacket(
    packetNumber: number,
    payload: Uint8Array,
    header: { readonly ackNow: boolean },
    path: PathId,
    now: Instant,
  ): Result<void, TransportError> {
    if (this.#state === 'closed') return ok(undefined);
    const decoded = decodeSessionFrames(payload);
    if (!decoded.ok) return err({ kind: 'malformed', cause: decoded.error });
    this.#stats.packetsReceived++;
    this.#stats.payloadBytesReceived += payload.length;
    let { ackNow } = header;
    let ackEliciting = false;
    if (this.#state === 'closing') return this.#handleWhileClosing(decoded.value);
    for (const frame of decoded.value) {
      const violation = this.#handleFrame(frame, path, now);
      if (violation) {
        this.close(CLOSE_VIOLATION, violation, now);
        return err({ kind: 'violation', rule: violation });
      }
      ackEliciting ||= isAckEliciting(frame);
      ackNow ||= isUrgent(frame);
    }
    const rttMs = this.#routes.current?.paths[0]?.rtt.smoothedMs ?? 0;
    this.#acks.onPacket({ packetNumber, path, ackEliciting, ackNow }, rttMs, now);
    return ok(undefined);
  }

  /** Call once `now` reaches `pollTimeout().at`; too early does nothing. */
  handleTimeout(now: Instant): void {
    if (this.#state !== 'open') return;
    for (const flight of this.#routes.flights()) {
      const timeout = flight.timeout(this.#outgoing.urgent);
      if (!timeout || timeout.at > now) continue;
      if (timeout.reason === 'loss') this.#detectLosses(flight, now);
      else if (flight === this.#routes.current) this.#onPto(flight, now);
      else this.#outgoing.requeue(flight.replaceAll());
    }
  }

  pollTransmit(now: Instant): Transmit | undefined {
    const flight = this.#routes.current;
    if (!flight || this.#state === 'closed') return undefined;
    if (this.#state === 'closing') return this.#pollClose(flight);
    const ackDue = this.#acks.ackAt !== undefined && this.#acks.ackAt <= now;
    const ackApart = this.#ackBelongsApart(flight);
    if (ackDue && ackApart) return this.#transmit(flight, buildAckPacket(this.#acks, now), now, RELAY_PATH);

    const probing = this.#probesLeft > 0;
    if (probing) this.#outgoing.requeue(flight.oldestContents(PTO_PROBE_PACKETS - this.#probesLeft));
    const built = buildPacket(
      {
        acks: this.#acks,
        outgoing: this.#outgoing,
        payloadBytesMax: flight.payloadBytesMax,
        windowRoomBytes: probing ? Number.POSITIVE_INFINITY : flight.windowRoomBytes,
        mayAck: !ackApart,
        ackDue,
        ping: this.#pingPending || probing,
        ackNow: probing,
      },
      now,
    );
    if (!built) return undefined;
    if (probing) this.#probesLeft--;
    return this.#transmit(flight, built, now);
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.#events.shift();
  }

  pollTimeout(): { readonly at: Instant; readonly reason: 'ack' | 'loss' | 'pto' } | undefined {
    if (this.#state !== 'open') return undefined;
    const ackAt = this.#routes.current ? this.#acks.ackAt : undefined;
    let next: { at: Instant; reason: 'ack' | 'loss' | 'pto' } | undefined;
    if (ackAt !== undefined) next = { at: ackAt, reason: 'ack' };
    for (const flight of this.#routes.flights()) {
      const timeout = flight.timeout(this.#outgoing.urgent);
      if (timeout && (!next || timeout.at < next.at)) next = timeout;
    }
    return next;
  }

  /** Payloads with header and tag, once per packet, mirrored or not. */
  get bytesInFlight(): number {
    let bytes = 0;
    for (const flight of this.#routes.flights()) bytes += flight.bytesInFlight;
    return bytes;
  }

  /** A stream or a control frame of ours is not acknowledged yet. */
  get hasUnacked(): boolean {
    return this.#outgoing.streams.unacked > 0 || !this.#outgoing.control.empty;
  }

  get oldestUnackedSentAt(): Instant | undefined {
    let oldest: Instant | undefined;
    for (const flight of this.#routes.flights()) oldest = earliest(oldest, flight.oldestSentAt);
    return oldest;
  }

  /** One probe timeout of a chat message on the route of now, before any doubling; undefined without a route. */
  get ptoMs(): number | undefined {
    return this.#routes.current?.ptoMs;
  }

  /** Smoothed RTT in milliseconds, undefined before the first sample. */
  rttOf(path: PathId): number | undefined {
    const rtt = this.#routes.path(path)?.rtt;
    return rtt?.sampled ? rtt.smoothedMs : undefined;
  }

  stats(): ConnectionStats {
    return { ...this.#stats };
  }

  #handleFrame(frame: SessionFrame, path: PathId, now: Instant): Violation | undefined {
    switch (frame.type) {
      case 'ack':
        return this.#handleAck(frame, now);
      case 'data':
        return this.#handleData(frame, path);
      case 'credit':
        this.#flow.onCredit(frame.dataMax);
        return undefined;
      case 'reset': {
        const ended = this.#recvStreams.handleReset(frame.stream, frame.finalBytes);
        if (!ended.ok) return ended.error;
        if (ended.value) this.#events.push({ type: 'stream-reset', stream: frame.stream, code: frame.code });
        return undefined;
      }
      case 'stop':
        return this.#handleStop(frame.stream, frame.code);
      case 'close':
        this.#state = 'closed';
        this.#events.push({ type: 'closed', code: frame.code, reason: frame.reason });
        return undefined;
      case 'rekey':
      case 'candidates':
        this.#events.push({ type: 'control', frame });
        return undefined;
      // Path frames are the session's; the others have no meaning in this version and are acknowledged only.
      case 'path':
      case 'padding':
      case 'ping':
      case 'stream-credit':
      case 'datagram':
      case 'path-challenge':
      case 'path-response':
      case 'new-index':
      case 'retire-index':
        return undefined;
      default:
        return unreachable(frame);
    }
  }

  #handleAck(frame: AckFrame, now: Instant): Violation | undefined {
    const largest = frame.ranges[0]!.to;
    if (largest >= this.#nextPacketNumber) return 'ack-of-unsent';
    for (const flight of this.#routes.flights()) {
      const acked = flight.acknowledge(frame.ranges, now);
      if (acked.length === 0) continue;
      const road = flight.pathIds.includes(RELAY_PATH) ? RELAY_PATH : flight.pathIds[0]!;
      for (const packet of acked) this.#onAcked(packet.contents, road);
      this.#measureRtt(flight, acked, frame, now);
      const spurious = acked.filter((packet) => packet.state === 'lost').length;
      if (spurious > 0) flight.onSpuriousLoss(now);
      this.#stats.spuriousLosses += spurious;
      this.#detectLosses(flight, now);
    }
    return undefined;
  }

  /** Only a packet that went over one path says how long that path takes. */
  #measureRtt(flight: Flight, acked: readonly SentPacket[], frame: AckFrame, now: Instant): void {
    const [path, mirror] = flight.paths;
    if (!path || mirror) return;
    const newest = acked.find((packet) => packet.packetNumber === frame.ranges[0]!.to);
    if (newest) path.rtt.update(now - newest.sentAt, Math.min(frame.ackDelayUs / 1_000, ACK_DELAY_MS_MAX));
    this.#events.push({ type: 'path-acked', path: path.id, rttMs: path.rtt.smoothedMs });
  }

  #handleData(frame: DataFrame, path: PathId): Violation | undefined {
    const received = this.#recvStreams.handleData(frame);
    if (!received.ok) return received.error;
    if (!received.value) return undefined;
    this.#stats.streamsReceived++;
    this.#events.push({ type: 'stream', path, ...received.value });
    return undefined;
  }

  #handleStop(stream: number, code: number): Violation | undefined {
    if (!this.#outgoing.streams.wasOpened(stream)) return 'stop-of-unopened';
    const finalBytes = this.#outgoing.streams.abandon(stream);
    if (finalBytes === undefined) return undefined;
    this.#outgoing.resets.put({ stream, code, finalBytes });
    this.#events.push({ type: 'stream-reset', stream, code });
    return undefined;
  }

  /** The peer may have missed our CLOSE: say it again, a few times, unless it closed too. */
  #handleWhileClosing(frames: readonly SessionFrame[]): Result<void, TransportError> {
    if (frames.some((frame) => frame.type === 'close')) this.#state = 'closed';
    else if (this.#close && this.#close.packetsLeft > 0) this.#close.due = true;
    return ok(undefined);
  }

  #detectLosses(flight: Flight, now: Instant): void {
    const lost = flight.detectLosses(now);
    this.#stats.packetsLost += lost.length;
    for (const packet of lost) this.#outgoing.requeue(packet.contents);
  }

  #onPto(flight: Flight, now: Instant): void {
    const unackedMs = now - (flight.oldestSentAt ?? now);
    flight.onPto(now);
    this.#stats.ptoCount++;
    this.#probesLeft = PTO_PROBE_PACKETS;
    for (const path of flight.pathIds) {
      this.#events.push({ type: 'path-doubt', path, ptoCount: flight.ptoCount, unackedMs });
    }
  }

  #onAcked(contents: readonly SentContent[], path: PathId): void {
    for (const content of contents) if (content.kind === 'ack') this.#acks.onAckAcked(content.upTo);
    this.#outgoing.onAcked(contents, (stream) => {
      this.#stats.streamsAcked++;
      this.#events.push({ type: 'stream-acked', stream, path });
    });
  }

  /**
   * The peer sends by relay while our route is direct: it may know that the direct path is dead where we do not yet.
   * Then acks go both ways, and by themselves, so that data keeps to its route.
   */
  #ackBelongsApart(flight: Flight): boolean {
    if (this.#acks.lastElicitedBy !== RELAY_PATH || flight.pathIds.includes(RELAY_PATH)) return false;
    return this.#routes.path(RELAY_PATH) !== undefined;
  }

  #transmit(flight: Flight, built: BuiltPacket, now: Instant, alsoOn?: PathId): Transmit {
    const packetNumber = this.#nextPacketNumber++;
    if (built.ackEliciting) {
      this.#pingPending = false;
      this.#outgoing.requeue(flight.onSent(packetNumber, built.payload.length, built.contents, now));
    }
    return this.#counted({
      packetNumber,
      payload: built.payload,
      paths: alsoOn === undefined ? flight.pathIds : [...flight.pathIds, alsoOn],
      ackNow: built.ackNow,
      ackEliciting: built.ackEliciting,
    });
  }

  #pollClose(flight: Flight): Transmit | undefined {
    const close = this.#close;
    if (!close?.due) return undefined;
    close.due = false;
    close.packetsLeft--;
    const relayToo = this.#routes.path(RELAY_PATH) && !flight.pathIds.includes(RELAY_PATH);
    return this.#counted({
      packetNumber: this.#nextPacketNumber++,
      payload: buildClosePacket(close.code, close.reason),
      paths: relayToo ? [...flight.pathIds, RELAY_PATH] : flight.pathIds,
      ackNow: false,
      ackEliciting: false,
    });
  }

  #counted(transmit: Transmit): Transmit {
    this.#stats.packetsSent++;
    this.#stats.payloadBytesSent += transmit.payload.length;
    return transmit;
  }
}

function isAckEliciting(frame: SessionFrame): boolean {
  return frame.type !== 'ack' && frame.type !== 'padding' && frame.type !== 'close' && frame.type !== 'path';
}

/** Frames worth an ack at once: control, and the end of a chat stream. */
function isUrgent(frame: SessionFrame): boolean {
  if (frame.type === 'data') return frame.fin && frame.opening !== undefined && frame.opening.class <= 1;
  return frame.type === 'candidates' || frame.type === 'rekey';
}
