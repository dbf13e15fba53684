import type { Scenario } from './scenario.ts';
import { absent } from './scenarios/absent.ts';
import { blockedAsks, guessFlood, olderList } from './scenarios/account-attacks.ts';
import { accounts } from './scenarios/accounts.ts';
import { replayedHandshake, staleSession, strangerAsks } from './scenarios/attacks.ts';
import { firstByMail } from './scenarios/first-by-mail.ts';
import { firstMessage } from './scenarios/first-message.ts';
import { foundation } from './scenarios/foundation.ts';
import { invisible } from './scenarios/invisible.ts';
import { mailLimits } from './scenarios/mail-limits.ts';
import { messages } from './scenarios/messages.ts';
import { presence } from './scenarios/presence.ts';
import { restoredCopy } from './scenarios/restored-copy.ts';
import { roadFlip } from './scenarios/road-flip.ts';

export const SCENARIOS: readonly Scenario[] = [
  foundation,
  firstMessage,
  presence,
  accounts,
  messages,
  firstByMail,
  roadFlip,
  restoredCopy,
  invisible,
  mailLimits,
  absent,
  replayedHandshake,
  strangerAsks,
  staleSession,
  blockedAsks,
  olderList,
  guessFlood,
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
