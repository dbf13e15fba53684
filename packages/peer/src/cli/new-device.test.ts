import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCli } from './test-cli.ts';

const PASSWORD = 'correct horse battery';
const LOGIN = ['account', 'login', 'alice', '--server', 'host:1#PIN'];
let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
});
afterEach(() => cli.dispose());

describe('account login on a device that the account does not know (R7)', () => {
  it('exits 4 where nothing can be asked, and says which ways there are', async () => {
    cli.engine.nextError = { code: 'NEW_DEVICE' };
    const { exit, json } = await cli.run([...LOGIN, ...(await passwordFile()), '--json']);
    expect([exit, json.error?.code]).toEqual([4, 'NEW_DEVICE']);
    expect(json.error?.hint).toMatch(/devices approve.*--recovery-code-file.*--new-identity/);
    expect(cli.daemonRuns).toBe(false);
  });

  it.each([
    ['--approval-code-file', 'approvalCode'],
    ['--recovery-code-file', 'recoveryCode'],
  ])('takes the code of %s', async (option, field) => {
    const file = await fileWith('code', '  aaaa-bbbb-cccc-dddd \n');
    expect((await cli.run([...LOGIN, ...(await passwordFile()), option, file, '--json'])).exit).toBe(0);
    expect(inputs()).toMatchObject([{ password: PASSWORD, [field]: 'aaaa-bbbb-cccc-dddd' }]);
  });

  it('takes a code from stdin', async () => {
    const words = [...LOGIN, ...(await passwordFile()), '--approval-code-file', '-', '--json'];
    await cli.run(words, { stdin: 'aaaa\n' });
    expect(inputs()).toMatchObject([{ approvalCode: 'aaaa' }]);
  });

  it('asks for no password beside a recovery code, on a terminal neither', async () => {
    const file = await fileWith('code', 'abcd-efgh\n');
    expect((await cli.run([...LOGIN, '--recovery-code-file', file], { typed: [] })).exit).toBe(0);
    expect(inputs()[0]).not.toHaveProperty('password');
  });

  it.each([
    ['1', 'aaaa-bbbb', { approvalCode: 'aaaa-bbbb' }],
    ['2', 'cccc-dddd', { recoveryCode: 'cccc-dddd' }],
    ['3', 'y', { newIdentity: true }],
  ])('explains the three ways on a terminal and goes on with number %s', async (way, answer, means) => {
    cli.engine.nextError = { code: 'NEW_DEVICE' };
    const { exit, err } = await cli.run(LOGIN, { typed: [PASSWORD, way, answer] });
    expect(exit).toBe(0);
    expect(err).toMatch(/devices approve[\s\S]*recovery code[\s\S]*new identity/);
    expect(err.includes('cccc')).toBe(false);
    expect(inputs().at(-1)).toMatchObject({ password: PASSWORD, ...means });
    expect(inputs()).toHaveLength(2);
  });

  it('asks for the fingerprint of an unpinned server only once on the way', async () => {
    const typed = [PASSWORD, 'y', '1', 'aaaa-bbbb'];
    const login = cli.engine.login.bind(cli.engine);
    cli.engine.login = async (input) => {
      if (input.server === 'host:1#PINPINPIN' && !input.approvalCode) cli.engine.nextError = { code: 'NEW_DEVICE' };
      return login(input);
    };
    expect((await cli.run(['account', 'login', 'alice', '--server', 'host:1'], { typed })).exit).toBe(0);
    expect(cli.engine.calls.map((call) => (call.input as { server: string }).server)).toEqual([
      'host:1',
      'host:1#PINPINPIN',
      'host:1#PINPINPIN',
    ]);
  });

  it('cancels at any other answer, and at anything but yes to a new identity', async () => {
    for (const typed of [
      [PASSWORD, ''],
      [PASSWORD, '3', 'n'],
    ]) {
      cli.engine.nextError = { code: 'NEW_DEVICE' };
      expect((await cli.run(LOGIN, { typed })).exit).toBe(130);
    }
    expect([cli.engine.account, cli.daemonRuns]).toEqual([undefined, false]);
  });

  it('takes no new identity unasked: --yes, or a yes on the terminal', async () => {
    const words = [...LOGIN, '--new-identity', ...(await passwordFile())];
    const refused = await cli.run([...words, '--json']);
    expect([refused.exit, refused.json.error?.code]).toEqual([2, 'INPUT_NEEDED']);
    expect(refused.json.error?.hint).toContain('--yes');
    expect((await cli.run(words, { typed: ['n'] })).exit).toBe(130);
    expect(cli.engine.calls).toEqual([]);
    cli.engine.recoveryCode = 'abcd-efgh-ijkl';
    const { exit, json } = await cli.run([...words, '--yes', '--json']);
    expect([exit, json.recoveryCode]).toEqual([0, 'abcd-efgh-ijkl']);
    expect(inputs()).toMatchObject([{ newIdentity: true }]);
  });

  it('waits for the approval longer than for other answers, and Ctrl-C cancels', async () => {
    cli.engine.approvalMs = 60_000;
    const file = await fileWith('code', 'aaaa\n');
    const ran = await cli.run([...LOGIN, ...(await passwordFile()), '--approval-code-file', file], {
      during: async (signal) => {
        await delay(150);
        signal('SIGINT');
      },
    });
    expect([ran.exit, cli.daemonRuns]).toEqual([130, false]);
    expect(ran.err).toContain('Waiting for the other device');
    await delay(20);
    expect(cli.engine.cancelled).toBe(1);
  });

  it('tells a daemon that goes on running when it waits no longer, also after --timeout', async () => {
    await cli.startDaemon();
    cli.engine.approvalMs = 500;
    const file = await fileWith('code', 'aaaa\n');
    const words = [...LOGIN, ...(await passwordFile()), '--approval-code-file', file, '--timeout', '50ms', '--json'];
    expect((await cli.run(words)).exit).toBe(8);
    await delay(20);
    expect([cli.engine.cancelled, cli.daemonRuns]).toEqual([1, true]);
  });

  it.each([
    ['WRONG_CODE', 4],
    ['NOT_APPROVED', 8],
  ] as const)('gives %s its exit code', async (code, exit) => {
    cli.engine.nextError = { code };
    const file = await fileWith('code', 'aaaa\n');
    const ran = await cli.run([...LOGIN, ...(await passwordFile()), '--approval-code-file', file, '--json']);
    expect([ran.exit, ran.json.error?.code]).toEqual([exit, code]);
  });
});

