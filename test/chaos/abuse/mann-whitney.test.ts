import { describe, expect, it } from 'vitest';
import { mannWhitneyP } from './mann-whitney.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the Mann-Whitney U test', () => {
  it('gives 1 for the same values twice, and for values that are all equal', () => {
    expect(mannWhitneyP(upTo(50), upTo(50))).toBeCloseTo(1, 6);
    expect(mannWhitneyP(Array(30).fill(7), Array(30).fill(7))).toBe(1);
  });

  it('agrees with a calculation by hand without ties', () => {
    // U = 0, mean 200, variance 20 · 20 · 41 / 12 = 1366.67, z = 199.5 / 36.968 = 5.3965.
    const a = upTo(20);
    const b = a.map((value) => value + 100);
    expect(mannWhitneyP(a, b)).toBeCloseTo(6.796e-8, 9);
  });

  it('agrees with a calculation by hand with ties', () => {
    // Ranks: 10 zeros share 5.5, 30 ones share 25.5; a has 8 zeros and 12 ones. R = 350, U = 140, mean 200,
    // tie term 990 + 26970 = 27960, variance 400/12 · (41 - 27960/1560) = 769.23, z = 59.5 / 27.735 = 2.1453.
    const a = [...Array(8).fill(0), ...Array(12).fill(1)];
    const b = [...Array(2).fill(0), ...Array(18).fill(1)];
    expect(mannWhitneyP(a, b)).toBeCloseTo(0.03193, 4);
  });

  it('is the same from both sides', () => {
    const [a, b] = [upTo(30), upTo(40).map((value) => value * 0.9 + 1)];
    expect(mannWhitneyP(a, b)).toBeCloseTo(mannWhitneyP(b, a), 12);
  });

  it('finds a shift of half a deviation among five hundred, and none where there is none', () => {
    // A fixed sequence that fills the unit interval evenly, in two interleaved halves.
    const golden = upTo(1_000).map((i) => (i * 0.6180339887498949) % 1);
    const a = golden.filter((_, i) => i % 2 === 0);
    const b = golden.filter((_, i) => i % 2 === 1);
    expect(mannWhitneyP(a, b)).toBeGreaterThan(0.01);
    expect(
      mannWhitneyP(
        a,
        b.map((value) => value + 0.1),
      ),
    ).toBeLessThan(0.01);
  });
});
