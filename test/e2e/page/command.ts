import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printReport, type Row, row } from '../../../scripts/report.ts';
import { ROOT } from '../../../scripts/tools.ts';
import { chromiumMissing } from './browser.ts';
import { PageStage } from './page-stage.ts';
import { accessRows } from './rows/access.ts';
import { functionalRows } from './rows/functional.ts';
import { goldenRows } from './rows/golden.ts';
import { keyboardRows } from './rows/keyboard.ts';
import { layoutRows } from './rows/layout.ts';
import type { Part, Proof, Say } from './rows/proof.ts';
import { scrollRows } from './rows/scroll.ts';
import { speedRows } from './rows/speed.ts';

/** In this order: what judges time comes while nothing else runs. */
const PARTS: Readonly<Record<string, Part>> = {
  speed: speedRows,
  scroll: scrollRows,
  keyboard: keyboardRows,
  access: accessRows,
  layout: layoutRows,
  golden: goldenRows,
  functional: functionalRows,
};

const USAGE = `npm run e2e -- [--part NAME]... [--accept] [--json]
  --part NAME   only this one, repeatable: ${Object.keys(PARTS).join(', ')}
  --accept      the pictures of the part golden become what is expected
Pictures of every screen are written to test/e2e/page/screenshots.
`;

/** The page, real daemons, a real server and Chromium. @returns the exit code: 1 when a row is not met */
export async function e2eCommand(words: readonly string[]): Promise<number> {
  const options = parseWords(words);
  if (typeof options === 'string') {
    process.stderr.write(`e2e: ${options}\n${USAGE}`);
    return 2;
  }
  const missing = chromiumMissing();
  if (missing !== undefined) {
    process.stderr.write(`e2e: ${missing}\n`);
    return 1;
  }
  const startedMs = performance.now();
  const say: Say = (line) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const picturesFolder = join(ROOT, 'test/e2e/page/screenshots');
  mkdirSync(picturesFolder, { recursive: true });
  const rows: Row[] = [];
  let troubles = 0;
  for (const name of options.parts) {
    say(`${name}:`);
    const outcome = await runPart(name, { picturesFolder, say, accept: options.accept });
    rows.push(...outcome.rows);
    troubles += outcome.troubles;
  }
  rows.push(
    row('troubles', 'errors, violations of the policy, requests off loopback', troubles, '', '0', troubles === 0),
  );
  return printReport('e2e', startedMs, rows, options.json) ? 0 : 1;
}

/** A part that breaks down is a row that is not met; the others go on. */
async function runPart(
  name: string,
  shared: Omit<Proof, 'page'>,
): Promise<{ readonly rows: readonly Row[]; readonly troubles: number }> {
  const page = await PageStage.open();
  const interrupted = (): void => void page.close().then(() => process.exit(130));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  let rows: readonly Row[];
  try {
    rows = await PARTS[name]!({ page, ...shared });
  } catch (error) {
    shared.say(`  stopped: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    rows = [row(name, 'ran to its end', 'no', '', 'yes', false)];
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await page.close();
  }
  for (const { kind, text } of page.browser.troubles) shared.say(`  ${kind}: ${text}`);
  return { rows, troubles: page.browser.troubles.length };
}

interface E2eOptions {
  readonly parts: readonly string[];
  readonly accept: boolean;
  readonly json: boolean;
}

function parseWords(words: readonly string[]): E2eOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        part: { type: 'string', multiple: true },
        accept: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const unknown = values.part?.find((name) => !Object.hasOwn(PARTS, name));
    if (unknown !== undefined) return `there is no part ${unknown}`;
    return { parts: values.part ?? Object.keys(PARTS), accept: values.accept, json: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
