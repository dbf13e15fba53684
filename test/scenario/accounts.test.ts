import { describe } from 'vitest';
import { blockedAsks, guessFlood, olderList } from '../sim/scenarios/account-attacks.ts';
import { accounts } from '../sim/scenarios/accounts.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

/** An empty message shown in place of a refused one; a list of devices that nobody told a person without friends of. */
const PAST_FAILURES: readonly number[] = [11, 48];

describe('accounts, devices and blocks among friends', () => {
  passesWithSeeds(accounts, [...PAST_FAILURES, ...firstSeeds(14)]);
});

describe('attacks on accounts', () => {
  passesWithSeeds(blockedAsks, firstSeeds(3));
  passesWithSeeds(olderList, firstSeeds(4));
  passesWithSeeds(guessFlood, firstSeeds(1));
});
