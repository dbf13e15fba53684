import type { Scenario } from './scenario.ts';
import { replayedHandshake, staleSession, strangerAsks } from './scenarios/attacks.ts';
import { firstMessage } from './scenarios/first-message.ts';
import { foundation } from './scenarios/foundation.ts';
import { presence } from './scenarios/presence.ts';

export const SCENARIOS: readonly Scenario[] = [
  foundation,
  firstMessage,
  presence,
  replayedHandshake,
  strangerAsks,
  staleSession,
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
