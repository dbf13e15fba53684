import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCli } from './test-cli.ts';

const CODE = 'abcd-efgh-ijkl-mnop-qrst-uvwx-yz';
let cli: TestCli;
let register: readonly string[];
beforeEach(async () => {
  cli = await TestCli.create();
  cli.engine.recoveryCode = CODE;
  const password = join(cli.folder, 'password');
  await writeFile(password, 'correct horse battery\n');
  register = ['account', 'register', 'alice', '--server', 'host:1#PIN', '--password-file', password];
});
afterEach(() => cli.dispose());

describe('the recovery code (R7)', () => {
  it('is shown once at registration, with the advice to write it down', async () => {
    const { exit, out } = await cli.run(register);
    expect(exit).toBe(0);
    expect(out).toContain(`    ${CODE}\n`);
    expect(out).toContain('Write it down');
    const again = await cli.run([...register.slice(0, 1), 'whoami', '--json']);
    expect(again.out).not.toContain(CODE);
  });

  it('is a field with --json, and the only line with --quiet', async () => {
    expect((await cli.run([...register, '--json'])).json).toMatchObject({
      account: { id: '10001' },
      recoveryCode: CODE,
    });
    expect((await cli.run([...register, '--quiet'])).out).toBe(`${CODE}\n`);
  });

  it('goes into a new file of 0600 instead of the terminal', async () => {
    const file = join(cli.folder, 'recovery.txt');
    const ran = await cli.run([...register, '--recovery-file', file, '--json']);
    expect(ran.json).toMatchObject({ ok: true, recoveryCode: null, recoveryFile: file });
    expect(ran.out).not.toContain(CODE);
    expect(await readFile(file, 'utf8')).toBe(`${CODE}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('overwrites no file: nothing is registered then', async () => {
    const file = join(cli.folder, 'recovery.txt');
    await writeFile(file, 'mine');
    const { exit, json } = await cli.run([...register, '--recovery-file', file, '--json']);
    expect([exit, json.error?.code, cli.engine.calls]).toEqual([1, 'FILE_UNWRITABLE', []]);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(cli.daemonRuns).toBe(false);
  });

  it('leaves no empty file when there is no code', async () => {
    const file = join(cli.folder, 'recovery.txt');
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'name-taken' };
    expect((await cli.run([...register, '--recovery-file', file, '--json'])).exit).toBe(6);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    cli.engine.recoveryCode = undefined;
    const { json } = await cli.run([...register, '--recovery-file', file, '--json']);
    expect([json.ok, json.recoveryCode]).toEqual([true, null]);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes the place of an empty file, which a command that was killed has left', async () => {
    const file = join(cli.folder, 'recovery.txt');
    await writeFile(file, '');
    expect((await cli.run([...register, '--recovery-file', file, '--json'])).json).toMatchObject({
      recoveryFile: file,
    });
    expect(await readFile(file, 'utf8')).toBe(`${CODE}\n`);
  });

  it('is told of as seen only once it is on the terminal or in the file', async () => {
    const file = join(cli.folder, 'recovery.txt');
    await cli.run([...register, '--recovery-file', file, '--json']);
    expect(cli.engine.recoveryUnseen).toBe(false);
    cli.engine.recoveryUnseen = true;
    expect((await cli.run('status')).out).toContain('account recovery renew');
    expect((await cli.run('status --json')).json).toMatchObject({ recoveryUnseen: true });
    await cli.run('account recovery renew');
    expect(cli.engine.recoveryUnseen).toBe(false);
  });

  it.each([true, false])(
    'leaves neither a file nor a registration behind Ctrl-C, where the daemon runs: %s',
    async (runs) => {
      if (runs) await cli.startDaemon();
      cli.engine.registerMs = 60_000;
      const file = join(cli.folder, 'recovery.txt');
      const ran = await cli.run([...register, '--recovery-file', file, '--json'], {
        during: async (signal) => {
          await delay(300);
          signal('SIGINT');
        },
      });
      expect([ran.exit, ran.json.error?.code]).toEqual([130, 'CANCELLED']);
      await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
      await delay(20);
      expect([cli.engine.cancelled, cli.daemonRuns]).toEqual([1, runs]);
    },
  );

  it('can be renewed, to the terminal or to a file', async () => {
    await cli.startDaemon();
    cli.engine.signedIn();
    expect((await cli.run('account recovery renew')).out).toContain('abcd-efgh-new');
    const file = join(cli.folder, 'recovery.txt');
    const { json } = await cli.run(['account', 'recovery', 'renew', '--recovery-file', file, '--json']);
    expect(json).toMatchObject({ ok: true, recoveryCode: null, recoveryFile: file });
    expect(await readFile(file, 'utf8')).toBe('abcd-efgh-new\n');
  });
});

describe('account register with an invitation', () => {
  const PIN = 'aaaaaaaaaaaaaaaaaaaaaaaaaa';

  it('takes server and code out of a join link, and the code of --invite before that', async () => {
    const link = `magpie://chat.example.org:10000/join?pin=${PIN}&invite=CLASS-7b`;
    const words = register.with(4, link);
    await cli.run([...words, '--json']);
    await cli.run([...words, '--invite', 'OTHER', '--json']);
    expect(cli.engine.calls.map((call) => call.input)).toMatchObject([
      { server: expect.stringMatching(/^chat\.example\.org:10000#/), invite: 'CLASS-7b' },
      { invite: 'OTHER' },
    ]);
  });

  it('gives a wrong code its exit code and the next step', async () => {
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'bad-invite' };
    const { exit, json } = await cli.run([...register, '--invite', 'x', '--json']);
    expect([exit, json.error?.refusal]).toEqual([6, 'bad-invite']);
    expect(json.error?.hint).toContain('--invite');
  });

  it('names this device as its owner likes, else after the kind of system, never after the host', async () => {
    await cli.run([...register, '--device-name', 'Lab computer', '--json']);
    await cli.run([...register, '--json']);
    const labels = cli.engine.calls.map((call) => (call.input as { label: string }).label);
    expect(labels[0]).toBe('Lab computer');
    expect(['Linux', 'macOS', 'Windows', 'Unix']).toContain(labels[1]);
  });
});
