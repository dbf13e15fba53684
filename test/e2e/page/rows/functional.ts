import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Row, row } from '../../../../scripts/report.ts';
import { ROOT, toolPath } from '../../../../scripts/tools.ts';
import type { Proof, Say } from './proof.ts';

interface TestOutcome {
  readonly file: string;
  readonly name: string;
  readonly status: string;
}

/** What `npm test` runs of the page, too: the tests beside this folder, and those of the daemon's web server. */
export async function functionalRows({ say }: Proof): Promise<readonly Row[]> {
  const outcomes = await runTests(['test/e2e/page', 'packages/peer/src/daemon/page-'], say);
  const matrix = outcomes.filter((each) => each.file.includes('/daemon/page-'));
  const hostile = outcomes.filter((each) => each.file.endsWith('/hostile.test.ts'));
  const clicked = outcomes.filter((each) => each.file.endsWith('/four-verbs.test.ts'));
  const others = outcomes.filter((each) => ![...matrix, ...hostile, ...clicked].includes(each));
  return [
    passed('four-verbs', 'the four verbs, clicked through by two pages', clicked, 1),
    passed('web-access', 'cases of Host, Origin and token that the daemon answers as it must', matrix, 60),
    passed('hostile-texts', 'naughty strings and payloads shown as text, no script run', hostile, 1),
    passed('functional', 'everything else that the page does', others, 1),
  ];
}

function passed(id: string, what: string, outcomes: readonly TestOutcome[], least: number): Row {
  const good = outcomes.filter((each) => each.status === 'passed').length;
  const met = good === outcomes.length && good >= least;
  return row(id, what, `${good} of ${outcomes.length}`, 'tests', least > 1 ? `all, at least ${least}` : 'all', met);
}

async function runTests(paths: readonly string[], say: Say): Promise<readonly TestOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'magpie-e2e-'));
  const file = join(folder, 'tests.json');
  try {
    const words = ['run', '--silent=true', '--reporter=json', `--outputFile=${file}`, ...paths];
    await new Promise<void>((resolve) => {
      const child = spawn(process.execPath, [toolPath('vitest', 'vitest'), ...words], {
        cwd: ROOT,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      child.on('close', () => resolve());
    });
    return outcomesOf(JSON.parse(readFileSync(file, 'utf8')) as Report, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function outcomesOf(report: Report, say: Say): readonly TestOutcome[] {
  return report.testResults.flatMap(({ name: file, message, assertionResults }): readonly TestOutcome[] => {
    if (assertionResults.length === 0) {
      say(`  ${file}: ${message}`);
      return [{ file, name: 'the file itself', status: 'failed' }];
    }
    return assertionResults.map(({ fullName, status, failureMessages }) => {
      if (status !== 'passed') say(`  ${status}: ${fullName} ${failureMessages[0]?.slice(0, 600) ?? ''}`);
      return { file, name: fullName, status };
    });
  });
}
