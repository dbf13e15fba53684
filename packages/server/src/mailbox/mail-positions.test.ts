import { describe, expect, it } from 'vitest';
import { settle, TestClock } from '../session/test-world.ts';
import { MailPositions } from './mail-positions.ts';

describe('positions in the logs (SV110)', () => {
  it('[SV110] are given at once out of a reserved block, and another one is reserved before it runs out', async () => {
    const blocks = new Blocks();
    const positions = new MailPositions(blocks.ports, 4);
    const first = positions.take(async (position) => position);
    expect(blocks.open).toHaveLength(1);
    blocks.open.shift()?.(100);
    expect(await first).toBe(100);
    const given: number[] = [];
    const note = async (position: number): Promise<void> => void given.push(position);
    void positions.take(note);
    expect([given, blocks.open.length]).toEqual([[101], 1]);
    blocks.open.shift()?.(200);
    await settle();
    for (let i = 0; i < 3; i++) void positions.take(note);
    expect(given).toEqual([101, 102, 103, 200]);
  });

  it('[SV110] are at hand for the first mail when the server has had time to start', async () => {
    const blocks = new Blocks();
    const positions = new MailPositions(blocks.ports, 4);
    positions.prepare();
    positions.prepare();
    expect(blocks.open).toHaveLength(1);
    blocks.open.shift()?.(100);
    await settle();
    const given: number[] = [];
    void positions.take(async (position) => void given.push(position));
    expect(given).toEqual([100]);
  });

  it('[SV110] are given in the order of the calls to those that wait for a block', async () => {
    const blocks = new Blocks();
    const positions = new MailPositions(blocks.ports, 2);
    const given: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      void positions.take(async (position) => void given.push(`${name}${position}`));
    }
    for (const next of [10, 20, 30]) {
      blocks.open.shift()?.(next);
      await settle();
    }
    expect(given).toEqual(['a10', 'b11', 'c20', 'd21', 'e30']);
  });

  it('[SV110] that could not be reserved fail those that wait, and the next one tries again', async () => {
    const blocks = new Blocks();
    blocks.failing = true;
    const positions = new MailPositions(blocks.ports, 2);
    const both = [1, 2].map(() => positions.take(async (position) => position));
    expect(await Promise.allSettled(both)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    blocks.failing = false;
    const next = positions.take(async (position) => position);
    blocks.open.shift()?.(7);
    expect(await next).toBe(7);
  });
});

/** A store that gives a block when the test says so. */
class Blocks {
  failing = false;
  readonly open: ((first: number) => void)[] = [];
  readonly ports = {
    clock: new TestClock(),
    store: {
      reserveMailPositions: (): Promise<number> => {
        if (this.failing) return Promise.reject(new Error('disk full'));
        return new Promise((resolve) => void this.open.push(resolve));
      },
    },
  };
}
