import { parseArgs } from 'node:util';
import { printReport, type Row } from '../../scripts/report.ts';
import { linkBench } from './link-bench.ts';
import { serverBench } from './server-bench.ts';

const USAGE = `npm run bench -- SUITE [--json]
  server [--connections N]   memory per connection, logins and relayed packets of a real magpie-server (default 5000)
  link                       a peer session beside raw dgram, TCP and TLS on loopback
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
    rows = options.suite === 'server' ? await serverBench(options.connections, say) : await linkBench(say);
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
  readonly json: boolean;
}

function parseWords(words: readonly string[]): BenchOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, connections: { type: 'string' } },
    });
    const [suite, ...more] = positionals;
    if ((suite !== 'server' && suite !== 'link') || more.length > 0) return 'name one suite';
    const connections = Number(values.connections ?? CONNECTIONS_DEFAULT);
    if (!Number.isInteger(connections) || connections < 100 || connections > CONNECTIONS_MAX) {
      return `--connections is a whole number from 100 to ${CONNECTIONS_MAX}`;
    }
    return { suite, connections, json: values.json };
  } catch (error) {
    return (error as Error).message;
  }
}
