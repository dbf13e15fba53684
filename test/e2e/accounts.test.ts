import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AccountJson, DeviceJson, MessageJson, SignInJson } from '@magpie/common/rpc/schemas.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, contactOf, register } from './friends.ts';
import { type CommandOutcome, eventually, PASSWORD, pause, type ServerProcess, Stage } from './stage.ts';

/** From the command of one device to the end of another one's session, and to what friends do about it. */
const SOON_MS = 1_000;

/** One person with several computers, in the order of such a life: each test goes on where the one before ended. */
describe('an account by the command line', () => {
  const NEW_PASSWORD = 'eight slow herons';
  let stage: Stage;
  let server: ServerProcess;
  let recoveryCode: string;

  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    writeFileSync(stage.path('new-password'), NEW_PASSWORD);
    writeFileSync(stage.path('third-password'), 'four kind starlings');
    await register(stage, 'bob', server.address);
  });
  afterAll(() => stage.close());

  it('gets a recovery code once, at registration, into a file that only its owner may read', async () => {
    const made = await command(stage, 'alice', [
      ...['account', 'register', 'alice', '--server', server.address, '--recovery-file', stage.path('recovery')],
      ...['--password-file', stage.path('password'), '--json'],
    ]);
    expect(made).toMatchObject({ account: { name: 'alice' }, recoveryCode: null });
    recoveryCode = readFileSync(stage.path('recovery'), 'utf8').trim();
    expect(recoveryCode.replaceAll(/[^a-z2-7]/g, '')).toHaveLength(26);
    expect(statSync(stage.path('recovery')).mode & 0o777).toBe(0o600);
    await befriend(stage, 'bob', 'alice');
  });

  it('lets no second computer in by the password alone, nor by a wrong code', async () => {
    expectError(await login('alice2', 'alice'), 'NEW_DEVICE', 4);
    writeFileSync(stage.path('wrong-code'), 'aaaa-aaaa-aaaa-aaaa');
    expectError(await login('alice2', 'alice', '--recovery-code-file', stage.path('wrong-code')), 'WRONG_CODE', 4);
  });

  it('lets a second computer in by a code of the first one', async () => {
    const approving = stage.startMagpie('alice', ['account', 'devices', 'approve', '--json']);
    const ended = new Promise<number | null>((resolve) => approving.on('exit', resolve));
    const lines = createInterface({ input: approving.stdout! })[Symbol.asyncIterator]();
    const offered = JSON.parse((await lines.next()).value as string) as { approval: { code: string } };
    writeFileSync(stage.path('approval-code'), offered.approval.code);
    const joined = await login('alice2', 'alice', '--approval-code-file', stage.path('approval-code'));
    expect(joined).toMatchObject({ code: 0, json: { account: { name: 'alice' }, recoveryCode: null } });
    expect(JSON.parse((await lines.next()).value as string)).toMatchObject({ approval: { outcome: 'approved' } });
    expect(await ended).toBe(0);
    expect(await devices('alice')).toHaveLength(2);
    const used = ['--approval-code-file', stage.path('approval-code'), '--timeout', '2s'];
    expectError(await login('alice9', 'alice', ...used), 'TIMED_OUT', 8);
  });

  it('stops waiting for an approval at Ctrl-C, in a daemon that goes on, too', async () => {
    await command(stage, 'alice9', ['daemon', 'start', '--json']);
    const link = async () => (await daemon.call('status', {})).server.state;
    const daemon = await stage.connect('alice9');
    const waiting = stage.startMagpie('alice9', [
      ...['account', 'login', 'alice', '--server', server.address, '--password-file', stage.path('password')],
      ...['--approval-code-file', stage.path('approval-code'), '--json'],
    ]);
    const ended = new Promise<number | null>((resolve) => waiting.on('exit', resolve));
    await eventually('it waits', async () => (await link()) === 'connecting');
    await pause(500);
    waiting.kill('SIGINT');
    expect(await ended).toBe(130);
    await eventually('the daemon waits no longer', async () => (await link()) === 'signed-out');
    await command(stage, 'alice9', ['daemon', 'stop', '--json']);
  });

  it('lets a third one in by the recovery code', async () => {
    const joined = await login('alice3', 'alice', '--recovery-code-file', stage.path('recovery'));
    expect(joined).toMatchObject({ code: 0, json: { account: { name: 'alice' } } });
    await eventually('the first one sees all three', async () => (await devices('alice')).length === 3);
    expect((await devices('alice3')).filter((each) => each.own)).toHaveLength(1);
  });

  it('gets a message of a friend on every computer', async () => {
    await command(stage, 'bob', [
      'send',
      'alice',
      'to all of you',
      '--wait',
      'delivered',
      '--json',
      '--timeout',
      '20s',
    ]);
    for (const profile of ['alice', 'alice2', 'alice3']) {
      await eventually(`${profile} has it`, async () => (await texts(profile, 'bob')).includes('to all of you'));
    }
  });

  it('renews its recovery code, and the old one opens nothing any more', async () => {
    await command(stage, 'alice', ['account', 'recovery', 'renew', '--recovery-file', stage.path('renewed'), '--json']);
    expect(readFileSync(stage.path('renewed'), 'utf8').trim()).not.toBe(recoveryCode);
    expectError(await login('alice9', 'alice', '--recovery-code-file', stage.path('recovery')), 'WRONG_CODE', 4);
  });

  it('takes a lost computer off its list: that one is signed out within a second', async () => {
    const lost = await stage.connect('alice3');
    const own = (await devices('alice3')).find((each) => each.own);
    expectError(await stage.magpie('alice3', ['account', 'devices', 'revoke', own!.id, '--json']), 'WRONG_DEVICE', 6);
    await command(stage, 'alice', ['account', 'devices', 'revoke', own!.id.slice(0, 8), '--json']);
    const afterMs = await eventually('it is signed out', async () => {
      return (await lost.call('status', {})).server.state === 'signed-out';
    });
    expect(afterMs).toBeLessThan(SOON_MS);
    expectError(await stage.magpie('alice3', ['contact', 'add', 'bob', '--json']), 'NOT_SIGNED_IN', 4);
    expect(await devices('alice')).toHaveLength(2);
  });

  it('changes its password: other computers end within a second, and come back with the new one', async () => {
    const other = await stage.connect('alice2');
    writeFileSync(stage.path('both'), `${PASSWORD}\n${NEW_PASSWORD}\n`);
    await command(stage, 'alice', ['account', 'passwd', '--password-file', stage.path('both'), '--json']);
    const afterMs = await eventually('the other one is signed out', async () => {
      const { server: link } = await other.call('status', {});
      return link.state === 'signed-out' && link.lastError === 'password-changed';
    });
    expect(afterMs).toBeLessThan(SOON_MS);
    expect((await stage.magpie('alice2', ['account', 'login', '--json'])).code).toBe(4);
    expectRefusal(await login('alice2', 'alice'), 'wrong-credentials', 4);
    expect((await login('alice2', 'alice', '--password-file', stage.path('new-password'))).code).toBe(0);
    await eventually('it is in', async () => (await other.call('status', {})).server.state === 'connected');
    await command(stage, 'bob', ['send', 'alice', 'still there?', '--wait', 'delivered', '--timeout', '20s', '--json']);
  });

  it('comes back with the recovery code when the password is lost', async () => {
    const words = ['account', 'recover', 'alice', '--server', server.address, '--json'];
    const [code, password] = [stage.path('renewed'), stage.path('third-password')];
    const files = ['--recovery-code-file', code, '--password-file', password];
    expectError(await stage.magpie('alice4', [...words, ...files.with(1, stage.path('wrong-code'))]), 'WRONG_CODE', 4);
    expect((await stage.magpie('alice4', [...words, ...files])).json).toMatchObject({ account: { name: 'alice' } });
    expectRefusal(
      await login('alice9', 'alice', '--password-file', stage.path('new-password')),
      'wrong-credentials',
      4,
    );
    expect((await login('alice', 'alice', '--password-file', password)).code).toBe(0);
  });

  it('takes a new identity when all is lost: a friend sees it, and sends nothing until they have looked', async () => {
    const words = ['--new-identity', '--yes', '--password-file', stage.path('third-password')];
    expectError(await login('alice5', 'alice', ...words.toSpliced(1, 1)), 'INPUT_NEEDED', 2);
    const outcome = await login('alice5', 'alice', ...words);
    expect((outcome.json as unknown as SignInJson).recoveryCode).not.toBeNull();
    const bob = await stage.connect('bob');
    await eventually('bob sees the change', async () => (await contactOf(bob, 'alice'))?.keyChanged === true);
    const { message } = await command(stage, 'bob', ['send', 'alice', 'is it you?', '--json']);
    await eventually('it says why it waits', async () => {
      const { state, reason } = await bob.call('message.show', { id: (message as MessageJson).id });
      return state === 'queued' && reason === 'key-changed';
    });
    expect((await stage.magpie('bob', ['contact', 'list'])).stdout).toContain('key changed');
    expect(await texts('alice5', 'bob')).toEqual([]);
    const accepted = await command(stage, 'bob', ['contact', 'verify', 'alice', '--accept-new-key', '--json']);
    expect(accepted).toMatchObject({ safety: { keyChanged: false, verified: false } });
    await eventually('it arrives', async () => (await texts('alice5', 'bob')).includes('is it you?'));
  });

  it('shows a new display name and signature line to friends', async () => {
    const words = ['account', 'profile', '--display-name', '爱丽丝', '--signature', 'on the road', '--json'];
    const { account } = await command(stage, 'alice5', words);
    expect(account as AccountJson).toMatchObject({ displayName: '爱丽丝', signatureLine: 'on the road' });
    const bob = await stage.connect('bob');
    await eventually('bob sees both', async () => {
      const alice = await contactOf(bob, 'alice');
      return alice?.displayName === '爱丽丝' && alice.signatureLine === 'on the road';
    });
  });

  it('is deleted for ever: friends lose it, nobody logs in to it, and its name is not given again', async () => {
    const words = ['account', 'delete', '--password-file', stage.path('third-password'), '--json'];
    expectError(await stage.magpie('alice5', words), 'INPUT_NEEDED', 2);
    expectRefusal(
      await stage.magpie('alice5', [...words.with(3, stage.path('wrong-password')), '--yes']),
      'wrong-credentials',
      4,
    );
    await command(stage, 'alice5', [...words, '--yes']);
    const bob = await stage.connect('bob');
    await eventually('bob loses her', async () => (await contactOf(bob, 'alice')) === undefined);
    expect((await bob.call('contact.show', { who: 'alice' })).state).toBe('removed');
    const again = await login('alice9', 'alice', '--password-file', stage.path('third-password'));
    expectRefusal(again, 'wrong-credentials', 4);
    const taken = await stage.magpie('alice9', [
      ...['account', 'register', 'alice', '--server', server.address, '--password-file', stage.path('password')],
      '--json',
    ]);
    expectRefusal(taken, 'name-taken', 6);
    expect(await texts('alice5', 'bob')).toContain('is it you?');
  });

  function login(profile: string, account: string, ...more: readonly string[]): Promise<CommandOutcome> {
    const password = more.includes('--password-file') ? [] : ['--password-file', stage.path('password')];
    const words = ['account', 'login', account, '--server', server.address, ...password, ...more];
    return stage.magpie(profile, [...words, '--json', ...(more.includes('--timeout') ? [] : ['--timeout', '30s'])]);
  }

  async function devices(profile: string): Promise<readonly DeviceJson[]> {
    return (await command(stage, profile, ['account', 'devices', 'list', '--json'])).items as readonly DeviceJson[];
  }

  async function texts(profile: string, chat: string): Promise<readonly string[]> {
    const connection = await stage.connect(profile);
    const page = await connection.call('message.list', { chat, limit: 100 }).catch(() => undefined);
    connection.close();
    return (page?.items ?? []).filter(({ kind }) => kind === 'text').map((each) => each.text);
  }
});

