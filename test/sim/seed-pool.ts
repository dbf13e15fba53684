import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ScenarioSize } from './scenario.ts';
import type { SeedReport } from './seed-runner.ts';

const RUNNER = join(dirname(fileURLToPath(import.meta.url)), 'seed-runner.ts');
/** Real time without any seed finishing after which a child counts as hung. */
const HUNG_MS = 120_000;
/** The same for a large one. */
const HUNG_FULL_MS = 900_000;

export interface SeedJob {
  readonly scenario: string;
  readonly seeds: readonly number[];
  readonly mutant?: string;
  readonly size?: ScenarioSize;
  /** The first seed with a violation of one of these kinds ends the job. */
  readonly stopAt?: readonly string[];
}

/** Runs the seeds in as many child processes as there are cores. `onReport` hears of each seed as it ends. */
export async function runSeeds(job: SeedJob, onReport: (report: SeedReport) => void): Promise<readonly SeedReport[]> {
  const width = Math.max(1, Math.min(availableParallelism(), job.seeds.length));
  const slices = Array.from({ length: width }, (_, i) => job.seeds.filter((_seed, index) => index % width === i));
  const children: ChildProcess[] = [];
  const reports: SeedReport[] = [];
  const take = (report: SeedReport): void => {
    reports.push(report);
    onReport(report);
    if (endsJob(job, report)) for (const child of children) child.kill();
  };
  await Promise.all(slices.map((seeds) => runSlice({ ...job, seeds }, take, children)));
  return reports.sort((a, b) => a.seed - b.seed);
}

function runSlice(job: SeedJob, onReport: (report: SeedReport) => void, children: ChildProcess[]): Promise<void> {
  const childArguments = ['--scenario', job.scenario, '--seeds', job.seeds.join(',')];
  if (job.size !== undefined) childArguments.push('--size', job.size);
  if (job.mutant !== undefined) childArguments.push('--mutant', job.mutant);
  if (job.stopAt) childArguments.push('--stop-at', job.stopAt.join(','));
  const child = spawn(process.execPath, [RUNNER, ...childArguments], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const left = [...job.seeds];
  const hungMs = job.size === 'full' ? HUNG_FULL_MS : HUNG_MS;
  let stoppedByUs = false;
  return new Promise((resolve) => {
    let watchdog = setTimeout(hung, hungMs);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(hung, hungMs);
      left.shift();
      const report = JSON.parse(line) as SeedReport;
      stoppedByUs ||= endsJob(job, report);
      onReport(report);
    });
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      const ours = stoppedByUs || (job.stopAt && signal === 'SIGTERM');
      if (left.length > 0 && !ours) onReport(failed(job, left[0]!, `the simulator ended with ${code ?? signal}`));
      resolve();
    });
    function hung(): void {
      child.kill('SIGKILL');
    }
  });
}

export function hasViolationOf(kinds: readonly string[], report: SeedReport): boolean {
  return report.violations.some((violation) => kinds.includes(violation.kind));
}

function endsJob(job: SeedJob, report: SeedReport): boolean {
  return hasViolationOf(job.stopAt ?? [], report);
}

function failed(job: SeedJob, seed: number, detail: string): SeedReport {
  const violations = [{ kind: 'thrown', atMs: 0, detail }];
  return { scenario: job.scenario, seed, seconds: 0, violations, traceHash: '', figures: {} };
}
