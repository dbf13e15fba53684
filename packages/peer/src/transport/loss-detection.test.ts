import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { RETIRED_PACKETS_MAX } from './limits.ts';
import { LossDetection } from './loss-detection.ts';
import { type SentPacket, SentPackets } from './sent-packets.ts';

const at = (ms: number): Instant => ms as Instant;

/** Packets 0..count-1, 1 ms apart. */
function sentPackets(count: number): SentPackets {
  const sent = new SentPackets();
  for (let i = 0; i < count; i++) {
    sent.push({ packetNumber: i, sequence: i, sentAt: at(i), bytes: 100, contents: [], state: 'sent' });
  }
  return sent;
}

function ack(sent: SentPackets, from: number, to = from): number[] {
  const acked: number[] = [];
  sent.acknowledge(from, to, (packet) => acked.push(packet.packetNumber));
  return acked;
}

const numbersOf = (packets: readonly SentPacket[]): number[] => packets.map((packet) => packet.packetNumber);

describe('loss detection (TR)', () => {
  it('[TR9] a packet is lost when one sent three later is acked', () => {
    const sent = sentPackets(10);
    const loss = new LossDetection(false);
    ack(sent, 4);
    expect(numbersOf(loss.detect(sent, 4, 1_000, at(10)))).toEqual([0, 1]);
    expect(sent.oldest()?.packetNumber).toBe(2);
  });

  it('[TR9] a packet is lost 9/8 of the RTT after it was sent, once a later one is acked', () => {
    const sent = sentPackets(3);
    const loss = new LossDetection(false);
    expect(loss.detect(sent, -1, 80, at(500))).toEqual([]);
    ack(sent, 2);
    expect(loss.detect(sent, 2, 80, at(80))).toEqual([]);
    expect(loss.lossAt).toBe(90);
    expect(numbersOf(loss.detect(sent, 2, 80, at(90)))).toEqual([0]);
    expect(loss.lossAt).toBe(91);
  });

  it('[TR9] on an ordered path only time tells', () => {
    const sent = sentPackets(50);
    const loss = new LossDetection(true);
    ack(sent, 49);
    expect(loss.detect(sent, 49, 1_000, at(60))).toEqual([]);
    expect(loss.detect(sent, 49, 1_000, at(1_125)).length).toBe(1);
  });

  it('[TR9] a spurious loss raises both thresholds up to their bounds; clean round trips bring them down', () => {
    const loss = new LossDetection(false);
    for (let i = 0; i < 10; i++) loss.onSpuriousLoss(at(0));
    expect([loss.packetThreshold, loss.timeThreshold]).toEqual([32, 2]);
    for (let round = 1; round <= 10; round++) loss.detect(sentPackets(0), -1, 10, at(round * 160));
    expect([loss.packetThreshold, loss.timeThreshold]).toEqual([3, 9 / 8]);
  });
});

describe('sent packets', () => {
  it('[TR3] an ack names a packet once; retired packets can still be named, up to their bound', () => {
    const sent = sentPackets(1_000);
    expect(ack(sent, 10, 12)).toEqual([10, 11, 12]);
    expect(ack(sent, 0, 12)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    sent.eachOutstanding((packet) => {
      sent.retire(packet, 'lost');
      return true;
    });
    expect(sent.outstanding).toBe(0);
    expect(sent.size).toBe(RETIRED_PACKETS_MAX);
    expect(ack(sent, 0, 2 ** 40).length).toBe(RETIRED_PACKETS_MAX);
    expect(sent.size).toBe(0);
  });

  it('finds the oldest outstanding by rank, after any mixture of acks and losses', () => {
    const sent = sentPackets(200);
    ack(sent, 0, 99);
    sent.retire(sent.oldest()!, 'lost');
    ack(sent, 102);
    expect([sent.oldest(0), sent.oldest(1), sent.oldest(500)].map((packet) => packet?.packetNumber)).toEqual([
      101,
      103,
      undefined,
    ]);
  });
});
