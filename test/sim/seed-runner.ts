// A child of the sim command: runs one scenario for some seeds and prints one JSON line per seed. A mutant is planted
// before any product code is loaded, so this file imports none of it statically.
import { parseArgs } from 'node:util';
import { mutantNamed } from './mutants.ts';
import type { Violation } from './oracle.ts';
import { plantMutant } from './plant-mutant.ts';
import type { ScenarioOutcome } from './scenario.ts';

/** What the child tells the parent about one seed. */
export interface SeedReport {
  readonly scenario: string;
  readonly seed: number;
  readonly seconds: number;
  readonly violations: readonly (Omit<Violation, 'kind'> & { readonly kind: string })[];
  readonly traceHash: string;
  readonly figures: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seeds: { type: 'string' },
    size: { type: 'string' },
    mutant: { type: 'string' },
    'stop-at': { type: 'string' },
  },
});
const mutant = values.mutant === undefined ? undefined : mutantNamed(values.mutant);
if (values.mutant !== undefined && !mutant) throw new Error(`no mutant is named ${values.mutant}`);
const wasLoaded = mutant ? plantMutant(mutant.plants) : () => true;
const { scenarioNamed } = await import('./scenarios.ts');
const scenario = scenarioNamed(values.scenario ?? '');
if (!scenario) throw new Error(`no scenario is named ${values.scenario}`);

const stopAt = (values['stop-at'] ?? '').split(',');
let broken: unknown;
process.on('unhandledRejection', (reason) => {
  broken ??= reason;
});

for (const seed of (values.seeds ?? '').split(',').map(Number)) {
  const report = await runSeed(seed);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.violations.some((violation) => stopAt.includes(violation.kind))) break;
}
process.exit(0);

async function runSeed(seed: number): Promise<SeedReport> {
  const startedMs = performance.now();
  broken = undefined;
  let outcome: ScenarioOutcome = { violations: [], traceHash: '', figures: {} };
  try {
    outcome = await scenario!.run(seed, values.size === 'full' ? 'full' : 'small');
  } catch (error) {
    broken ??= error;
  }
  if (!wasLoaded()) broken ??= new Error(`a file of the mutant was never loaded`);
  const thrown = broken === undefined ? [] : [{ kind: 'thrown', atMs: 0, detail: textOf(broken) }];
  return {
    scenario: scenario!.name,
    seed,
    seconds: (performance.now() - startedMs) / 1000,
    violations: [...outcome.violations, ...thrown],
    traceHash: outcome.traceHash,
    figures: outcome.figures,
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
