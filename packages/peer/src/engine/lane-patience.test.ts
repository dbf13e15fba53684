import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { LanePatience } from './lane-patience.ts';

describe('patience with a session (DL)', () => {
  it('[DL20] ends two seconds after the first message without a receipt', () => {
    const patience = new LanePatience(() => 100);
    patience.handleWaiting(at(1_000));
    patience.handleWaiting(at(2_500));
    expect(patience.pollTimeout()).toBe(3_000);
    expect(patience.handleTimeout(at(2_999))).toBe(false);
    expect(patience.handleTimeout(at(3_000))).toBe(true);
    expect(patience.stalled).toBe(true);
  });

  it('[DL20] lasts two probe timeouts on a slow road', () => {
    const patience = new LanePatience(() => 4_000);
    patience.handleWaiting(at(0));
    expect(patience.pollTimeout()).toBe(8_000);
  });

  it('[DL20] begins anew with every receipt, and is not needed when nothing waits', () => {
    const patience = new LanePatience(() => undefined);
    patience.handleWaiting(at(0));
    patience.handleReceipt(true, at(1_500));
    expect(patience.pollTimeout()).toBe(3_500);
    patience.handleReceipt(false, at(2_000));
    expect(patience.pollTimeout()).toBeUndefined();
  });

  it('[DL20] stays at its end until a receipt comes', () => {
    const patience = new LanePatience(() => undefined);
    patience.handleWaiting(at(0));
    patience.handleTimeout(at(2_000));
    patience.handleWaiting(at(2_100));
    expect(patience.pollTimeout()).toBeUndefined();
    patience.handleReceipt(true, at(3_000));
    expect(patience.stalled).toBe(false);
    expect(patience.pollTimeout()).toBe(5_000);
  });
});

function at(ms: number): Instant {
  return ms as Instant;
}
