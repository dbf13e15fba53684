import type { AckFrame } from '@magpie/common/packets/packet.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { AckRanges } from './ack-ranges.ts';
import { ACK_DELAY_MS_MAX, ACK_DELAY_MS_MIN, ACK_EVERY_PACKETS } from './limits.ts';
import type { PathId } from './path.ts';

export interface ReceivedPacket {
  readonly packetNumber: number;
  readonly path: PathId;
  readonly ackEliciting: boolean;
  /** The sender asked for it, or the content is worth it. */
  readonly ackNow: boolean;
}

/**
 * When to acknowledge (transport.md 2.6): at once after two packets, after a gap or reordering and where asked, else
 * within min(25 ms, a quarter of the RTT). Packets that only acknowledge are never acknowledged by themselves.
 */
export class AckPolicy {
  readonly #ranges = new AckRanges();
  #largestReceivedAt = 0 as Instant;
  /** Ack-eliciting packets since the last ack left. */
  #unacked = 0;
  #ackAt: Instant | undefined;
  #lastElicitedBy: PathId | undefined;

  /** An ack-eliciting packet waits for its ack, so that any packet may carry one. */
  get pending(): boolean {
    return this.#unacked > 0;
  }

  /** When an ack has to leave even by itself. */
  get ackAt(): Instant | undefined {
    return this.#ackAt;
  }

  /** Where the newest ack-eliciting packet came in: the road that surely works in the other direction. */
  get lastElicitedBy(): PathId | undefined {
    return this.#lastElicitedBy;
  }

  /** @param rttMs smoothed RTT of the route that acks take */
  onPacket(packet: ReceivedPacket, rttMs: number, now: Instant): void {
    const inOrder = this.#ranges.add(packet.packetNumber);
    if (this.#ranges.largest === packet.packetNumber) this.#largestReceivedAt = now;
    if (!packet.ackEliciting) return;
    this.#unacked++;
    this.#lastElicitedBy = packet.path;
    const atOnce = packet.ackNow || !inOrder || this.#unacked >= ACK_EVERY_PACKETS;
    const delayMs = Math.max(ACK_DELAY_MS_MIN, Math.min(ACK_DELAY_MS_MAX, rttMs / 4));
    if (atOnce) this.#ackAt = now;
    else this.#ackAt ??= after(now, delayMs);
  }

  frame(now: Instant): Omit<AckFrame, 'type'> {
    return {
      ranges: this.#ranges.descending(),
      ackDelayUs: Math.max(0, Math.round((now - this.#largestReceivedAt) * 1_000)),
      recvTimeUs: (Math.floor(this.#largestReceivedAt * 1_000) % 2 ** 32) >>> 0,
    };
  }

  get largest(): number {
    return this.#ranges.largest;
  }

  onSent(): void {
    this.#unacked = 0;
    this.#ackAt = undefined;
  }

  /** An ack of ours has been acknowledged: what it reported need not be repeated, unless something new waits. */
  onAckAcked(upTo: number): void {
    if (!this.pending) this.#ranges.forget(upTo);
  }
}
