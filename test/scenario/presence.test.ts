import { describe } from 'vitest';
import { presence } from '../sim/scenarios/presence.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

/** Roads without traffic are only doubted at their next keepalive; connections that one side holds alone. */
const PAST_DOUBTS: readonly number[] = [14, 42];

describe('what friends are shown of each other', () => {
  passesWithSeeds(presence, [...PAST_DOUBTS, ...firstSeeds(8)]);
});
