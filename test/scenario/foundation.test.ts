import { describe, expect, it } from 'vitest';
import { foundation } from '../sim/scenarios/foundation.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

/** Seeds that once failed: first of all, and for ever. */
const PAST_FAILURES: readonly number[] = [79, 108, 176, 199];

describe('friends under every fault there is', () => {
  passesWithSeeds(foundation, [...PAST_FAILURES, ...firstSeeds(12)]);

  it('runs the same way twice with the same seed', async () => {
    const first = await foundation.run(3);
    const second = await foundation.run(3);
    expect(second.traceHash).toBe(first.traceHash);
    expect((await foundation.run(4)).traceHash).not.toBe(first.traceHash);
  });
});
