import { parseArgs } from 'node:util';
import { printReport, type Row, row } from '../../scripts/report.ts';
import { MUTANT_SEEDS_MAX, MUTANTS, type Mutant, mutantNamed } from './mutants.ts';
import { VIOLATION_KINDS } from './oracle.ts';
import type { ScenarioSize } from './scenario.ts';
import { SCENARIO_PLANS, type ScenarioPlan } from './scenario-plans.ts';
import { hasViolationOf, runSeeds } from './seed-pool.ts';
import type { SeedReport } from './seed-runner.ts';

const SEEDS_DEFAULT = 20;
/** Violations shown per seed; the rest is counted. */
const SHOWN_MAX = 5;

const USAGE = `npm run sim -- [--seeds N] [--seed S] [--scenario X] [--size small|full] [--mutant NAME|all|none] [--json]
  size:      full is 10,000 messages among 20 clients, with --scenario messages
  scenarios: ${SCENARIO_PLANS.map((plan) => plan.name).join(', ')}
  mutants:   ${MUTANTS.map((mutant) => mutant.name).join(', ')}
`;

/** Runs scenarios for many seeds, or plants bugs and sees that they are caught. @returns the exit code */
export async function simCommand(commandArguments: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const options = parseCommand(commandArguments);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${USAGE}`);
    return 2;
  }
  const rows: Row[] = [];
  for (const plan of options.plans) rows.push(...(await runPlan(plan, seedsFor(options, plan.share), options.size)));
  if (options.checkDeterminism) rows.push(await determinismRow(options.firstSeed));
  for (const mutant of options.mutants) rows.push(await mutantRow(mutant));
  return printReport('sim', startedMs, rows, options.json) ? 0 : 1;
}

interface CommandOptions {
  readonly plans: typeof SCENARIO_PLANS;
  readonly mutants: readonly Mutant[];
  readonly firstSeed: number;
  readonly seedCount: number;
  readonly single: boolean;
  readonly size: ScenarioSize;
  readonly checkDeterminism: boolean;
  readonly json: boolean;
}

function parseCommand(commandArguments: readonly string[]): CommandOptions | string {
  let values: { seeds?: string; seed?: string; scenario?: string; size?: string; mutant?: string; json?: boolean };
  try {
    values = parseArgs({
      args: [...commandArguments],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        scenario: { type: 'string' },
        size: { type: 'string' },
        mutant: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
  const seedCount = Number(values.seeds ?? (values.seed === undefined ? SEEDS_DEFAULT : 1));
  const firstSeed = Number(values.seed ?? 1);
  if (!Number.isInteger(seedCount) || seedCount < 1 || !Number.isInteger(firstSeed)) return 'seeds are whole numbers';
  const plans = SCENARIO_PLANS.filter((plan) => values.scenario === undefined || plan.name === values.scenario);
  if (plans.length === 0) return `no scenario is named ${values.scenario}`;
  const size = values.size ?? 'small';
  if (size !== 'small' && size !== 'full') return `no size is named ${size}`;
  const chosen = mutantNamed(values.mutant ?? '');
  const named = values.mutant !== undefined && values.mutant !== 'all' && values.mutant !== 'none';
  if (named && !chosen) return `no mutant is named ${values.mutant}`;
  const everything = values.scenario === undefined && values.seed === undefined;
  const allMutants = values.mutant === 'all' || (values.mutant === undefined && everything);
  return {
    plans: chosen || values.mutant === 'all' ? [] : plans,
    mutants: chosen ? [chosen] : allMutants ? MUTANTS : [],
    firstSeed,
    seedCount,
    single: values.seed !== undefined,
    size,
    checkDeterminism: everything && values.mutant !== 'all' && !chosen,
    json: values.json ?? false,
  };
}

function seedsFor(options: CommandOptions, share: number): readonly number[] {
  const count = options.single
    ? options.seedCount
    : Math.max(Math.min(2, options.seedCount), Math.ceil(options.seedCount * share));
  return Array.from({ length: count }, (_, i) => options.firstSeed + i);
}

async function runPlan(plan: ScenarioPlan, seeds: readonly number[], size: ScenarioSize): Promise<readonly Row[]> {
  const { name: scenario, figures } = plan;
  const judged: readonly string[] = plan.judged;
  const reports = await runSeeds({ scenario, seeds, size }, showReport);
  const rows = [
    row(
      `${scenario}.seeds`,
      'seeds run to their end',
      reports.length,
      'seeds',
      String(seeds.length),
      reports.length === seeds.length,
    ),
  ];
  const kinds = [...VIOLATION_KINDS, 'thrown'];
  for (const kind of kinds) {
    const count = reports.reduce((sum, report) => sum + report.violations.filter((v) => v.kind === kind).length, 0);
    const always = judged.includes(kind);
    if (count > 0 || always)
      rows.push(row(`${scenario}.${kind}`, `over ${seeds.length} seeds`, count, '', '0', count === 0));
  }
  for (const figure of figures) {
    const values = reports.flatMap((report) => report.figures[figure.name] ?? []);
    if (values.length === 0) continue;
    const value = figure.take === 'max' ? Math.max(...values) : values.reduce((sum, each) => sum + each, 0);
    const met = figure.most === undefined ? value > 0 : value <= figure.most;
    rows.push(
      row(
        `${scenario}.${figure.name}`,
        figure.what,
        value,
        figure.unit,
        figure.most === undefined ? 'above 0' : `at most ${figure.most}`,
        met,
      ),
    );
  }
  return rows;
}

async function determinismRow(seed: number): Promise<Row> {
  const hashes: string[] = [];
  for (let i = 0; i < 2; i++) {
    const [report] = await runSeeds({ scenario: 'foundation', seeds: [seed] }, () => {});
    hashes.push(report?.traceHash ?? '');
  }
  const same = hashes[0] !== '' && hashes[0] === hashes[1];
  return row(
    'deterministic',
    `seed ${seed} twice, hash of every packet and its time`,
    same ? 'equal' : hashes.join(' and '),
    '',
    'equal',
    same,
  );
}

/**
 * Met when a seed shows what the bug does to users, and the same seed is green without the bug. A run that breaks shows
 * nothing: it would break for any typing error too.
 */
async function mutantRow(mutant: Mutant): Promise<Row> {
  process.stderr.write(`mutant ${mutant.name}: ${mutant.what}\n`);
  const seeds = Array.from({ length: MUTANT_SEEDS_MAX }, (_, i) => i + 1);
  let tried = 0;
  for (const scenario of mutant.scenarios) {
    const reports = await runSeeds({ scenario, seeds, mutant: mutant.name, stopAt: mutant.caughtAs }, () => {
      tried++;
    });
    const caught = reports.find((report) => hasViolationOf(mutant.caughtAs, report));
    if (!caught) continue;
    const [healthy] = await runSeeds({ scenario, seeds: [caught.seed] }, () => {});
    const isGreen = healthy?.violations.length === 0;
    process.stderr.write(`  caught by ${scenario} with seed ${caught.seed}: ${shorten(caught, mutant)}\n`);
    return row(
      `mutant.${mutant.name}`,
      `caught by ${scenario}, seed ${caught.seed}, which without the bug is ${isGreen ? 'green' : 'RED'}`,
      tried,
      'seeds',
      `caught within ${MUTANT_SEEDS_MAX}, green without`,
      tried <= MUTANT_SEEDS_MAX && isGreen,
    );
  }
  return row(`mutant.${mutant.name}`, mutant.what, 'not caught', '', `caught within ${MUTANT_SEEDS_MAX}`, false);
}

function showReport(report: SeedReport): void {
  const figures = Object.entries(report.figures).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`);
  const verdict = report.violations.length === 0 ? 'ok' : `${report.violations.length} VIOLATIONS`;
  process.stderr.write(
    `${report.scenario} seed ${report.seed}: ${verdict}, ${report.seconds.toFixed(1)} s, ${figures.join(', ')}\n`,
  );
  for (const violation of report.violations.slice(0, SHOWN_MAX)) {
    process.stderr.write(`  ${violation.kind} at ${violation.atMs} ms: ${violation.detail}\n`);
  }
  if (report.violations.length > 0) {
    process.stderr.write(`  repeat: npm run sim -- --scenario ${report.scenario} --seed ${report.seed}\n`);
  }
}

function shorten(report: SeedReport, mutant: Mutant): string {
  const first = report.violations.find(({ kind }) => mutant.caughtAs.some((each) => each === kind))!;
  return `${first.kind}: ${first.detail.split('\n', 1)[0]!.slice(0, 160)}`;
}
