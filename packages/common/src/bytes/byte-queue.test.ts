import { describe, expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

describe('queue of received bytes', () => {
  it('gives back what was pushed, in order, however it was cut', () => {
    for (const [pushBytes, takeBytes] of [
      [1, 1],
      [1, 7],
      [7, 1],
      [5, 13],
      [64, 3],
    ] as const) {
      const queue = new ByteQueue();
      const taken: number[] = [];
      for (let at = 0; at < 1_000; at += pushBytes) {
        queue.push(Uint8Array.from({ length: Math.min(pushBytes, 1_000 - at) }, (_, i) => (at + i) % 251));
        for (let bytes = queue.take(takeBytes); bytes; bytes = queue.take(takeBytes)) taken.push(...bytes);
        if (at % 3 === 0) queue.settle();
      }
      taken.push(...queue.take(queue.length)!);
      expect(taken).toEqual(Array.from({ length: 1_000 }, (_, i) => i % 251));
    }
  });

  it('does not copy what comes whole', () => {
    const queue = new ByteQueue();
    const bytes = Uint8Array.of(1, 2, 3, 4);
    queue.push(bytes);
    expect(queue.take(2)!.buffer).toBe(bytes.buffer);
    expect(queue.take(2)!.buffer).toBe(bytes.buffer);
  });

  it('never writes to a view that was taken', () => {
    const queue = new ByteQueue();
    const views: Uint8Array[] = [];
    for (let i = 0; i < 200; i++) {
      queue.push(Uint8Array.of(i, i, i));
      if (i > 0) views.push(queue.take(3)!);
    }
    expect(views.map((view) => [...view])).toEqual(Array.from({ length: 199 }, (_, i) => [i, i, i]));
  });

  it('looks ahead and skips', () => {
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(1, 2));
    queue.push(Uint8Array.of(3));
    queue.skip(1);
    expect([queue.byteAt(0), queue.byteAt(1), queue.length]).toEqual([2, 3, 2]);
    expect(queue.take(3)).toBeUndefined();
    expect(queue.length).toBe(2);
  });

  it('lets go of a large buffer for a short rest, and of everything when cleared', () => {
    const queue = new ByteQueue();
    queue.push(new Uint8Array(65_536).fill(7));
    queue.skip(65_530);
    queue.settle();
    expect(queue.take(6)!.buffer.byteLength).toBe(6);
    queue.push(Uint8Array.of(1));
    queue.clear();
    expect([queue.length, queue.take(1)]).toEqual([0, undefined]);
  });

  it('does not copy the whole rest for every byte that trickles in', () => {
    const queue = new ByteQueue();
    const startMs = performance.now();
    for (let i = 0; i < 262_144; i++) {
      queue.push(Uint8Array.of(1));
      queue.settle();
    }
    expect(queue.length).toBe(262_144);
    // Quadratic copying would move 34 GB here.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });
});
