import { parseArgs } from 'node:util';
import { printReport, type Row } from '../../scripts/report.ts';
import { linkBench } from './link-bench.ts';
import { SECTIONS, type Section, serverBench } from './server-bench.ts';

const USAGE = `npm run bench -- SUITE [--json]
  server [--connections N] [--section NAME]
          memory per connection (default 5000) and logins by key; password logins; relayed packets; presence of
          10,000 users: one section (connections, passwords, relay, presence) or all
  link    a peer session beside raw dgram, TCP and TLS on loopback
`;

const CONNECTIONS_DEFAULT = 5_000;
/** The load generator may open 20,000 files. */
const CONNECTIONS_MAX = 19_000;

/** Raw figures and progress, as they come. */
export type Say = (line: string) => void;

/**
 * Measures one suite.
 * @returns the exit code: 0 whenever the bench ran to its end, whatever it measured: speed is judged by people
 */
export async function benchCommand(words: readonly string[]): Promise<number> {
  const options = parseWords(words);
  if (typeof options === 'string') {
    process.stderr.write(`bench: ${options}\n${USAGE}`);
    return 2;
  }
  const startedMs = performance.now();
  const say: Say = (line) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  let rows: readonly Row[];
  try {
    rows =
      options.suite === 'server' ? await serverBench(options.connections, options.sections, say) : await linkBench(say);
  } catch (error) {
    process.stderr.write(`bench: stopped: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    if (options.json) printReport(`bench ${options.suite}`, startedMs, [], true);
    return 1;
  }
  printReport(`bench ${options.suite}`, startedMs, rows, options.json);
  return 0;
}

interface BenchOptions {
  readonly suite: 'server' | 'link';
  readonly connections: number;
  readonly sections: readonly Section[];
  readonly json: boolean;
}

function parseWords(words: readonly string[]): BenchOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        connections: { type: 'string' },
        section: { type: 'string' },
      },
    });
    const [suite, ...more] = positionals;
    if ((suite !== 'server' && suite !== 'link') || more.length > 0) return 'name one suite';
    const connections = Number(values.connections ?? CONNECTIONS_DEFAULT);
    if (!Number.isInteger(connections) || connections < 100 || connections > CONNECTIONS_MAX) {
      return `--connections is a whole number from 100 to ${CONNECTIONS_MAX}`;
    }
    const sections = SECTIONS.filter((name) => values.section === undefined || values.section === name);
    if (sections.length === 0) return `--section is one of ${SECTIONS.join(', ')}`;
    return { suite, connections, sections, json: values.json };
  } catch (error) {
    return (error as Error).message;
  }
}
