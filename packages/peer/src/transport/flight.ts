import { after, type Instant } from '@magpie/common/time.ts';
import { PACKET_OVERHEAD_BYTES, SENT_PACKETS_MAX } from './limits.ts';
import { LossDetection } from './loss-detection.ts';
import type { Path, PathId } from './path.ts';
import { ptoMs } from './pto.ts';
import type { Range } from './range-set.ts';
import { type SentContent, type SentPacket, SentPackets } from './sent-packets.ts';

export interface FlightTimeout {
  readonly at: Instant;
  readonly reason: 'loss' | 'pto';
}

/**
 * The packets sent on one route, that is on one path or mirrored on two. Loss is judged among packets of the same
 * route only, because packets on another road overtake or lag for reasons that are no loss. The probe timeout counts
 * from the oldest outstanding packet or the last progress, not from the newest packet as in RFC 9002 section 6.2.1:
 * with one short message after the other a dead path would otherwise stay unnoticed while they are typed.
 */
export class Flight {
  readonly paths: readonly Path[];
  readonly pathIds: readonly PathId[];
  readonly payloadBytesMax: number;
  readonly #sent = new SentPackets();
  readonly #loss: LossDetection;
  readonly #ordered: boolean;
  #nextSequence = 0;
  #largestAcked = -1;
  #ptoCount = 0;
  #bytesInFlight = 0;
  /** The timeout does not count from before this: last progress, last timeout, or taken into use. */
  #ptoFrom = Number.NEGATIVE_INFINITY as Instant;

  constructor(paths: readonly Path[]) {
    this.paths = paths;
    this.pathIds = paths.map((path) => path.id);
    this.payloadBytesMax = Math.min(...paths.map((path) => path.properties.payloadBytesMax));
    this.#ordered = paths.some((path) => path.properties.ordered);
    this.#loss = new LossDetection(paths.every((path) => path.properties.ordered));
  }

  get ptoCount(): number {
    return this.#ptoCount;
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get hasOutstanding(): boolean {
    return this.#sent.outstanding > 0;
  }

  /** Nothing left that an ack could name. */
  get empty(): boolean {
    return this.#sent.size === 0;
  }

  get oldestSentAt(): Instant | undefined {
    return this.#sent.oldest()?.sentAt;
  }

  /** Bytes that the window of the tightest path still takes; negative when probes went beyond it. */
  get windowRoomBytes(): number {
    let room = Number.POSITIVE_INFINITY;
    for (const path of this.paths) room = Math.min(room, path.controller.windowBytes - path.bytesInFlight);
    return room;
  }

  /** The route is taken into use (again): its timeouts start afresh. */
  restart(now: Instant): void {
    this.#ptoCount = 0;
    this.#ptoFrom = now;
  }

  /** @returns the contents of a packet that had to be given up to make room, to be sent again */
  onSent(
    packetNumber: number,
    payloadBytes: number,
    contents: readonly SentContent[],
    now: Instant,
  ): readonly SentContent[] {
    const bytes = payloadBytes + PACKET_OVERHEAD_BYTES;
    const oldest = this.#sent.outstanding >= SENT_PACKETS_MAX ? this.#sent.oldest() : undefined;
    if (oldest) this.#retire(oldest, 'replaced');
    this.#sent.push({ packetNumber, sequence: this.#nextSequence++, sentAt: now, bytes, contents, state: 'sent' });
    this.#bytesInFlight += bytes;
    for (const path of this.paths) path.bytesInFlight += bytes;
    return oldest ? oldest.contents : [];
  }

  /** @returns the packets that these ranges acknowledge for the first time */
  acknowledge(ranges: readonly Range[], now: Instant): readonly SentPacket[] {
    const acked: SentPacket[] = [];
    for (const { from, to } of ranges) this.#sent.acknowledge(from, to, (packet) => acked.push(packet));
    for (const packet of acked) {
      if (packet.state === 'sent') this.#leave(packet);
      for (const path of this.paths) path.controller.onAcked(packet.bytes);
      this.#largestAcked = Math.max(this.#largestAcked, packet.sequence);
    }
    if (acked.length > 0) this.restart(now);
    return acked;
  }

  /** Some of the acked packets had been given up as lost: judge more slowly from now on. */
  onSpuriousLoss(now: Instant): void {
    this.#loss.onSpuriousLoss(now);
    for (const path of this.paths) path.controller.onSpuriousLoss();
  }

  /** @returns the packets that are lost by now; their contents are to be sent again */
  detectLosses(now: Instant): readonly SentPacket[] {
    const lost = this.#loss.detect(this.#sent, this.#largestAcked, this.#slowest().rtt.cautiousMs, now);
    for (const packet of lost) {
      this.#leave(packet);
      for (const path of this.paths) path.controller.onLost(packet.bytes);
    }
    return lost;
  }

  /** Gives up everything outstanding without calling it lost. @returns what it carried */
  replaceAll(): readonly SentContent[] {
    const contents: SentContent[] = [];
    this.#sent.eachOutstanding((packet) => {
      contents.push(...packet.contents);
      this.#retire(packet, 'replaced');
      return true;
    });
    this.#loss.clear();
    return contents;
  }

  /** Of a chat message, before any doubling. */
  get ptoMs(): number {
    return ptoMs(this.#slowest().rtt, this.#ordered, 0, true);
  }

  onPto(now: Instant): void {
    this.#ptoCount++;
    this.#ptoFrom = now;
  }

  /** What the outstanding packet of that rank carried (the oldest if there are fewer): the best content of a probe. */
  oldestContents(rank: number): readonly SentContent[] {
    return (this.#sent.oldest(rank) ?? this.#sent.oldest())?.contents ?? [];
  }

  timeout(chatPending: boolean): FlightTimeout | undefined {
    if (this.#loss.lossAt !== undefined) return { at: this.#loss.lossAt, reason: 'loss' };
    const oldest = this.#sent.oldest();
    if (!oldest) return undefined;
    const from = Math.max(oldest.sentAt, this.#ptoFrom) as Instant;
    const lengthMs = ptoMs(this.#slowest().rtt, this.#ordered, this.#ptoCount, chatPending);
    return { at: after(from, lengthMs), reason: 'pto' };
  }

  #retire(packet: SentPacket, state: 'lost' | 'replaced'): void {
    this.#sent.retire(packet, state);
    this.#leave(packet);
  }

  #leave(packet: SentPacket): void {
    this.#bytesInFlight -= packet.bytes;
    for (const path of this.paths) path.bytesInFlight -= packet.bytes;
  }

  #slowest(): Path {
    return this.paths.reduce((a, b) => (b.rtt.smoothedMs > a.rtt.smoothedMs ? b : a));
  }
}
