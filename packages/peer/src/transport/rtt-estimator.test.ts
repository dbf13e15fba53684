import { describe, expect, it } from 'vitest';
import { ptoMs } from './pto.ts';
import { RttEstimator } from './rtt-estimator.ts';

describe('the RTT estimator (TR)', () => {
  it('[TR8] takes the first sample as it is, half of it as variation (RFC 9002 5.3)', () => {
    const rtt = new RttEstimator(333);
    expect([rtt.smoothedMs, rtt.variationMs, rtt.sampled]).toEqual([333, 166.5, false]);
    rtt.update(100, 25);
    expect([rtt.smoothedMs, rtt.variationMs, rtt.minMs, rtt.sampled]).toEqual([100, 50, 100, true]);
  });

  it('[TR8] weighs 1/8 and 1/4, and subtracts the ack delay only down to the minimum', () => {
    const rtt = new RttEstimator(333);
    rtt.update(100, 0);
    rtt.update(140, 20);
    expect(rtt.variationMs).toBeCloseTo(0.75 * 50 + 0.25 * 20, 9);
    expect(rtt.smoothedMs).toBeCloseTo(0.875 * 100 + 0.125 * 120, 9);
    const before = rtt.smoothedMs;
    rtt.update(105, 20);
    expect(rtt.smoothedMs).toBeCloseTo(0.875 * before + 0.125 * 105, 9);
  });

  it('[TR8] keeps fractions of a millisecond: a LAN does not read 0', () => {
    const rtt = new RttEstimator(50);
    for (let i = 0; i < 100; i++) rtt.update(0.2, 0);
    expect(rtt.smoothedMs).toBeCloseTo(0.2, 6);
  });
});

describe('the probe timeout (TR)', () => {
  const rtt = new RttEstimator(333);
  rtt.update(100, 0);

  it('[TR11] is srtt + 4 rttvar + 25 ms, without the ack delay while chat is pending', () => {
    expect(ptoMs(rtt, false, 0, false)).toBe(325);
    expect(ptoMs(rtt, false, 0, true)).toBe(300);
  });

  it('[TR11] doubles up to 2 s while chat is pending and 10 s otherwise', () => {
    expect([0, 1, 2, 3, 9, 999].map((count) => ptoMs(rtt, false, count, true))).toEqual([
      300, 600, 1_200, 2_000, 2_000, 2_000,
    ]);
    expect(ptoMs(rtt, false, 5, false)).toBe(10_000);
  });

  it('[TR11] is at least 1 s on an ordered path, and never below one plain timeout of a slow one', () => {
    expect(ptoMs(rtt, true, 0, true)).toBe(1_000);
    const slow = new RttEstimator(3_000);
    slow.update(3_000, 0);
    expect(ptoMs(slow, false, 4, true)).toBe(9_000);
  });
});
