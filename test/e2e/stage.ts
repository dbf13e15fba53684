import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RpcClient } from '@magpie/common/rpc/rpc-client.ts';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import type { EventJson, HelloJson } from '@magpie/common/rpc/schemas.ts';
import { type ProfilePaths, profilePaths } from '@magpie/peer/config.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PEER = join(root, 'packages/peer/bin/magpie.mjs');
const SERVER = join(root, 'packages/server/bin/magpie-server.mjs');

/** From spawn to the first line a program prints when it is ready. */
const READY_MS = 20_000;
/** An orderly end may take this long before the process is killed. */
const END_MS = 6_000;

export const PASSWORD = 'seven quiet magpies';

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout, when it is JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export interface ServerProcess {
  readonly pid: number;
  /** `host:port#pin` */
  readonly address: string;
  readonly child: ChildProcess;
}

/**
 * Real programs in a temporary folder, as a user would start them. Everything it started is ended by `close`, by
 * process id, and the folder goes with it.
 */
export class Stage {
  readonly folder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #clients = new Set<RpcConnection>();

  constructor() {
    // Not TMPDIR when it is long: the path of a unix socket must stay under 100 bytes.
    const base = tmpdir().length > 40 ? '/tmp' : tmpdir();
    this.folder = mkdtempSync(join(base, 'magpie-'));
    writeFileSync(this.path('password'), `${PASSWORD}\n`, { mode: 0o600 });
    writeFileSync(this.path('wrong-password'), 'nine loud magpies\n', { mode: 0o600 });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A free port and a data folder of its own; the second start with the same name finds the first one's data. */
  async startServer(
    name = 'server',
    more: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const listen = more.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const child = this.spawn(SERVER, ['run', '--json', '--data', this.path(name), ...listen, ...more], env);
    const line = await firstLine(child, 'the server');
    const { address } = JSON.parse(line) as { readonly address: string };
    return { pid: child.pid!, address, child };
  }

  /** A daemon in the foreground, with the hook that drops UDP. */
  async startDaemon(
    profile: string,
    more: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    this.#makeProfile(profile);
    const child = this.spawn(PEER, ['--profile', this.path(profile), '--json', ...more, 'daemon', 'run'], {
      MAGPIE_TEST_HOOKS: '1',
      ...env,
    });
    await firstLine(child, `the daemon of ${profile}`);
    return child;
  }

  /** One command, run to its end. */
  magpie(profile: string, words: readonly string[], input = ''): Promise<CommandOutcome> {
    this.#makeProfile(profile);
    return this.#run(PEER, ['--profile', this.path(profile), ...words], input);
  }

  /** One command that goes on for a while; its output is read as it comes. */
  startMagpie(profile: string, words: readonly string[]): ChildProcess {
    return this.spawn(PEER, ['--profile', this.path(profile), ...words]);
  }

  magpieServer(words: readonly string[]): Promise<CommandOutcome> {
    return this.#run(SERVER, words, '');
  }

  /** The local API of a running daemon. */
  async connect(profile: string): Promise<RpcConnection> {
    const { socket } = pathsOf(this.path(profile));
    const connection = await RpcConnection.open(socket);
    this.#clients.add(connection);
    return connection;
  }

  spawn(program: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, [program, ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...env },
    });
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    child.stderr?.resume();
    return child;
  }

  /** Ends every program and removes the folder. Safe to call twice. */
  async close(): Promise<void> {
    await this.endPrograms();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async endPrograms(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
    const detached = await this.#detachedDaemons();
    for (const pid of detached) signal(pid, 'SIGTERM');
    await Promise.all([...this.#children].map((child) => endProcess(child)));
    for (const pid of detached) await waitForEnd(pid);
  }

  /** Daemons that `register` started by itself: who answers on a profile's socket says its process id. */
  async #detachedDaemons(): Promise<readonly number[]> {
    const own = new Set([...this.#children].map((child) => child.pid));
    const pids: number[] = [];
    for (const profile of profilesIn(this.folder)) {
      const connection = await RpcConnection.open(pathsOf(profile).socket).catch(() => undefined);
      if (!connection) continue;
      if (!own.has(connection.daemonPid)) pids.push(connection.daemonPid);
      connection.close();
    }
    return pids;
  }

  #makeProfile(profile: string): void {
    mkdirSync(this.path(profile), { recursive: true, mode: 0o700 });
  }

  #run(program: string, words: readonly string[], input: string): Promise<CommandOutcome> {
    const child = this.spawn(program, words);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
    return new Promise((resolve) => {
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr, json: lastJson(stdout) }));
    });
  }
}

/** One connection to a daemon. Calls that fail throw: scripts say what they expect to work. */
export class RpcConnection {
  /** From the daemon's hello. */
  daemonPid = 0;
  readonly #client: RpcClient;
  readonly #listeners = new Set<(event: EventJson) => void>();

  private constructor(client: (onEvent: (event: EventJson) => void) => RpcClient) {
    this.#client = client((event) => {
      for (const listener of this.#listeners) listener(event);
    });
  }

  static open(path: string): Promise<RpcConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        const connection = new RpcConnection((onEvent) => {
          const pipe = { write: (bytes: Uint8Array) => void socket.write(bytes), close: () => socket.destroy() };
          const onHello = (hello: HelloJson): void => {
            connection.daemonPid = hello.pid;
            resolve(connection);
          };
          const client = new RpcClient(pipe, { onEvent, onHello });
          socket.on('data', (bytes) => client.handleBytes(bytes));
          socket.on('close', () => client.handleClose());
          return client;
        });
      });
    });
  }

  async call<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<RpcResult<M>> {
    const result = await this.#client.call(method, params);
    if (!result.ok) throw new Error(`${method} failed: ${JSON.stringify(result.error)}`);
    return result.value;
  }

  /** After `watch.start`. @returns a function that ends this listener */
  onEvent(listener: (event: EventJson) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#client.close();
  }
}

/** Asks again until it holds. @returns how long that took, in ms */
export async function eventually(what: string, holds: () => Promise<boolean>, atMostMs = 15_000): Promise<number> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > atMostMs) throw new Error(`${what}: not within ${atMostMs} ms`);
    await pause(20);
  }
  return performance.now() - startedMs;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function firstLine(child: ChildProcess, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk}`.slice(-2_000);
    });
    const timer = setTimeout(() => reject(new Error(`${what} is not ready after ${READY_MS} ms\n${stderr}`)), READY_MS);
    const lines = createInterface({ input: child.stdout! });
    lines.once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${what} ended with ${code}\n${stderr}`));
    });
    child.once('error', reject);
  });
}

/** Nothing of the user's own set-up reaches the programs. */
function cleanEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MAGPIE_'));
  return { ...Object.fromEntries(kept), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
}

function lastJson(stdout: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(timer);
}

function pathsOf(profile: string): ProfilePaths {
  const paths = profilePaths(profile, process.env);
  if (!paths.ok) throw new Error(`${profile}: ${paths.error}`);
  return paths.value;
}

function profilesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function waitForEnd(pid: number): Promise<void> {
  for (let waitedMs = 0; signal(pid, 0); waitedMs += 50) {
    if (waitedMs >= END_MS) signal(pid, 'SIGKILL');
    await pause(50);
  }
}
