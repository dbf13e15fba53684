import { describe, expect, it } from 'vitest';
import { RangeSet } from './range-set.ts';
import { unitHash } from './transport-pair.ts';

function rangesOf(set: RangeSet): [number, number][] {
  return Array.from({ length: set.size }, (_, i) => [set.at(i)!.from, set.at(i)!.to]);
}

describe('a range set', () => {
  it('joins what touches or overlaps, and splits where a middle is removed', () => {
    const set = new RangeSet();
    set.add(10, 12);
    set.add(14, 15);
    expect(rangesOf(set)).toEqual([
      [10, 12],
      [14, 15],
    ]);
    set.add(13, 13);
    expect(rangesOf(set)).toEqual([[10, 15]]);
    set.remove(12, 13);
    expect(rangesOf(set)).toEqual([
      [10, 11],
      [14, 15],
    ]);
    expect(set.missing(8, 20)).toEqual([
      { from: 8, to: 9 },
      { from: 12, to: 13 },
      { from: 16, to: 20 },
    ]);
  });

  for (let seed = 1; seed <= 6; seed++) {
    it(`does what a set of numbers does (seed ${seed})`, () => {
      const set = new RangeSet();
      const model = new Set<number>();
      for (let step = 0; step < 600; step++) {
        const from = Math.floor(unitHash(seed, step, 1) * 200);
        const to = from + Math.floor(unitHash(seed, step, 2) ** 3 * 40);
        const adds = unitHash(seed, step, 3) < 0.55;
        for (let value = from; value <= to; value++) adds ? model.add(value) : model.delete(value);
        if (adds) set.add(from, to);
        else set.remove(from, to);
        const probe = Math.floor(unitHash(seed, step, 4) * 240);
        expect(set.has(probe)).toBe(model.has(probe));
        expect(set.covers(from, to)).toBe(adds);
        const missing = set.missing(0, 260).flatMap((gap) => numbers(gap.from, gap.to));
        expect(missing).toEqual(numbers(0, 260).filter((value) => !model.has(value)));
        for (const [i, [start]] of rangesOf(set).entries())
          if (i > 0) expect(start).toBeGreaterThan(set.at(i - 1)!.to + 1);
      }
    });
  }
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