describe('account recover', () => {
  it('sets a new password with the code, and never sends an old one', async () => {
    const code = await fileWith('code', 'abcd-efgh\n');
    const words = ['account', 'recover', 'alice', '--server', 'host:1#PIN', '--recovery-code-file', code];
    expect((await cli.run([...words, ...(await passwordFile()), '--json'])).exit).toBe(0);
    expect(inputs()).toMatchObject([{ account: 'alice', recoveryCode: 'abcd-efgh', newPassword: PASSWORD }]);
    expect(inputs()[0]).not.toHaveProperty('password');
  });

  it('asks on a terminal for the code without echo, and for the new password twice', async () => {
    const typed = ['abcd-efgh', PASSWORD, PASSWORD];
    const { exit, out, err } = await cli.run('account recover alice --server host:1#PIN', { typed });
    expect([exit, (out + err).includes('abcd')]).toEqual([0, false]);
    expect(inputs()).toMatchObject([{ recoveryCode: 'abcd-efgh', newPassword: PASSWORD }]);
  });

  it('says that the new password holds, when the rest failed after it', async () => {
    cli.engine.nextError = { code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected', passwordChanged: 1 } };
    const code = await fileWith('code', 'abcd-efgh\n');
    const words = ['account', 'recover', 'alice', '--server', 'host:1#PIN', '--recovery-code-file', code, '--json'];
    const { json } = await cli.run([...words, ...(await passwordFile())]);
    expect(json.error?.hint).toContain('new password holds already');
  });

  it('exits 2 where the code cannot be asked for, and for a weak new password', async () => {
    const asked = await cli.run('account recover alice --server host:1#PIN --json');
    expect([asked.exit, asked.json.error?.code]).toEqual([2, 'INPUT_NEEDED']);
    const [code, weak] = [await fileWith('code', 'x'), await fileWith('weak', 'short')];
    const words = ['account', 'recover', 'alice', '--recovery-code-file', code, '--password-file', weak, '--json'];
    expect((await cli.run(words)).json.error?.refusal).toBe('weak-password');
    expect(cli.starts).toEqual([]);
  });
});

function inputs(): Record<string, unknown>[] {
  return cli.engine.calls.map((call) => call.input as Record<string, unknown>);
}

async function passwordFile(): Promise<string[]> {
  return ['--password-file', await fileWith('password', `${PASSWORD}\n`)];
}

async function fileWith(name: string, text: string): Promise<string> {
  const path = join(cli.folder, name);
  await writeFile(path, text);
  return path;
}
