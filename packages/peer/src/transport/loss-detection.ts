import type { Instant } from '@magpie/common/time.ts';
import { after } from '@magpie/common/time.ts';
import {
  CLEAN_ROUND_TRIPS,
  GRANULARITY_MS,
  PACKET_THRESHOLD,
  PACKET_THRESHOLD_MAX,
  TIME_THRESHOLDS,
} from './limits.ts';
import type { SentPacket, SentPackets } from './sent-packets.ts';

/**
 * Which packets of one flight are lost: RFC 9002 section 6.1, by how many sent later were acked and by time. When an
 * ack proves a loss wrong, both thresholds rise; they come down again after clean round trips.
 */
export class LossDetection {
  readonly #ordered: boolean;
  #packetThreshold = PACKET_THRESHOLD;
  #timeThresholdRank = 0;
  #raisedAt: Instant | undefined;
  #lossAt: Instant | undefined;

  /** @param ordered the path keeps the order, so only time tells: what is missing may have been dropped for others */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  get packetThreshold(): number {
    return this.#packetThreshold;
  }

  get timeThreshold(): number {
    return TIME_THRESHOLDS[this.#timeThresholdRank]!;
  }

  /** When the next packet becomes lost by time alone; set by `detect`. */
  get lossAt(): Instant | undefined {
    return this.#lossAt;
  }

  /**
   * Retires every outstanding packet that is lost by now.
   * @param largestAcked sequence of the newest acked packet of the flight
   * @param rttMs the larger of the newest and the smoothed RTT
   */
  detect(sent: SentPackets, largestAcked: number, rttMs: number, now: Instant): SentPacket[] {
    this.#relax(rttMs, now);
    const lost: SentPacket[] = [];
    const delayMs = Math.max(this.timeThreshold * rttMs, GRANULARITY_MS);
    this.#lossAt = undefined;
    sent.eachOutstanding((packet) => {
      if (packet.sequence >= largestAcked) return false;
      const overtaken = !this.#ordered && largestAcked - packet.sequence >= this.#packetThreshold;
      const lostAt = after(packet.sentAt, delayMs);
      if (overtaken || lostAt <= now) {
        lost.push(packet);
        sent.retire(packet, 'lost');
      } else this.#lossAt ??= lostAt;
      return true;
    });
    return lost;
  }

  onSpuriousLoss(now: Instant): void {
    this.#packetThreshold = Math.min(this.#packetThreshold * 2, PACKET_THRESHOLD_MAX);
    this.#timeThresholdRank = Math.min(this.#timeThresholdRank + 1, TIME_THRESHOLDS.length - 1);
    this.#raisedAt = now;
  }

  /** Nothing is outstanding any more. */
  clear(): void {
    this.#lossAt = undefined;
  }

  #relax(rttMs: number, now: Instant): void {
    if (this.#raisedAt === undefined || now < after(this.#raisedAt, CLEAN_ROUND_TRIPS * rttMs)) return;
    this.#packetThreshold = Math.max(PACKET_THRESHOLD, this.#packetThreshold >> 1);
    this.#timeThresholdRank = Math.max(0, this.#timeThresholdRank - 1);
    const raised = this.#packetThreshold > PACKET_THRESHOLD || this.#timeThresholdRank > 0;
    this.#raisedAt = raised ? now : undefined;
  }
}
