import type { Violation } from './oracle.ts';

export interface ScenarioOutcome {
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  /** Measured in this run, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** `full` is for runs by hand, of scenarios that have it. */
export type ScenarioSize = 'small' | 'full';

export interface Scenario {
  readonly name: string;
  /** One sentence: what is tried. */
  readonly what: string;
  readonly run: (seed: number, size?: ScenarioSize) => Promise<ScenarioOutcome>;
}
