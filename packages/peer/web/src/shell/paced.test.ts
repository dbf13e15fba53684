import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Paced } from './paced.ts';

describe('what is paced', () => {
  let done: string[];
  let paced: Paced;
  beforeEach(() => {
    vi.useFakeTimers();
    done = [];
    paced = new Paced(1_000);
  });
  afterEach(() => vi.useRealTimers());

  const run = (about: string, what: string) => paced.run(about, () => done.push(what));

  it('comes at once, and of a flood only now and then the newest', () => {
    for (let n = 0; n < 10_000; n++) {
      run('bob', `${n}`);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(1_000);
    expect(done[0]).toBe('0');
    expect(done.at(-1)).toBe('9999');
    expect(done.length).toBeLessThanOrEqual(12);
  });

  it('holds nothing back for another', () => {
    run('bob', 'from bob');
    run('carol', 'from carol');
    expect(done).toEqual(['from bob', 'from carol']);
  });

  it('forgets what was dropped, and everything at its end', () => {
    run('bob', 'first');
    run('bob', 'second');
    paced.drop('bob');
    run('carol', 'first');
    run('carol', 'second');
    paced.stop();
    vi.advanceTimersByTime(10_000);
    expect(done).toEqual(['first', 'first']);
  });
});
