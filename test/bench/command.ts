import { parseArgs } from 'node:util';
import { printReport, type Row } from '../../scripts/report.ts';
import { HISTORY_MESSAGES_MAX, historyBench } from './history-bench.ts';
import { linkBench } from './link-bench.ts';
import { SECTIONS, type Section, serverBench } from './server-bench.ts';
import { storeBench } from './store-bench.ts';

const USAGE = `npm run bench -- SUITE [--json]
  server [--connections N] [--section NAME]
          memory per connection (default 5000) and logins by key; password logins; relayed packets; presence of
          10,000 users: one section (connections, passwords, relay, presence) or all
  link    a peer session beside raw dgram, TCP and TLS on loopback
  history [--messages N]
          a peer's store with a long history: searches, the first page, a jump, a start (default 100,000 and 1,000,000)
  store   mail appended at the server's store, each synced, beside raw inserts; a drain by a client that is killed
`;

const CONNECTIONS_DEFAULT = 5_000;
/** The load generator may open 20,000 files. */
const CONNECTIONS_MAX = 19_000;

/** Raw figures and progress, as they come. */
export type Say = (line: string) => void;

const SUITES = {
  server: ({ connections, sections }: BenchOptions, say: Say) => serverBench(connections, sections, say),
  history: ({ messages }: BenchOptions, say: Say) => historyBench(messages, say),
  link: (_options: BenchOptions, say: Say) => linkBench(say),
  store: (_options: BenchOptions, say: Say) => storeBench(say),
} as const;
type Suite = keyof typeof SUITES;

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
    rows = await SUITES[options.suite](options, say);
  } catch (error) {
    process.stderr.write(`bench: stopped: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    if (options.json) printReport(`bench ${options.suite}`, startedMs, [], true);
    return 1;
  }
  printReport(`bench ${options.suite}`, startedMs, rows, options.json);
  return 0;
}

interface BenchOptions {
  readonly suite: Suite;
  readonly connections: number;
  readonly sections: readonly Section[];
  /** Of the suite `history`; undefined: its own sizes. */
  readonly messages: number | undefined;
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
        messages: { type: 'string' },
      },
    });
    const [suite, ...more] = positionals;
    if (!isSuite(suite) || more.length > 0) return 'name one suite';
    const connections = Number(values.connections ?? CONNECTIONS_DEFAULT);
    if (!Number.isInteger(connections) || connections < 100 || connections > CONNECTIONS_MAX) {
      return `--connections is a whole number from 100 to ${CONNECTIONS_MAX}`;
    }
    const sections = SECTIONS.filter((name) => values.section === undefined || values.section === name);
    if (sections.length === 0) return `--section is one of ${SECTIONS.join(', ')}`;
    const messages = values.messages === undefined ? undefined : Number(values.messages);
    if (
      messages !== undefined &&
      !(Number.isInteger(messages) && messages >= 2_000 && messages <= HISTORY_MESSAGES_MAX)
    ) {
      return `--messages is a whole number from 2000 to ${HISTORY_MESSAGES_MAX}`;
    }
    return { suite, connections, sections, messages, json: values.json };
  } catch (error) {
    return (error as Error).message;
  }
}

function isSuite(word: string | undefined): word is Suite {
  return word !== undefined && Object.hasOwn(SUITES, word);
}
