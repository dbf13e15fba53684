import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { LineDecoder } from '@magpie/common/rpc/line-decoder.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { Environment, ProfilePaths } from '../config.ts';

/** From the spawn to the first line of the daemon: opening the database and the sockets. */
const READY_MS_MAX = 10_000;

/**
 * Starts `daemon run` as a process of its own, which outlives this one, and waits for its one line: ready, or why not.
 * @param program the file that Node runs, with the arguments of `magpie` after it
 */
export async function spawnDaemon(
  program: string,
  paths: ProfilePaths,
  options: { readonly udp: boolean; readonly passphrase?: string | undefined },
  env: Environment,
): Promise<Result<void, RpcError>> {
  const words = ['--profile', paths.folder, '--json', 'daemon', 'run', ...(options.udp ? [] : ['--no-udp'])];
  // Not an argument and not in the environment: others can read both.
  if (options.passphrase !== undefined) words.push('--passphrase-file', '-');
  const child = spawn(process.execPath, [program, ...words], {
    detached: true,
    // What Node itself says when it crashes goes where the log is; there is no terminal to say it on.
    stdio: [options.passphrase === undefined ? 'ignore' : 'pipe', 'pipe', crashLog(paths)],
    cwd: homedir(),
    env: { ...env },
  }) as ChildProcessByStdio<Writable | null, Readable, null>;
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${options.passphrase}\n`);
  const line = await firstLine(child);
  child.stdin?.destroy();
  child.stdout.destroy();
  child.unref();
  if (line === 'slow') {
    child.kill('SIGTERM');
    return err({ code: 'DAEMON_START_SLOW', detail: { log: paths.log, seconds: READY_MS_MAX / 1_000 } });
  }
  return outcomeOf(line, paths);
}

function crashLog(paths: ProfilePaths): number | 'ignore' {
  try {
    mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
    return openSync(paths.log, 'a', 0o600);
  } catch {
    return 'ignore';
  }
}

function firstLine(child: ChildProcessByStdio<Writable | null, Readable, null>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const lines = new LineDecoder();
    const timer = setTimeout(() => resolve('slow'), READY_MS_MAX);
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      resolve(line);
    };
    child.stdout.on('data', (bytes: Buffer) => {
      const found = lines.handleBytes(bytes);
      if (!found.ok) settle(undefined);
      else if (found.value[0] !== undefined) settle(found.value[0]);
    });
    child.stdout.on('end', () => settle(undefined));
    child.on('error', () => settle(undefined));
  });
}

function outcomeOf(line: string | undefined, paths: ProfilePaths): Result<void, RpcError> {
  const failed: RpcError = { code: 'DAEMON_START_FAILED', detail: { log: paths.log } };
  try {
    const answer = JSON.parse(line ?? '') as { readonly ok?: unknown; readonly error?: RpcError };
    if (answer.ok === true) return ok(undefined);
    return err(typeof answer.error?.code === 'string' ? answer.error : failed);
  } catch {
    return err(failed);
  }
}
