import { describe } from 'vitest';
import { replayedHandshake, staleSession, strangerAsks } from '../sim/scenarios/attacks.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

describe('attacks', () => {
  passesWithSeeds(replayedHandshake, firstSeeds(3));
  passesWithSeeds(strangerAsks, firstSeeds(3));
  passesWithSeeds(staleSession, firstSeeds(8));
});
