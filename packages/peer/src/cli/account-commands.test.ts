import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kindOfSystem } from '../daemon/kind-of-system.ts';
import { TestCli } from './test-cli.ts';

const PASSWORD = 'correct horse battery';
let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
});
afterEach(() => cli.dispose());

describe('account register', () => {
  it('[R32] starts the daemon and registers with the password of a file', async () => {
    const { exit, json } = await cli.run(`${await register('host:1#PIN')} --json`);
    expect(exit).toBe(0);
    expect(json).toMatchObject({ ok: true, schema: 1, account: { id: '10001', name: 'alice', server: 'host:1#PIN' } });
    expect(cli.starts).toEqual([true]);
    expect(cli.engine.calls).toEqual([
      {
        name: 'register',
        input: {
          ...{ server: 'host:1#PIN', trustFirst: false, name: 'alice', displayName: 'alice', password: PASSWORD },
          label: kindOfSystem(),
        },
      },
    ]);
  });

  it('hands --no-udp to the daemon it starts', async () => {
    await cli.run(`${await register('host:1#PIN')} --no-udp --json`);
    expect(cli.starts).toEqual([false]);
  });

  it('takes the password from stdin with -, and the server from MAGPIE_SERVER', async () => {
    const { exit } = await cli.run('account register alice --password-file - --json', {
      stdin: `${PASSWORD}\n`,
      env: { MAGPIE_SERVER: 'host:2#PIN' },
    });
    expect(exit).toBe(0);
    expect(cli.engine.calls[0]?.input).toMatchObject({ password: PASSWORD, server: 'host:2#PIN' });
  });

  it('asks for everything on a terminal, the password twice and without echo', async () => {
    const { exit, err, out } = await cli.run('account register', {
      typed: ['host:1#PIN', 'alice', PASSWORD, PASSWORD],
    });
    expect(exit).toBe(0);
    expect(out + err).not.toContain(PASSWORD);
    expect(cli.engine.calls[0]?.input).toMatchObject({ name: 'alice', server: 'host:1#PIN', password: PASSWORD });
  });

  it('refuses two passwords that differ, before anything is sent', async () => {
    const { exit } = await cli.run('account register alice --server h:1#P', { typed: [PASSWORD, 'another one here'] });
    expect([exit, cli.engine.calls, cli.starts]).toEqual([2, [], []]);
  });

  it('refuses a password that is too short or too long before anything is sent', async () => {
    for (const password of ['short', 'x'.repeat(129)]) {
      await writeFile(join(cli.folder, 'password'), password);
      const { exit, json } = await cli.run([...`account register alice --server h:1#P --json`.split(' '), ...file()]);
      expect([exit, json.error?.refusal]).toEqual([2, 'weak-password']);
    }
    expect(cli.starts).toEqual([]);
  });

  it('never asks without a terminal or with --json: exit 2 says what to give', async () => {
    expect((await cli.run('account register alice --server h:1#P', { stdin: '' })).exit).toBe(2);
    expect((await cli.run('account register alice --server h:1#P --json', { typed: [PASSWORD] })).exit).toBe(2);
    expect((await cli.run('account register alice --server h:1#P --no-input', { typed: [PASSWORD] })).exit).toBe(2);
    expect((await cli.run('account register --json')).json.error).toMatchObject({ code: 'USAGE' });
  });

  it('[R10] shows the fingerprint of an unpinned server and asks; yes goes on with that pin', async () => {
    await password();
    const { exit, err } = await cli.run(['account', 'register', 'alice', '--server', 'host:1', ...file()], {
      typed: ['y'],
    });
    expect(exit).toBe(0);
    expect(err).toContain('PINPINPIN');
    expect(cli.engine.calls.map((call) => (call.input as { server: string }).server)).toEqual([
      'host:1',
      'host:1#PINPINPIN',
    ]);
  });

  it('[R10] stops at anything but yes', async () => {
    await password();
    const { exit } = await cli.run(['account', 'register', 'alice', '--server', 'host:1', ...file()], { typed: ['n'] });
    expect([exit, cli.engine.account]).toEqual([6, undefined]);
  });

  it('waits, after a failed sign-in, until the daemon it started has let go of the profile', async () => {
    await writeFile(cli.paths().pid, `${process.pid}\n`);
    setTimeout(() => void rm(cli.paths().pid), 400);
    expect((await cli.run(`${await register('host:1')} --json`)).exit).toBe(6);
    expect(await readdir(cli.folder)).not.toContain('daemon.pid');
  });

  it('[R10] exits 6 for an unpinned server without a terminal, unless --trust-first', async () => {
    const { exit, json } = await cli.run(`${await register('host:1')} --json`);
    expect([exit, json.error?.code]).toEqual([6, 'SERVER_KEY_UNKNOWN']);
    expect(json.error?.detail).toEqual({ pin: 'PINPINPIN' });
    expect(cli.daemonRuns).toBe(false);
    expect((await cli.run(`${await register('host:1')} --trust-first --json`)).exit).toBe(0);
  });

  it.each([
    ['name-taken', 6],
    ['bad-name', 2],
    ['weak-password', 2],
    ['registration-closed', 6],
    ['busy', 7],
  ] as const)('gives the refusal %s its exit code, and leaves no daemon behind', async (refusal, code) => {
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal };
    const { exit, json } = await cli.run(`${await register('host:1#PIN')} --json`);
    expect([exit, json.error?.refusal]).toEqual([code, refusal]);
    expect(cli.daemonRuns).toBe(false);
  });
});

describe('account login', () => {
  it('[R32] starts the daemon and logs in again by the device key alone', async () => {
    cli.engine.signedIn();
    const { exit } = await cli.run('account login --json');
    expect([exit, cli.starts]).toEqual([0, [true]]);
    expect(cli.engine.calls[0]?.input).toEqual({ trustFirst: false, label: kindOfSystem() });
  });

  it('asks for the password when the server does not know the device', async () => {
    const { exit } = await cli.run('account login --server host:1#PIN', { typed: [PASSWORD] });
    expect(exit).toBe(0);
    expect(cli.engine.calls.at(-1)?.input).toMatchObject({ password: PASSWORD });
  });

  it('exits 4 when a password would be needed and nothing can be asked', async () => {
    const { exit, json } = await cli.run('account login --json');
    expect([exit, json.error?.refusal]).toEqual([4, 'unknown-device']);
  });

  it('exits 4 for a wrong password', async () => {
    await password();
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'wrong-credentials' };
    const words = ['account', 'login', 'alice', '--server', 'h:1#P', '--json', ...file()];
    const { exit, json } = await cli.run(words);
    expect([exit, json.error?.refusal]).toEqual([4, 'wrong-credentials']);
  });
});

async function password(): Promise<void> {
  await writeFile(join(cli.folder, 'password'), `${PASSWORD}\n`);
}

async function register(server: string): Promise<string> {
  await password();
  return `account register alice --server ${server} ${file().join(' ')}`;
}

function file(): string[] {
  return ['--password-file', join(cli.folder, 'password')];
}
