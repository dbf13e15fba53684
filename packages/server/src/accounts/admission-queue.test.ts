import { assert } from '@magpie/common/assert.ts';
import { after, type Clock, type Instant, type WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { AdmissionQueue } from './admission-queue.ts';

const LIMITS = { runningMax: 2, waitingMax: 3, waitMsMax: 3_000 };

describe('the admission queue of password hashes', () => {
  it('runs a bounded number of jobs at the same time, the others in the order they came', async () => {
    const { queue, job, started, finish } = world();
    const answers = ['a', 'b', 'c', 'd'].map((name) => queue.run('stranger', job(name)));
    expect(started).toEqual(['a', 'b']);
    await finish('b');
    expect(started).toEqual(['a', 'b', 'c']);
    await finish('a');
    await finish('c');
    await finish('d');
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'].map((value) => ({ ok: true, value })));
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('turns away at once what finds the queue full, and says when to come back', async () => {
    const { queue, job } = world();
    for (const name of ['a', 'b', 'c', 'd', 'e']) void queue.run('stranger', job(name));
    expect(queue.waiting).toBe(3);
    expect(await queue.run('stranger', job('f'))).toEqual({ ok: false, error: { kind: 'busy', retryAfterMs: 3_000 } });
  });

  it('[SV26] lets known devices go before strangers, and strangers fill no place of theirs', async () => {
    const { queue, job, started, finish } = world();
    for (const name of ['a', 'b', 'c', 'd', 'e']) void queue.run('stranger', job(name));
    expect(await queue.run('stranger', job('f'))).toMatchObject({ ok: false });
    void queue.run('known', job('owner'));
    await finish('a');
    expect(started).toEqual(['a', 'b', 'owner']);
    await finish('b');
    expect(started).toEqual(['a', 'b', 'owner', 'c']);
  });

  it('[SV26] gives every fourth turn to a stranger who waits, however many known devices do', async () => {
    const { queue, job, started, finish } = world();
    void queue.run('known', job('a'));
    void queue.run('known', job('b'));
    void queue.run('stranger', job('s'));
    for (const name of ['c', 'd', 'e']) void queue.run('known', job(name));
    await finish('a');
    void queue.run('known', job('f'));
    await finish('b');
    void queue.run('known', job('g'));
    await finish('c');
    await finish('d');
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e', 's']);
    await finish('e');
    expect(started.at(-1)).toBe('f');
  });

  it('turns away what has waited for too long, and never runs it later', async () => {
    const { queue, job, started, finish, clock } = world();
    void queue.run('stranger', job('a'));
    void queue.run('stranger', job('b'));
    const late = queue.run('stranger', job('late'));
    clock.advance(2_999);
    const younger = queue.run('stranger', job('younger'));
    clock.advance(1);
    expect(await late).toMatchObject({ ok: false, error: { kind: 'busy' } });
    await finish('a');
    expect(started).toEqual(['a', 'b', 'younger']);
    await finish('younger');
    expect(await younger).toEqual({ ok: true, value: 'younger' });
    expect(clock.timers).toBe(0);
  });

  it('gives the place of a job that throws to the next one', async () => {
    const { queue, job, started } = world();
    const failing = queue.run('stranger', () => Promise.reject(new Error('broken')));
    void queue.run('stranger', job('b'));
    void queue.run('stranger', job('c'));
    await expect(failing).rejects.toThrow('broken');
    expect(started).toEqual(['b', 'c']);
  });
});

function world() {
  const clock = new ManualClock();
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    clock,
    started,
    queue: new AdmissionQueue(clock, LIMITS),
    job: (name: string) => () =>
      new Promise<string>((resolve) => {
        started.push(name);
        ends.set(name, () => resolve(name));
      }),
    finish: async (name: string) => {
      const end = ends.get(name);
      assert(end, `${name} runs`);
      end();
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

class ManualClock implements Clock {
  readonly #timers = new Map<object, { readonly at: Instant; readonly fire: () => void }>();
  #now = 0 as Instant;

  get timers(): number {
    return this.#timers.size;
  }

  now(): Instant {
    return this.#now;
  }

  wallNow(): WallMs {
    return 0 as WallMs;
  }

  setTimer(at: Instant, fire: () => void) {
    const key = {};
    this.#timers.set(key, { at, fire });
    return { cancel: () => void this.#timers.delete(key) };
  }

  advance(ms: number): void {
    this.#now = after(this.#now, ms);
    for (const [key, { at, fire }] of this.#timers) {
      if (at > this.#now) continue;
      this.#timers.delete(key);
      fire();
    }
  }
}
