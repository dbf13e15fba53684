import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { RecentBudgets } from './rate-budget.ts';

const at = (ms: number): Instant => ms as Instant;

describe('budgets of the keys used last', () => {
  it('give a burst, then the rate, each key its own', () => {
    const budgets = new RecentBudgets(1, 2, 10);
    expect([budgets.take('a', at(0)), budgets.take('a', at(0)), budgets.take('a', at(0))]).toEqual([0, 0, 1_000]);
    expect(budgets.take('b', at(0))).toBe(0);
    expect([budgets.take('a', at(999)), budgets.take('a', at(1_000))]).toEqual([1, 0]);
  });

  it('take back what was not spent', () => {
    const budgets = new RecentBudgets(1, 1, 10);
    budgets.take('a', at(0));
    budgets.giveBack('a');
    expect(budgets.take('a', at(0))).toBe(0);
    budgets.giveBack('never taken');
  });

  it('forget the key longest unused, which gives it more and never less', () => {
    const budgets = new RecentBudgets(1, 1, 2);
    for (const key of ['a', 'b', 'c']) expect(budgets.take(key, at(0))).toBe(0);
    expect(budgets.take('c', at(0))).toBeGreaterThan(0);
    expect(budgets.take('a', at(0))).toBe(0);
  });
});
