import { describe } from 'vitest';
import { firstMessage } from '../sim/scenarios/first-message.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

describe('the first message to a friend, punching possible (even seeds) and impossible (odd ones)', () => {
  passesWithSeeds(firstMessage, firstSeeds(8));
});
