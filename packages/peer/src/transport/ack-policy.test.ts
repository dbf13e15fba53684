import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { AckPolicy } from './ack-policy.ts';
import { AckRanges } from './ack-ranges.ts';
import { pathId } from './path.ts';

const at = (ms: number): Instant => ms as Instant;
const plain = (packetNumber: number) => ({ packetNumber, path: pathId(1), ackEliciting: true, ackNow: false });

describe('when acks are sent (TR)', () => {
  it('[TR5] one packet waits for a quarter of the RTT, 25 ms at most and 1 ms at least', () => {
    for (const [rttMs, expected] of [
      [40, 110],
      [1_000, 125],
      [1, 101],
    ] as const) {
      const acks = new AckPolicy();
      acks.onPacket(plain(0), rttMs, at(100));
      expect(acks.ackAt).toBe(expected);
    }
  });

  it('[TR5] the second packet, a gap, an old number and ackNow are acked at once', () => {
    const second = new AckPolicy();
    second.onPacket(plain(0), 100, at(0));
    second.onPacket(plain(1), 100, at(5));
    expect(second.ackAt).toBe(5);
    const gap = new AckPolicy();
    gap.onPacket(plain(0), 100, at(0));
    gap.onSent();
    gap.onPacket(plain(2), 100, at(6));
    expect(gap.ackAt).toBe(6);
    gap.onSent();
    gap.onPacket(plain(1), 100, at(7));
    expect(gap.ackAt).toBe(7);
    const asked = new AckPolicy();
    asked.onPacket({ ...plain(0), ackNow: true }, 100, at(8));
    expect(asked.ackAt).toBe(8);
  });

  it('[TR5] a packet that only acknowledges is never acked by itself, but reported with the next', () => {
    const acks = new AckPolicy();
    acks.onPacket({ ...plain(0), ackEliciting: false }, 100, at(0));
    expect([acks.pending, acks.ackAt]).toEqual([false, undefined]);
    acks.onPacket(plain(1), 100, at(4));
    expect(acks.frame(at(10))).toEqual({ ranges: [{ from: 0, to: 1 }], ackDelayUs: 6_000, recvTimeUs: 4_000 });
  });

  it('[TR5] once an ack was acked its ranges are not repeated, unless something new waits', () => {
    const acks = new AckPolicy();
    for (const number of [0, 2, 4]) acks.onPacket(plain(number), 100, at(0));
    acks.onSent();
    acks.onAckAcked(4);
    acks.onPacket(plain(6), 100, at(1));
    expect(acks.frame(at(1)).ranges).toEqual([{ from: 6, to: 6 }]);
    acks.onAckAcked(6);
    expect(acks.frame(at(1)).ranges).toEqual([{ from: 6, to: 6 }]);
  });

  it('[TR1] 32 ranges are kept, the highest', () => {
    const ranges = new AckRanges();
    for (let i = 0; i < 100; i++) ranges.add(i * 2);
    expect(ranges.descending().length).toBe(32);
    expect(ranges.descending()[0]).toEqual({ from: 198, to: 198 });
    expect(ranges.descending().at(-1)).toEqual({ from: 136, to: 136 });
  });
});
