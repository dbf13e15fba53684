import { REPLAY_WINDOW_PACKETS } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from './replay-window.ts';
import { unitHash } from './transport-pair.ts';

describe('the replay window (TR)', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`[TR6] says the same as a set of all numbers ever seen (seed ${seed})`, () => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (let step = 0; step < 6_000; step++) {
        const chance = unitHash(seed, step, 1);
        const spread = chance < 0.9 ? 40 : chance < 0.99 ? 9_000 : 60_000;
        const number = Math.max(0, highest + Math.floor((unitHash(seed, step, 2) - 0.6) * spread));
        const expected = seen.has(number) || number <= highest - REPLAY_WINDOW_PACKETS;
        expect(window.has(number), `${number} with highest ${highest}`).toBe(expected);
        if (expected) continue;
        window.mark(number);
        seen.add(number);
        highest = Math.max(highest, number);
      }
    });
  }

  it('[TR6] accepts the last number inside the window and refuses the first outside, at every bit of a word', () => {
    for (let highest = REPLAY_WINDOW_PACKETS; highest < REPLAY_WINDOW_PACKETS + 70; highest++) {
      const window = new ReplayWindow();
      window.mark(highest);
      expect(window.has(highest - REPLAY_WINDOW_PACKETS + 1)).toBe(false);
      expect(window.has(highest - REPLAY_WINDOW_PACKETS)).toBe(true);
    }
  });

  it('[TR6] asking marks nothing, and a jump over the whole window forgets all that was below', () => {
    const window = new ReplayWindow();
    expect([window.has(5), window.has(5)]).toEqual([false, false]);
    for (let number = 0; number < 300; number++) window.mark(number);
    window.mark(2 ** 47);
    expect(window.has(2 ** 47)).toBe(true);
    expect(window.has(2 ** 47 - 1)).toBe(false);
    expect(window.has(2 ** 47 - REPLAY_WINDOW_PACKETS + 1)).toBe(false);
    expect(window.has(299)).toBe(true);
  });

  it('a number below the window is not marked by mistake', () => {
    const window = new ReplayWindow();
    window.mark(20_000);
    window.mark(1);
    expect(window.has(19_999)).toBe(false);
  });
});
