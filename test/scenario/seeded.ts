import { expect, it } from 'vitest';
import type { Scenario } from '../sim/scenario.ts';

/** One test per seed; a failing seed repeats alone by `npm run sim -- --scenario NAME --seed N`. */
export function passesWithSeeds(scenario: Scenario, seeds: readonly number[]): void {
  it.each(seeds)(`${scenario.what} (seed %i)`, async (seed) => {
    const outcome = await scenario.run(seed);
    expect(outcome.violations).toEqual([]);
  });
}

export function firstSeeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
