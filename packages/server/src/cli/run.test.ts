import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../../bin/magpie-server.mjs', import.meta.url));

/** Everything that was started and may have to be ended. */
const children = new Set<ChildProcess>();

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Ready {
  readonly ok: true;
  readonly listen: readonly string[];
  readonly udp: readonly number[];
  readonly address: string;
  readonly pin: string;
  readonly monitor?: string;
  readonly pid: number;
}

describe('magpie-server as a process', () => {
  let parent: string;
  let data: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'magpie-server-'));
    data = join(parent, 'data');
  });

  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    rmSync(parent, { recursive: true, force: true });
  });

  it('[R10] prints the line to hand out once it listens, takes notices and stops on SIGTERM with 0', async () => {
    const server = await started('--json');
    const { ready } = server;
    const address = parseServerAddress(ready.address);
    expect(address).toEqual({ host: '127.0.0.1', port: Number(ready.listen[0]!.split(':')[1]), pin: ready.pin });
    expect(ready.udp).toHaveLength(2);
    await connected(address!.port);

    const sent = await run('notice', 'send', 'maintenance', 'at', 'noon', '--data', data, '--json');
    expect(sent).toMatchObject({ exit: 0 });
    expect(JSON.parse(sent.stdout)).toEqual({ ok: true, notice: { id: 1, reached: 0 } });
    const piped = await runWith('公告\n', 'notice', 'send', '-', '--data', data, '--lang', 'zh-CN');
    expect(piped).toMatchObject({
      exit: 0,
      stdout: '公告 2 已保存，并已发送给 0 个在线会话；其他用户下次登录时收到。\n',
    });

    const second = await run('run', '--listen', '127.0.0.1:0', '--data', data);
    expect(second).toMatchObject({ exit: 1, stdout: '' });
    expect(second.stderr).toContain(`Another server runs on ${data}.`);

    process.kill(ready.pid, 'SIGTERM');
    const ended = await server.ended;
    expect(ended.exit).toBe(0);
    expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('is not ready any more from the moment a stop begins, and a second signal ends it at once', async () => {
    const server = await started('--json', '--monitor', '127.0.0.1:0');
    const ready = `http://${server.ready.monitor}/readyz`;
    expect((await fetch(ready)).status).toBe(200);
    const { host, port } = parseServerAddress(server.ready.address)!;
    // Takes no goodbye, so the stop has to wait for it.
    const stubborn = connect({ host, port, allowHalfOpen: true }).pause();
    await new Promise((resolve) => stubborn.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(server.ready.pid, 'SIGTERM');
    let status = 200;
    while (status === 200) status = (await fetch(ready)).status;
    expect(status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 600));
    process.kill(server.ready.pid, 'SIGTERM');
    expect((await server.ended).exit).toBe(143);
    stubborn.destroy();
  });

  it('stops on the command of its operator, who waits until it is gone', async () => {
    const server = await started('--json');
    const stopped = await run('stop', '--data', data, '--json');
    expect(JSON.parse(stopped.stdout)).toEqual({ ok: true, stopped: { pid: server.ready.pid } });
    expect((await server.ended).exit).toBe(0);
  });

  it('says which address of the monitor is taken, or not of this machine', async () => {
    const server = await started('--json', '--monitor', '127.0.0.1:0');
    const taken = server.ready.monitor!;
    const words = ['run', '--listen', '127.0.0.1:0', '--data', join(parent, 'other'), '--json'];
    expect(JSON.parse((await run(...words, '--monitor', taken)).stdout)).toMatchObject({
      error: { code: 'ADDRESS_IN_USE', message: expect.stringContaining(taken) },
    });
    expect(await run(...words, '--monitor', '0.0.0.0:0')).toMatchObject({ exit: 2 });
  });

  it('keeps its key over a restart and a kill, and prints just the address for people', async () => {
    const first = await started('--json');
    process.kill(first.ready.pid, 'SIGKILL');
    await first.ended;
    const child = launch(['run', '--listen', '127.0.0.1:0', '--data', data, '--public-host', 'chat.example']);
    const line = await firstLine(child);
    expect(line).toMatch(new RegExp(`^chat\\.example:[0-9]+#${first.ready.pin}$`));
  });

  it('logs neither its key nor the addresses of clients', async () => {
    const server = await started('--json');
    await connected(parseServerAddress(server.ready.address)!.port);
    process.kill(server.ready.pid, 'SIGTERM');
    const { stderr } = await server.ended;
    const secret = readFileSync(join(data, 'server.key'), 'utf8').split(' ')[1]!;
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(stderr).not.toContain(secret);
    expect(stderr).not.toContain('"remote');
  });

  it('refuses a key that others may read, with the command that makes it right', async () => {
    const server = await started('--json');
    process.kill(server.ready.pid, 'SIGTERM');
    await server.ended;
    const key = join(data, 'server.key');
    chmodSync(key, 0o644);
    const refused = await run('run', '--listen', '127.0.0.1:0', '--data', data, '--json');
    expect(refused.exit).toBe(6);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ok: false,
      error: { code: 'PERMISSIONS', exit: 6, hint: `Type: chmod 600 ${key}` },
    });
  });

  it('refuses a damaged database, says so in Chinese too, and does not touch it', async () => {
    const server = await started('--json');
    process.kill(server.ready.pid, 'SIGTERM');
    await server.ended;
    const database = join(data, 'server.db');
    expect(existsSync(`${database}-wal`)).toBe(false);
    const garbage = Buffer.alloc(40_000, 'not a database ');
    writeFileSync(database, garbage);
    const refused = await run('run', '--listen', '127.0.0.1:0', '--data', data, '--lang', 'zh-CN');
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain(`数据库 ${database} 已损坏`);
    expect(readFileSync(database).equals(garbage)).toBe(true);
  });

  it('makes no new database beside the key of an old one, unless told to', async () => {
    const first = await started('--json');
    process.kill(first.ready.pid, 'SIGTERM');
    await first.ended;
    const database = join(data, 'server.db');
    rmSync(database);
    const refused = await run('run', '--listen', '127.0.0.1:0', '--data', data, '--json');
    expect(refused.exit).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'STORE_MISSING' } });
    expect(existsSync(database)).toBe(false);
    const anew = await started('--json', '--new-database');
    expect(anew.ready.pin).toBe(first.ready.pin);
  });

  it('says which address is taken', async () => {
    const server = await started('--json');
    const taken = server.ready.listen[0]!;
    const refused = await run('run', '--listen', taken, '--data', join(parent, 'other'));
    expect(refused).toMatchObject({ exit: 1, stdout: '' });
    expect(refused.stderr).toContain(`Another program listens on ${taken}.`);
  });

  async function started(
    ...flags: readonly string[]
  ): Promise<{ readonly ready: Ready; readonly ended: Promise<Ended> }> {
    const child = launch(['run', '--listen', '127.0.0.1:0', '--data', data, ...flags]);
    const ended = endOf(child);
    return { ready: JSON.parse(await firstLine(child)) as Ready, ended };
  }
});

function run(...words: readonly string[]): Promise<Ended> {
  return runWith('', ...words);
}

function runWith(stdin: string, ...words: readonly string[]): Promise<Ended> {
  const child = launch(words);
  child.stdin!.end(stdin);
  return endOf(child);
}

function launch(words: readonly string[]): ChildProcess {
  const env = { ...process.env, LC_ALL: 'C', MAGPIE_LANG: '' };
  const child = spawn(process.execPath, [launcher, ...words], { env, stdio: 'pipe' });
  children.add(child);
  return child;
}

function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (bytes) => {
    stdout += String(bytes);
  });
  child.stderr!.on('data', (bytes) => {
    stderr += String(bytes);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({ exit: code ?? (signal === 'SIGKILL' ? 137 : 1), stdout, stderr });
    });
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (bytes) => {
      text += String(bytes);
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.on('close', () => reject(new Error('ended before it was ready')));
  });
}

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
