import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const launcher = fileURLToPath(new URL('../bin/magpie.mjs', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magpie-main-'));
});
afterEach(async () => {
  await magpie('daemon stop');
  await rm(folder, { recursive: true });
});

describe('the program, as real processes', () => {
  it('starts one daemon in the background, finds it, and stops it', async () => {
    expect(await magpie('daemon start --json')).toMatchObject({ exit: 0, json: { started: true } });
    expect(await magpie('daemon start --json')).toMatchObject({ exit: 0, json: { started: false } });
    expect(await magpie('daemon run --json')).toMatchObject({
      exit: 1,
      json: { error: { code: 'DAEMON_ALREADY_RUNNING' } },
    });
    expect(await magpie('status --json')).toMatchObject({ exit: 0, json: { ok: true, account: null } });
    expect(await magpie('account whoami --json')).toMatchObject({ exit: 4 });
    expect(await magpie('daemon stop --json')).toMatchObject({ exit: 0, json: { stopped: true } });
    expect(await magpie('status --json')).toMatchObject({ exit: 3 });
  });

  it('starts again after kill -9', async () => {
    await magpie('daemon start');
    const pid = Number(await readFile(join(folder, 'daemon.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const again = async (): Promise<void> => {
      expect(await magpie('daemon start --json')).toMatchObject({ json: { started: true } });
    };
    await vi.waitFor(again, { timeout: 30_000 });
  });

  it('run in the foreground ends with 0 on SIGTERM and on SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const child = spawn(process.execPath, [launcher, '--profile', `${folder}/`, '--json', 'daemon', 'run']);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const exit = new Promise((resolve) => child.on('exit', resolve));
      child.kill(signal);
      expect(await exit).toBe(0);
    }
  });

  it('says why a profile cannot be used', async () => {
    const { exit, json } = await magpie('daemon start --json', '/dev/null/');
    expect([exit, (json.error as { code: string }).code]).toEqual([1, 'PROFILE_UNUSABLE']);
  });

  it('ends quietly with 0 when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [launcher, 'help', 'json']);
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString();
    });
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(err).toBe('');
  });
});

async function magpie(line: string, profile = `${folder}/`) {
  const child = spawn(process.execPath, [launcher, '--profile', profile, ...line.split(' ')]);
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stdin.end();
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exit, json: (out.startsWith('{') ? JSON.parse(out) : {}) as Record<string, unknown> };
}
