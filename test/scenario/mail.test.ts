import { describe } from 'vitest';
import { absent } from '../sim/scenarios/absent.ts';
import { firstByMail } from '../sim/scenarios/first-by-mail.ts';
import { invisible } from '../sim/scenarios/invisible.ts';
import { mailLimits } from '../sim/scenarios/mail-limits.ts';
import { restoredCopy } from '../sim/scenarios/restored-copy.ts';
import { roadFlip } from '../sim/scenarios/road-flip.ts';
import { firstSeeds, passesWithSeeds } from './seeded.ts';

describe('what goes by the mailbox', () => {
  passesWithSeeds(firstByMail, firstSeeds(5));
  passesWithSeeds(mailLimits, firstSeeds(2));
  passesWithSeeds(absent, firstSeeds(3));
  passesWithSeeds(invisible, firstSeeds(4));
});

describe('messages on changing roads', () => {
  passesWithSeeds(roadFlip, firstSeeds(3));
});

/** The first number after the copy was given again before the login, and so what the other copy had sent by it was not asked for. */
const PAST_FAILURES: readonly number[] = [1, 2];

describe('a profile from a copy', () => {
  passesWithSeeds(restoredCopy, [...PAST_FAILURES, ...firstSeeds(4).slice(2)]);
});
