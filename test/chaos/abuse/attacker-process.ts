// The process of the attackers: what they cost themselves does not slow down anybody honest.
import { serveBench } from '../../bench/bench-process.ts';
import { fillHalfFrames, halfOpen, leaveHalfOpen, registerHalfFrames } from './half-opener.ts';
import { floodPasswords, registerVictims } from './password-flooder.ts';
import { abuseRelay } from './relay-abuser.ts';
import { makeCrowd, readAgain, stopReading } from './slow-reader-crowd.ts';
import { spam } from './spammer.ts';

serveBench({
  ...{ registerVictims, floodPasswords },
  ...{ registerHalfFrames, fillHalfFrames, halfOpen, leaveHalfOpen },
  ...{ makeCrowd, stopReading, readAgain },
  ...{ abuseRelay, spam },
});
