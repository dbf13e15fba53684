import { describe, expect, it } from 'vitest';
import { messages } from '../sim/scenarios/messages.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

/**
 * States of copies told in a slot that a restart then replaced; a recalled message whose friend told nothing more; a mail
 * with an old number that came after the session had brought the new one, and made what nobody had read count as read.
 */
const PAST_FAILURES: readonly number[] = [1, 3, 21];

describe('messages on any road, also when nobody is there', () => {
  passesWithSeeds(messages, [...PAST_FAILURES, ...firstSeeds(10).slice(3)]);

  it('runs the same way twice with the same seed', async () => {
    const first = await messages.run(2);
    const second = await messages.run(2);
    expect(second.traceHash).toBe(first.traceHash);
  });
});