describe('an account on a server that asks for invitations', () => {
  let stage: Stage;
  let server: ServerProcess;
  beforeAll(async () => {
    stage = new Stage();
    writeFileSync(stage.path('server.toml'), 'registration = "invite"\n');
    server = await stage.startServer('server', ['--config', stage.path('server.toml')]);
  });
  afterAll(() => stage.close());

  it('is made with a code or with a join link, each as often as it says', async () => {
    const data = ['--data', stage.path('server'), '--json'];
    const once = await stage.magpieServer(['user', 'invite', '--uses', '1', ...data]);
    const { code, link } = once.json as unknown as { readonly code: string; readonly link: string };
    expectRefusal(await enter('carol', server.address), 'bad-invite', 6);
    expectRefusal(await enter('carol', server.address, '--invite', 'nonsense'), 'bad-invite', 6);
    expect((await enter('carol', server.address, '--invite', code)).code).toBe(0);
    expectRefusal(await enter('dave', server.address, '--invite', code), 'bad-invite', 6);
    const again = await stage.magpieServer(['user', 'invite', '--uses', '1', ...data]);
    const other = (again.json as { readonly link?: string }).link ?? link;
    expect((await enter('dave', other)).json).toMatchObject({ ok: true, account: { name: 'dave' } });
  });

  it('is made by the operator: the first device that logs in gives it its key, and shows the recovery code', async () => {
    const words = ['user', 'add', 'erin', '--display-name', 'Erin', '--password-file', stage.path('password')];
    expect((await stage.magpieServer([...words, '--data', stage.path('server'), '--json'])).code).toBe(0);
    const login = ['account', 'login', 'erin', '--server', server.address, '--json'];
    const password = ['--password-file', stage.path('password')];
    const first = (await command(stage, 'erin', [...login, ...password])) as unknown as SignInJson;
    expect(first.account).toMatchObject({ name: 'erin', displayName: 'Erin' });
    expect(first.recoveryCode).toMatch(/^[a-z2-7-]{30,}$/);
    expectError(await stage.magpie('erin2', [...login, ...password]), 'NEW_DEVICE', 4);
    writeFileSync(stage.path('erin-code'), first.recoveryCode ?? '');
    const second = await stage.magpie('erin2', [...login, '--recovery-code-file', stage.path('erin-code')]);
    expect(second.json).toMatchObject({ ok: true, recoveryCode: null });
  });

  function enter(name: string, address: string, ...more: readonly string[]): Promise<CommandOutcome> {
    const words = ['account', 'register', name, '--server', address, '--password-file', stage.path('password')];
    return stage.magpie(name, [...words, ...more, '--json']);
  }
});

function expectError(outcome: CommandOutcome, code: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code, exit } });
  expect(outcome.code).toBe(exit);
}

function expectRefusal(outcome: CommandOutcome, refusal: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code: 'SERVER_REFUSED', refusal } });
  expect(outcome.code).toBe(exit);
}
