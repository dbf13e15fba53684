import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { silentLog } from '@magpie/common/log.ts';
import { ok } from '@magpie/common/result.ts';
import { profilePaths } from '../config.ts';
import { type ControlServer, startControlServer } from '../daemon/control-server.ts';
import { runDaemon } from '../daemon/run-daemon.ts';
import { FakeEngine } from '../daemon/test-fake-engine.ts';
import { FakePage } from '../daemon/test-fake-page.ts';
import { runCli } from './program.ts';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  /** The one object of stdout. */
  readonly json: Record<string, unknown> & { readonly error?: Readonly<Record<string, unknown>> };
}

export interface RunOptions {
  /** What comes in on stdin; absent: stdin is a terminal on which nothing is typed. */
  readonly stdin?: string | Uint8Array;
  /** stdin, stdout and stderr are a terminal; what is typed on it, one answer per question. */
  readonly typed?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the command runs. */
  readonly during?: (signal: (name: string) => void) => Promise<void>;
}

/** A profile folder with a fake engine behind a real control socket, and `magpie` run in this process against it. */
export class TestCli {
  readonly engine = new FakeEngine();
  readonly folder: string;
  /** How often a command started the daemon, and with UDP or without. */
  readonly starts: boolean[] = [];
  readonly page = new FakePage();
  /** What a browser was started with; it fails while `hasBrowser` is false. */
  readonly browsed: string[] = [];
  hasBrowser = true;
  #server: ControlServer | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<TestCli> {
    return new TestCli(await mkdtemp(join(tmpdir(), 'magpie-cli-')));
  }

  async startDaemon(): Promise<void> {
    const surface = {
      engine: this.engine,
      status: { pid: process.pid, version: '0.1.0', startedAt: '2026-01-01T00:00:00.000Z', profile: this.folder },
      page: this.page,
      testHooks: false,
      stop: () => setImmediate(() => void this.stopDaemon()),
    };
    this.#server = await startControlServer(surface, join(this.folder, 'control.sock'), silentLog);
  }

  async stopDaemon(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  get daemonRuns(): boolean {
    return this.#server !== undefined;
  }

  async dispose(): Promise<void> {
    await this.stopDaemon();
    await rm(this.folder, { recursive: true });
  }

  async run(line: string | readonly string[], options: RunOptions = {}): Promise<Ran> {
    const words = typeof line === 'string' ? line.split(' ') : line;
    const tty = options.typed !== undefined;
    const stdin = Object.assign(new PassThrough(), { isTTY: options.stdin === undefined });
    if (options.stdin !== undefined) stdin.end(options.stdin);
    const stdout = collector(tty);
    const stderr = collector(tty);
    if (options.typed) typeOnQuestions(stdin, stderr.stream, options.typed);
    const handlers = new Set<(signal: string) => void>();
    const running = runCli(['--profile', `${this.folder}/`, ...words], {
      env: { LANG: 'en_US.UTF-8', ...options.env },
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      runDaemon: (paths, daemonOptions) => runDaemon(paths, daemonOptions, async () => this.engine),
      startDaemon: async (_paths, { udp }) => {
        this.starts.push(udp);
        await this.startDaemon();
        return ok(undefined);
      },
      openBrowser: async (url) => {
        this.browsed.push(url);
        return this.hasBrowser;
      },
      onSignal: (handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
    });
    await options.during?.((name) => {
      for (const handler of handlers) handler(name);
    });
    const exit = await running;
    const out = stdout.text();
    const lines = out.trimEnd().split('\n');
    const json = lines.length === 1 && out.startsWith('{') ? (JSON.parse(out) as Ran['json']) : {};
    return { exit, out, err: stderr.text(), json };
  }

  paths() {
    const found = profilePaths(`${this.folder}/`, {});
    if (!found.ok) throw new Error('bad profile');
    return found.value;
  }
}

function collector(isTTY: boolean) {
  const parts: Buffer[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
  stream.on('data', (part: Buffer) => parts.push(part));
  return { stream, text: () => Buffer.concat(parts).toString() };
}

/** Types the next answer whenever a question has been asked. */
function typeOnQuestions(stdin: PassThrough, stderr: PassThrough, answers: readonly string[]): void {
  const waiting = [...answers];
  stderr.on('data', (part: Buffer) => {
    if (!/[:)：] $|[:：]$/.test(part.toString())) return;
    const answer = waiting.shift();
    if (answer !== undefined) setImmediate(() => stdin.write(`${answer}\n`));
  });
}
