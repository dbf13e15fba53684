import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allMessages, befriend, command, register } from './friends.ts';
import { type CommandOutcome, eventually, pause, type ServerProcess, Stage } from './stage.ts';

const BLNS = join(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))), 'shared/vectors/blns.json');

describe('bad input gets a clear answer and loses nothing', () => {
  let stage: Stage;
  let server: ServerProcess;
  let hostAndPort: string;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    hostAndPort = server.address.split('#')[0]!;
    await register(stage, 'alice', server.address);
    await register(stage, 'bob', server.address);
    await befriend(stage, 'alice', 'bob');
  });
  afterAll(() => stage.close());

  const tryToRegister = (name: string, address: string, passwordFile = 'password', more: readonly string[] = []) =>
    stage.magpie('newcomer', [
      ...['account', 'register', name, '--server', address, '--password-file', stage.path(passwordFile), '--json'],
      ...more,
    ]);

  it('names the reason when the server cannot be reached', async () => {
    expectError(await tryToRegister('carol', '127.0.0.1:9', 'password', ['--trust-first']), 'SERVER_UNREACHABLE', 7);
    const nowhere = await tryToRegister('carol', 'no-such-host.invalid:10000', 'password', ['--trust-first']);
    expectError(nowhere, 'SERVER_UNREACHABLE', 7);
    expectError(await tryToRegister('carol', '::::'), 'BAD_SERVER_ADDRESS', 2);
  });

  it('sends no password to a server whose key is not known or not the expected one', async () => {
    expectError(await tryToRegister('carol', hostAndPort), 'SERVER_KEY_UNKNOWN', 6);
    expectError(await tryToRegister('carol', `${hostAndPort}#aaaaaaaaaaaaaaaaaaaaaaaaaa`), 'WRONG_PIN', 6);
  });

  it('refuses names and passwords by rule, and says which rule', async () => {
    expectRefusal(await tryToRegister('alice', server.address), 'name-taken', 6);
    expectRefusal(await tryToRegister('A!', server.address), 'bad-name', 2);
    writeFileSync(stage.path('weak'), 'password123\n');
    expectRefusal(await tryToRegister('carol', server.address, 'weak'), 'weak-password', 2);
  });

  it('refuses a wrong password, and keeps the session that is there', async () => {
    await command(stage, 'bob', ['account', 'logout', '--json']);
    const words = ['account', 'login', 'bob', '--server', server.address, '--json', '--password-file'];
    expectRefusal(await stage.magpie('bob', [...words, stage.path('wrong-password')]), 'wrong-credentials', 4);
    expect((await stage.magpie('bob', [...words, stage.path('password')])).code).toBe(0);
  });

  it('sends nothing to strangers, to oneself, nothing empty and nothing too large', async () => {
    expectError(await send('nobody_here', 'hello'), 'NOT_FOUND', 5);
    expectError(await send('alice', 'hello'), 'SELF', 6);
    expectError(await send('bob', ' \n '), 'EMPTY_TEXT', 2);
    expectError(await send('bob', 'x'.repeat(65_537)), 'TEXT_TOO_LARGE', 2);
    expectError(await send('bob', '鹊'.repeat(21_846)), 'TEXT_TOO_LARGE', 2);
    const largest = await stage.magpie(
      'alice',
      ['send', 'bob', '-', '--wait', 'delivered', '--json'],
      'x'.repeat(65_536),
    );
    expect(largest.json).toMatchObject({ ok: true, message: { state: 'delivered' } });
  });

  it.skipIf(!existsSync(BLNS))(
    'carries every naughty string unchanged (needs ../shared/vectors/blns.json)',
    async () => {
      const strings = (JSON.parse(readFileSync(BLNS, 'utf8')) as readonly string[]).filter(
        (text) => text.trim() !== '',
      );
      const alice = await stage.connect('alice');
      const bob = await stage.connect('bob');
      const sent: string[] = [];
      for (const text of strings) {
        const { id } = await alice.call('message.send', { to: 'bob', text });
        sent.push(id);
      }
      const last = sent.at(-1)!;
      await eventually(
        'all are delivered',
        async () => (await alice.call('message.show', { id: last })).state === 'delivered',
      );
      const received = (await allMessages(bob, 'alice')).filter((message) => sent.includes(message.id));
      expect(received.map((message) => message.text)).toEqual(strings);
    },
  );

  it('lets one daemon have a profile', async () => {
    expectError(await stage.magpie('alice', ['daemon', 'run', '--json']), 'DAEMON_ALREADY_RUNNING', 1);
    expect((await stage.magpie('alice', ['status', '--json'])).code).toBe(0);
  });

  it('says what to start when no daemon runs', async () => {
    expectError(await stage.magpie('nobody', ['status', '--json']), 'DAEMON_NOT_RUNNING', 3);
  });

  it('refuses a profile that others may read, and one that is damaged, and changes neither', async () => {
    await register(stage, 'dora', server.address);
    await command(stage, 'dora', ['daemon', 'stop', '--json']);
    chmodSync(stage.path('dora/identity.key'), 0o644);
    const open = await stage.magpie('dora', ['daemon', 'run', '--json']);
    expectError(open, 'PROFILE_UNUSABLE', 1);
    expect(open.stdout).toContain('chmod 600');
    chmodSync(stage.path('dora/identity.key'), 0o600);
    const garbage = 'not a database '.repeat(500);
    writeFileSync(stage.path('dora/profile.db'), garbage);
    expectError(await stage.magpie('dora', ['daemon', 'run', '--json']), 'PROFILE_CORRUPT', 1);
    expect(readFileSync(stage.path('dora/profile.db'), 'utf8')).toBe(garbage);
  });

  it('tells the older of two sessions of one device that it was replaced, and it does not fight back', async () => {
    await register(stage, 'erin', server.address);
    await command(stage, 'erin', ['daemon', 'stop', '--json']);
    cpSync(stage.path('erin'), stage.path('erin-copy'), { recursive: true });
    chmodSync(stage.path('erin-copy'), 0o700);
    await command(stage, 'erin', ['daemon', 'start', '--json']);
    const older = await stage.connect('erin');
    await eventually('the older is in', async () => (await older.call('status', {})).server.state === 'connected');
    await command(stage, 'erin-copy', ['daemon', 'start', '--json']);
    const newer = await stage.connect('erin-copy');
    await eventually('the newer is in', async () => (await newer.call('status', {})).server.state === 'connected');
    await eventually('the older is told', async () => (await older.call('status', {})).server.lastError === 'replaced');
    await pause(3_000);
    expect((await older.call('status', {})).server.state).toBe('stopped');
    expect((await newer.call('status', {})).server.state).toBe('connected');
  });

  const send = (to: string, text: string) => stage.magpie('alice', ['send', to, '-', '--json'], text);
});

function expectError(outcome: CommandOutcome, code: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code, exit } });
  expect(outcome.code).toBe(exit);
}

function expectRefusal(outcome: CommandOutcome, refusal: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code: 'SERVER_REFUSED', refusal } });
  expect(outcome.code).toBe(exit);
}
