import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ProfilePaths, profilePaths } from '../config.ts';
import { StoreOpenError } from '../store/store-error.ts';
import { BUILT_PAGE } from './page-host.ts';
import { lockProfile } from './profile-lock.ts';
import { ProfileProblem, runDaemon, startError } from './run-daemon.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { RawWebSocket } from './test-page-client.ts';

const options = { udp: true, logLevel: 'info', testHooks: false } as const;
let folder: string;
let paths: ProfilePaths;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magpie-daemon-'));
  const found = profilePaths(join(folder, 'profile'), {});
  if (!found.ok) throw new Error('bad path');
  paths = found.value;
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the daemon of a profile', () => {
  it('makes a private folder, starts the engine, and leaves no lock or socket behind', async () => {
    const engine = new FakeEngine();
    const daemon = await runDaemon(paths, options, async () => engine);
    expect(daemon.ok && engine.running).toBe(true);
    expect((await stat(paths.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(paths.log)).mode & 0o777).toBe(0o600);
    if (daemon.ok) {
      await Promise.all([daemon.value.stop('SIGTERM'), daemon.value.stop('SIGTERM')]);
      await daemon.value.ended;
    }
    expect(engine.running).toBe(false);
    expect(await readdir(paths.folder)).toEqual(['daemon.lock', 'daemon.log']);
  });

  it('refuses a second daemon on the same profile and names the first', async () => {
    const first = await runDaemon(paths, options, async () => new FakeEngine());
    const second = await runDaemon(paths, options, async () => new FakeEngine());
    expect(second).toEqual({ ok: false, error: { code: 'DAEMON_ALREADY_RUNNING', detail: { pid: process.pid } } });
    if (first.ok) await first.value.stop('test');
  });

  it('ends when its lock file was deleted, and leaves the daemon that came after alone', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const first = await runDaemon(paths, options, async () => new FakeEngine());
      await vi.advanceTimersByTimeAsync(10_000);
      const refused = await runDaemon(paths, options, async () => new FakeEngine());
      await unlink(paths.lock);
      await unlink(paths.socket);
      const second = await runDaemon(paths, options, async () => new FakeEngine());
      expect([first.ok, refused.ok, second.ok]).toEqual([true, false, true]);
      await vi.advanceTimersByTimeAsync(5_000);
      if (first.ok) await first.value.ended;
      expect(await readFile(paths.log, 'utf8')).toContain('the lock file was deleted or replaced');
      expect(await lockProfile(paths)).toMatchObject({ ok: false, error: { pid: process.pid } });
      const answers = await new Promise((resolve) => {
        const socket = connect(paths.socket, () => resolve(true)).on('error', () => resolve(false));
        socket.on('data', () => socket.destroy());
      });
      expect(answers).toBe(true);
      if (second.ok) await second.value.stop('test');
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['exec', 'npx magpie'],
    ['start', 'npx magpie'],
    [undefined, 'magpie'],
  ])('tells faces how the command is typed where it was started: npm %s', async (npmCommand, command) => {
    vi.stubEnv('npm_command', npmCommand);
    try {
      const daemon = await runDaemon(paths, options, async () => new FakeEngine());
      const [, status] = await answersFrom(paths.socket, call('daemon.status'), 2);
      expect(status).toMatchObject({ result: { command } });
      if (daemon.ok) await daemon.value.stop('test');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.skipIf(!existsSync(join(BUILT_PAGE, 'index.html')))(
    'knows of a page no method that is only for terminals, and all others',
    async () => {
      const daemon = await runDaemon(paths, { ...options, testHooks: true }, async () => new FakeEngine().signedIn());
      const [, link] = await answersFrom(paths.socket, call('page.open'), 2);
      const url = new URL((link as { readonly result: { readonly url: string } }).result.url);
      const client = await RawWebSocket.open(Number(url.port));
      await client.show(await tokenFor(url));
      client.send(['daemon.stop', 'debug.dropUdp', 'message.export', 'page.open', 'daemon.status'].map(call).join(''));
      await vi.waitFor(() => expect(client.text.trim().split('\n')).toHaveLength(6));
      const answers = client.text.trim().split('\n').slice(1);
      const codes = answers.map(
        (line) => (JSON.parse(line) as { error?: { data: { code: string } } }).error?.data.code,
      );
      expect(codes).toEqual([...Array.from({ length: 4 }, () => 'UNKNOWN_METHOD'), undefined]);
      client.destroy();
      if (daemon.ok) await daemon.value.stop('test');
    },
  );

  it('lets go of the profile when the engine cannot be built, and says why', async () => {
    const failed = await runDaemon(paths, options, async () => {
      throw new StoreOpenError('corrupt', 'profile.db');
    });
    expect(failed).toMatchObject({ ok: false, error: { code: 'PROFILE_CORRUPT', detail: { cause: 'profile.db' } } });
    const again = await runDaemon(paths, options, async () => new FakeEngine());
    expect(again.ok).toBe(true);
    if (again.ok) await again.value.stop('test');
  });

  it.each([
    [new StoreOpenError('permissions', 'chmod 600 x'), 'PROFILE_UNUSABLE'],
    [new StoreOpenError('newer-schema', ''), 'PROFILE_NEWER'],
    [new StoreOpenError('locked', ''), 'PROFILE_LOCKED'],
    [new ProfileProblem('absent', 'identity.key'), 'PROFILE_CORRUPT'],
    [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'DISK_FULL'],
    [new StoreOpenError('full', 'profile.db: SQLITE_FULL'), 'DISK_FULL'],
    [new StoreOpenError('io', 'profile.db: SQLITE_IOERR_WRITE'), 'STORE_FAILED'],
    [Object.assign(new Error('x'), { code: 'SQLITE_FULL' }), 'DISK_FULL'],
    [Object.assign(new Error('x'), { code: 'SQLITE_IOERR_WRITE' }), 'STORE_FAILED'],
    [Object.assign(new Error('x'), { code: 'SQLITE_CANTOPEN_ISDIR' }), 'PROFILE_UNUSABLE'],
    [new Error('x'), 'DAEMON_START_FAILED'],
  ])('names the cause of a failed start: %s', (error, code) => {
    expect(startError(error, paths).code).toBe(code);
  });

  it('refuses a folder in use that others may enter, with the command to type', async () => {
    const open = join(folder, 'open');
    const found = profilePaths(open, {});
    await mkdir(open);
    await chmod(open, 0o755);
    await writeFile(join(open, 'something'), '');
    const failed = found.ok ? await runDaemon(found.value, options, async () => new FakeEngine()) : undefined;
    expect(failed).toMatchObject({ ok: false, error: { code: 'PROFILE_UNUSABLE' } });
    expect(failed?.ok === false && String(failed.error.detail?.cause)).toContain('chmod 700');
  });
});

function call(method: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{}}\n`;
}

/** The first lines that come, `hello` included. */
async function answersFrom(path: string, line: string, count: number): Promise<readonly unknown[]> {
  const socket = connect(path);
  socket.write(line);
  let received = '';
  for await (const part of socket) {
    received += String(part);
    if (received.split('\n').length > count) break;
  }
  return received
    .trim()
    .split('\n')
    .map((each) => JSON.parse(each) as unknown);
}

async function tokenFor({ origin, hash }: URL): Promise<string> {
  const body = JSON.stringify({ code: hash.slice('#c='.length) });
  const headers = { origin, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers, body });
  return ((await answer.json()) as { readonly token: string }).token;
}

describe('the lock of a profile', () => {
  it('is free again after kill -9, whatever was left lying about', async () => {
    await mkdir(paths.folder);
    const holder = `
      const { lockProfile } = await import(${JSON.stringify(new URL('./profile-lock.ts', import.meta.url).href)});
      const lock = await lockProfile(${JSON.stringify(paths)});
      process.stdout.write(lock.ok ? 'held' : 'not held');
      setTimeout(() => {}, 60_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(String(await new Promise((resolve) => child.stdout.once('data', resolve)))).toBe('held');
    expect(await lockProfile(paths)).toEqual({ ok: false, error: { pid: child.pid } });
    await writeFile(paths.socket, '');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
    const lock = await lockProfile(paths);
    expect(lock.ok).toBe(true);
    expect(await readFile(paths.pid, 'utf8')).toBe(`${process.pid}\n`);
    if (lock.ok) lock.value.release();
  });

  it('believes a socket that answers even when the lock file is gone', async () => {
    await mkdir(paths.folder);
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(paths.socket, resolve));
    expect(await lockProfile(paths)).toEqual({ ok: false, error: { pid: 0 } });
    await new Promise((resolve) => server.close(resolve));
  });

  it('lets exactly one of many win, and its release frees the profile', async () => {
    await mkdir(paths.folder);
    const locks = await Promise.all(Array.from({ length: 8 }, () => lockProfile(paths)));
    expect(locks.filter((lock) => lock.ok)).toHaveLength(1);
    for (const lock of locks) if (lock.ok) lock.value.release();
    expect(await readdir(paths.folder)).toEqual(['daemon.lock']);
    const next = await lockProfile(paths);
    expect(next.ok).toBe(true);
    if (next.ok) next.value.release();
  });
});
