import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { AutoAway } from './auto-away.ts';

describe('away by itself', () => {
  it('comes after the time without activity, and ends with the first', () => {
    const autoAway = of(600);
    expect(autoAway.pollTimeout()).toBe(600);
    autoAway.handleTimeout(at(599));
    expect(autoAway.status).toBe('online');
    autoAway.handleActivity(at(599));
    expect(autoAway.pollTimeout()).toBe(1_199);
    autoAway.handleTimeout(at(1_199));
    expect(autoAway.status).toBe('away');
    expect(autoAway.wish).toBe('online');
    expect(autoAway.pollTimeout()).toBeUndefined();
    autoAway.handleActivity(at(9_000));
    expect(autoAway.status).toBe('online');
    expect(autoAway.pollTimeout()).toBe(9_600);
  });

  it.each(['busy', 'away', 'offline'] as const)('leaves somebody alone who wants to be seen as %s', (wish) => {
    const autoAway = of(600);
    autoAway.setWish(wish, at(10));
    expect(autoAway.pollTimeout()).toBeUndefined();
    autoAway.handleTimeout(at(100_000));
    expect(autoAway.status).toBe(wish);
  });

  it('is switched off by 0, also while away', () => {
    const autoAway = of(600);
    autoAway.handleTimeout(at(600));
    autoAway.setAfter(0, at(700));
    expect(autoAway.status).toBe('online');
    expect(autoAway.pollTimeout()).toBeUndefined();
  });

  it('takes a choice of status for a sign of life', () => {
    const autoAway = of(600);
    autoAway.handleTimeout(at(600));
    autoAway.setWish('online', at(700));
    expect(autoAway.status).toBe('online');
    expect(autoAway.pollTimeout()).toBe(1_300);
  });
});

function of(afterMs: number): AutoAway {
  const autoAway = new AutoAway(at(0));
  autoAway.setAfter(afterMs, at(0));
  return autoAway;
}

function at(ms: number): Instant {
  return ms as Instant;
}
