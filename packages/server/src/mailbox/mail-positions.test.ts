import { describe, expect, it } from 'vitest';
import { MAIL_POSITIONS_AHEAD_MS, MAIL_POSITIONS_RENEW_MS } from '../limits.ts';
import { settle, TestClock } from '../session/test-world.ts';
import { MailPositions } from './mail-positions.ts';

const AHEAD = MAIL_POSITIONS_AHEAD_MS * 1_000;

describe('positions in the logs (SV110)', () => {
  it('[SV110] are the microseconds in which they are given, and tell nothing of how many others were', async () => {
    const gaps: unknown[] = [];
    for (const others of [0, 3, 500]) {
      const { positions, clock } = await begun();
      const first = await one(positions);
      await clock.advance(5);
      for (let i = 0; i < others; i++) void one(positions);
      await clock.advance(2);
      gaps.push((await one(positions)) - first);
    }
    expect(gaps).toEqual([7_000, 7_000, 7_000]);
  });

  it('[SV110] rise within one microsecond, too', async () => {
    const { positions } = await begun();
    const first = await one(positions);
    expect([await one(positions), await one(positions)]).toEqual([first + 1, first + 2]);
  });

  it('[SV110] are at hand before anybody wants one, in the very turn, and go on being reserved ahead of time', async () => {
    const { positions, blocks, clock } = await begun();
    const given: number[] = [];
    for (let ms = 0; ms < 10 * MAIL_POSITIONS_AHEAD_MS; ms += MAIL_POSITIONS_RENEW_MS / 3) {
      void positions.take(async (position) => void given.push(position));
      await clock.advance(MAIL_POSITIONS_RENEW_MS / 3);
      await settle();
    }
    expect(given).toHaveLength(60);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    expect(blocks.next - given.at(-1)!).toBeLessThan(2 * AHEAD);
    positions.stop();
    const calls = blocks.calls;
    await clock.advance(10 * MAIL_POSITIONS_RENEW_MS);
    expect(blocks.calls).toBe(calls);
  });

  it('[SV110] never come again after a crash, and come back to the clock by themselves', async () => {
    const blocks = new Blocks();
    let highest = 0;
    for (let crash = 0; crash < 20; crash++) {
      const positions = new MailPositions(blocks.ports);
      positions.start();
      await settle();
      const position = await one(positions);
      expect(position).toBeGreaterThan(highest);
      await blocks.clock.advance(1_000);
      highest = await one(positions);
      expect(highest - position).toBeGreaterThan(500_000);
      positions.stop();
    }
    expect(highest).toBeGreaterThan(blocks.clock.wallNow() * 1_000);
    const positions = new MailPositions(blocks.ports);
    positions.start();
    for (let step = 0; step < 1_000; step++) {
      await settle();
      await blocks.clock.advance(MAIL_POSITIONS_RENEW_MS);
    }
    await settle();
    expect(await one(positions)).toBe(blocks.clock.wallNow() * 1_000);
    positions.stop();
  });

  it('[SV110] are given in the order of the calls to those that wait for a reservation', async () => {
    const blocks = new Blocks();
    blocks.holding = true;
    const positions = new MailPositions(blocks.ports);
    const given: string[] = [];
    for (const name of ['a', 'b', 'c']) void positions.take(async () => void given.push(name));
    await settle();
    expect(given).toEqual([]);
    blocks.release();
    await settle();
    expect(given).toEqual(['a', 'b', 'c']);
  });

  it('[SV110] that could not be reserved fail those that wait, and the next one tries again', async () => {
    const blocks = new Blocks();
    blocks.failing = true;
    const positions = new MailPositions(blocks.ports);
    const both = [1, 2].map(() => one(positions));
    expect(await Promise.allSettled(both)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    blocks.failing = false;
    expect(await one(positions)).toBe(blocks.clock.wallNow() * 1_000);
  });

  it('[SV110] are never given beyond what is reserved: a mail waits for a store that stands still', async () => {
    const { positions, blocks, clock } = await begun();
    blocks.holding = true;
    await clock.advance(MAIL_POSITIONS_AHEAD_MS + 1);
    const reserved = blocks.next;
    const waiting = one(positions);
    await settle();
    blocks.release();
    expect(await waiting).toBeGreaterThanOrEqual(reserved);
    positions.stop();
  });
});

function one(positions: MailPositions): Promise<number> {
  return positions.take(async (position) => position);
}

async function begun(): Promise<{ positions: MailPositions; blocks: Blocks; clock: TestClock }> {
  const blocks = new Blocks();
  const positions = new MailPositions(blocks.ports);
  positions.start();
  await settle();
  return { positions, blocks, clock: blocks.clock };
}

/** A store that gives a block at once, or when the test says so. */
class Blocks {
  failing = false;
  holding = false;
  next = 1;
  calls = 0;
  readonly clock = new TestClock();
  #held: (() => void)[] = [];
  readonly ports = {
    clock: this.clock,
    store: {
      reserveMailPositions: async (count: number, now: number): Promise<number> => {
        this.calls += 1;
        if (this.failing) throw new Error('disk full');
        if (this.holding) await new Promise<void>((resolve) => void this.#held.push(resolve));
        const first = Math.max(this.next, now * 1_000);
        this.next = first + count;
        return first;
      },
    },
  };

  release(): void {
    this.holding = false;
    for (const go of this.#held.splice(0)) go();
  }
}
