import type { Violation } from './oracle.ts';

export interface ScenarioOutcome {
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  /** Measured in this run, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Scenario {
  readonly name: string;
  /** One sentence: what is tried. */
  readonly what: string;
  readonly run: (seed: number) => Promise<ScenarioOutcome>;
}
