import { parseArgs } from 'node:util';
import { printReport, type Row } from '../../scripts/report.ts';
import { ABUSE_PARTS } from './abuse/abuse.ts';
import { Arena, type Say } from './arena.ts';
import { MESSAGES_PARTS } from './messages/messages.ts';

/** One part of a scenario: its own server, its own attackers, its own rows. */
export type Part = (arena: Arena) => Promise<readonly Row[]>;

/** What `--scenario` takes; `abuse/NAME` is one part of it. */
const SCENARIOS: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  messages: MESSAGES_PARTS,
  abuse: ABUSE_PARTS,
};
const SCENARIO_DEFAULT = 'messages';

const SECONDS_DEFAULT = 60;
const SECONDS_MAX = 3_600;

const USAGE = `npm run chaos -- [--scenario X] [--seconds N] [--json]
  --scenario X   one of: ${names().join(', ')} (default ${SCENARIO_DEFAULT})
  --seconds N    how long the parts go on that can be shortened (default ${SECONDS_DEFAULT})
`;

/** Real processes under attack. @returns the exit code: 1 when a row is not met */
export async function chaosCommand(words: readonly string[]): Promise<number> {
  const options = parseWords(words);
  if (typeof options === 'string') {
    process.stderr.write(`chaos: ${options}\n${USAGE}`);
    return 2;
  }
  const startedMs = performance.now();
  const say: Say = (line) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const rows: Row[] = [];
  for (const [name, part] of options.parts) {
    say(`${name}:`);
    rows.push(...(await runPart(name, part, say, options.seconds)));
  }
  return printReport(`chaos ${options.scenario}`, startedMs, rows, options.json) ? 0 : 1;
}

/** A part that breaks down is a row that is not met; the others go on. */
async function runPart(name: string, part: Part, say: Say, seconds: number): Promise<readonly Row[]> {
  const arena = new Arena(say, seconds);
  const interrupted = (): void => void arena.close().then(() => process.exit(130));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await part(arena);
  } catch (error) {
    say(`  stopped: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    return [{ id: name, what: 'ran to its end', value: 'no', unit: '', must: 'yes', met: false }];
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await arena.close();
  }
}

interface ChaosOptions {
  readonly scenario: string;
  readonly parts: readonly (readonly [string, Part])[];
  readonly seconds: number;
  readonly json: boolean;
}

function parseWords(words: readonly string[]): ChaosOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { scenario: { type: 'string' }, seconds: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const seconds = Number(values.seconds ?? SECONDS_DEFAULT);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > SECONDS_MAX) {
      return `--seconds is a whole number from 1 to ${SECONDS_MAX}`;
    }
    const name = values.scenario ?? SCENARIO_DEFAULT;
    if (!names().includes(name)) return `there is no scenario ${name}`;
    const [scenario, only] = name.split('/') as [string, string?];
    const parts = Object.entries(SCENARIOS[scenario]!).filter(([name]) => only === undefined || name === only);
    return { scenario: name, parts, seconds, json: values.json };
  } catch (error) {
    return (error as Error).message;
  }
}

function names(): readonly string[] {
  return Object.entries(SCENARIOS).flatMap(([name, parts]) => [
    name,
    ...Object.keys(parts).map((part) => `${name}/${part}`),
  ]);
}
