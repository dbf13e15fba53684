import type { Scenario } from './scenario.ts';
import { blockedAsks, guessFlood, olderList } from './scenarios/account-attacks.ts';
import { accounts } from './scenarios/accounts.ts';
import { replayedHandshake, staleSession, strangerAsks } from './scenarios/attacks.ts';
import { firstMessage } from './scenarios/first-message.ts';
import { foundation } from './scenarios/foundation.ts';
import { messages } from './scenarios/messages.ts';
import { presence } from './scenarios/presence.ts';

export const SCENARIOS: readonly Scenario[] = [
  foundation,
  firstMessage,
  presence,
  accounts,
  messages,
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
