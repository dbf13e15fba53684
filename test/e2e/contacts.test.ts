import type {
  ContactJson,
  LookupJson,
  MessageJson,
  NoticeJson,
  SafetyJson,
  StatusJson,
} from '@magpie/common/rpc/schemas.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, pathTo, register } from './friends.ts';
import { type CommandOutcome, eventually, pause, type ServerProcess, Stage } from './stage.ts';

/** Alice, her friend Bob and the others of a class, by the command line; each test leaves friends as it found them. */
describe('friends by the command line', () => {
  let stage: Stage;
  let server: ServerProcess;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    for (const name of ['alice', 'bob', 'carol', 'dave']) await register(stage, name, server.address);
    await befriend(stage, 'alice', 'bob');
  });
  afterAll(() => stage.close());

  it('asks a question first where the policy says so, and finds nobody where it says nobody', async () => {
    const ask = ['account', 'policy', '--json', '--ask'];
    await command(stage, 'carol', [...ask, 'question', '--question', 'Which lab?']);
    const { found } = await command(stage, 'alice', ['contact', 'lookup', 'carol', '--json']);
    expect(found as LookupJson).toMatchObject({ name: 'carol', ask: 'question', question: 'Which lab?' });
    const silent = await stage.magpie('alice', ['contact', 'add', 'carol', '--json']);
    expectRefusal(silent, 'answer-needed', 2);
    expect(silent.json).toMatchObject({ question: 'Which lab?' });
    await command(stage, 'alice', ['contact', 'add', 'carol', '--message', 'Physics', '--json']);
    await eventually('carol reads the answer', async () => (await contact('carol', 'alice'))?.text === 'Physics');
    await command(stage, 'carol', ['contact', 'reject', 'alice', '--json']);

    await command(stage, 'carol', [...ask, 'nobody']);
    const hidden = await stage.magpie('dave', ['contact', 'lookup', 'carol', '--json']);
    const nobody = await stage.magpie('dave', ['contact', 'lookup', 'zoe', '--json']);
    expect(withoutNames(hidden.stdout)).toBe(withoutNames(nobody.stdout));
    expectError(hidden, 'NOT_FOUND', 5);
    expectError(await stage.magpie('dave', ['contact', 'add', 'carol', '--json']), 'NOT_FOUND', 5);
    await command(stage, 'carol', [...ask, 'anyone']);
  });

  it('makes a block look like a removal, and takes it back', async () => {
    await befriend(stage, 'alice', 'carol');
    await befriend(stage, 'alice', 'dave');
    const blocked = await command(stage, 'alice', ['contact', 'block', 'carol', '--json']);
    expect(blocked.contact as ContactJson).toMatchObject({ state: 'blocked' });
    await command(stage, 'alice', ['contact', 'remove', 'dave', '--yes', '--json']);
    await eventually('both see the end', async () => {
      const [one, other] = [await contact('carol', 'alice'), await contact('dave', 'alice')];
      return one?.state === 'removed' && other?.state === 'removed';
    });
    expect(await contact('carol', 'alice')).toEqual(await contact('dave', 'alice'));
    for (const name of ['carol', 'dave']) {
      expectError(await stage.magpie(name, ['send', 'alice', 'hello?', '--json']), 'NOT_FRIENDS', 6);
      expect((await stage.magpie(name, ['contact', 'lookup', 'alice', '--json'])).code).toBe(0);
    }
    await command(stage, 'carol', ['contact', 'add', 'alice', '--message', 'please', '--json']);
    await pause(500);
    expect((await contact('alice', 'carol'))?.state).toBe('blocked');
    expectRefusal(await stage.magpie('alice', ['contact', 'add', 'carol', '--json']), 'blocked', 6);
    const unblocked = await command(stage, 'alice', ['contact', 'unblock', 'carol', '--json']);
    expect(unblocked.contact as ContactJson).toMatchObject({ state: 'asking', text: 'please' });
    await command(stage, 'alice', ['contact', 'reject', 'carol', '--json']);
  });

  it('gives friends remarks and groups that only this profile knows', async () => {
    await command(stage, 'alice', ['contact', 'rename', 'bob', '阿波 of the lab', '--json']);
    await command(stage, 'alice', ['contact', 'group', 'bob', 'Lab', '--json']);
    await command(stage, 'alice', ['daemon', 'stop', '--json']);
    await command(stage, 'alice', ['daemon', 'start', '--json']);
    const { items } = await command(stage, 'alice', ['contact', 'list', '--group', 'Lab', '--json']);
    expect(items).toMatchObject([{ name: 'bob', alias: '阿波 of the lab', group: 'Lab' }]);
    expect((await stage.magpie('alice', ['contact', 'list'])).stdout).toContain('阿波 of the lab (bob)');
    await command(stage, 'alice', ['contact', 'rename', 'bob', '--json']);
    await command(stage, 'alice', ['contact', 'group', 'bob', '--json']);
    expect(await contact('alice', 'bob')).toMatchObject({ alias: null, group: null });
  });

  it('shows both sides the same safety number, and remembers that it was compared', async () => {
    const [alice, bob] = [await safety('alice', 'bob'), await safety('bob', 'alice')];
    expect(alice.digits).toBe(bob.digits);
    expect(alice.digits).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(alice.verified).toBe(false);
    expect(await safety('alice', 'bob', '--matches')).toMatchObject({ verified: true });
    expect(await contact('alice', 'bob')).toMatchObject({ verified: true });
    expect((await safety('bob', 'alice')).verified).toBe(false);
  });

  it('adds by an invitation link, whose key is verified without the word of the server', async () => {
    const { link } = await command(stage, 'dave', ['account', 'invitation', '--json']);
    expect((await stage.magpie('dave', ['contact', 'qr'])).stdout).toMatch(/█[\s\S]*magpie:\/\//);
    const forged = String(link).replace(/key=(.)/, (_, first) => `key=${first === 'a' ? 'b' : 'a'}`);
    const refused = await stage.magpie('bob', ['contact', 'add', forged, '--json']);
    expectError(refused, 'KEY_CHANGED', 6);
    expect(refused.stdout).toMatch(/key in the link .* for dave/);
    const elsewhere = String(link).replace(/pin=(.)/, (_, first) => `pin=${first === 'a' ? 'b' : 'a'}`);
    expectError(await stage.magpie('bob', ['contact', 'add', elsewhere, '--json']), 'OTHER_SERVER', 6);
    await pause(300);
    expect((await contact('dave', 'bob'))?.state).not.toBe('asking');
    await command(stage, 'bob', ['contact', 'add', String(link), '--json']);
    await eventually('dave is asked', async () => (await contact('dave', 'bob'))?.state === 'asking');
    await command(stage, 'dave', ['contact', 'accept', 'bob', '--json']);
    await eventually('bob has him, verified', async () => {
      const found = await contact('bob', 'dave');
      return found?.state === 'member' && found.verified;
    });
    expect((await safety('bob', 'dave')).verified).toBe(true);
  });

  it('goes by the relay both ways while never direct is on toward a friend, and says why', async () => {
    const alice = await stage.connect('alice');
    await command(stage, 'alice', ['send', 'bob', 'warm up', '--wait', 'delivered', '--timeout', '20s', '--json']);
    await eventually('a direct path', async () => (await pathTo(alice, 'bob'))?.state === 'direct', 30_000);
    await command(stage, 'alice', ['net', 'never-direct', 'on', 'bob', '--json']);
    const { message } = await command(stage, 'alice', send('bob', 'hidden'));
    expect((message as MessageJson).path?.kind).toBe('relay');
    await eventually('the path says why', async () => (await pathTo(alice, 'bob'))?.reason === 'never-direct');
    const { message: back } = await command(stage, 'bob', send('alice', 'and back'));
    expect((back as MessageJson).path?.kind).toBe('relay');
    const { items } = await command(stage, 'alice', ['net', 'never-direct', '--json']);
    expect(items).toMatchObject([{ name: 'bob', neverDirect: true }]);
    await command(stage, 'alice', ['net', 'never-direct', 'off', 'bob', '--json']);
    await eventually('direct again', async () => (await pathTo(alice, 'bob'))?.state === 'direct', 30_000);
  });

  it('gathers no addresses at all while never direct is on toward everybody', async () => {
    const alice = await stage.connect('alice');
    await command(stage, 'alice', ['net', 'never-direct', 'on', '--json']);
    const { message } = await command(stage, 'alice', send('bob', 'hidden from all'));
    expect((message as MessageJson).path?.kind).toBe('relay');
    await pause(500);
    const before = (await status('alice')).udp.datagramsSent;
    await command(stage, 'alice', send('bob', 'still hidden'));
    await command(stage, 'bob', send('alice', 'and back'));
    await pause(2_000);
    expect((await status('alice')).udp.datagramsSent).toBe(before);
    expect(await status('alice')).toMatchObject({ neverDirect: true });
    await command(stage, 'alice', ['net', 'never-direct', 'off', '--json']);
    await eventually('direct again', async () => (await pathTo(alice, 'bob'))?.state === 'direct', 30_000);
  });

  it('shows friends a status with its text, and keeps it through a restart', async () => {
    const words = ['presence', 'set', 'busy', '--message', 'in a lecture', '--json'];
    expect(await command(stage, 'bob', words)).toMatchObject({ presence: 'busy', text: 'in a lecture' });
    await eventually('alice sees both', async () => {
      const bob = await contact('alice', 'bob');
      return bob?.presence === 'busy' && bob.statusText === 'in a lecture';
    });
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    await eventually('alice sees him go', async () => (await contact('alice', 'bob'))?.presence === 'offline');
    expect((await contact('alice', 'bob'))?.lastSeen).toMatch(/^\d{4}-.*:\d0:00\.000Z$/);
    await command(stage, 'bob', ['daemon', 'start', '--json']);
    await eventually('busy again', async () => (await contact('alice', 'bob'))?.presence === 'busy');
    await command(stage, 'bob', ['presence', 'set', 'online', '--message', '', '--json']);
    await eventually('online', async () => (await contact('alice', 'bob'))?.statusText === '');
  });

  it('tells nobody when it was last here, when switched off', async () => {
    await command(stage, 'bob', ['account', 'policy', '--last-seen', 'off', '--json']);
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    await eventually('alice sees him go', async () => (await contact('alice', 'bob'))?.presence === 'offline');
    expect((await contact('alice', 'bob'))?.lastSeen).toBeNull();
    await command(stage, 'bob', ['daemon', 'start', '--json']);
    await command(stage, 'bob', ['account', 'policy', '--last-seen', 'on', '--json']);
  });

  it('is away by itself after a time without activity, and back with the next command', async () => {
    await command(stage, 'bob', ['presence', 'auto-away', '1s', '--json']);
    await eventually('alice sees him away', async () => (await contact('alice', 'bob'))?.presence === 'away');
    expect(await command(stage, 'bob', ['presence', 'get', '--json'])).toMatchObject({
      presence: 'away',
      wish: 'online',
    });
    await command(stage, 'bob', ['presence', 'auto-away', 'off', '--json']);
    await eventually('he is back', async () => (await contact('alice', 'bob'))?.presence === 'online');
  });

  it('shows each notice of the operator once, also to those who were away', async () => {
    await command(stage, 'dave', ['daemon', 'stop', '--json']);
    const words = ['notice', 'send', 'maintenance on Monday', '--data', stage.path('server'), '--json'];
    expect((await stage.magpieServer(words)).code).toBe(0);
    await eventually('alice has it', async () => (await notices('alice')).length === 1);
    await command(stage, 'dave', ['daemon', 'start', '--json']);
    await eventually('dave has it', async () => (await notices('dave')).length === 1);
    await command(stage, 'dave', ['daemon', 'stop', '--json']);
    await command(stage, 'dave', ['daemon', 'start', '--json']);
    await pause(500);
    expect((await notices('dave')).map((each) => each.text)).toEqual(['maintenance on Monday']);
    const { items } = await command(stage, 'dave', ['notice', 'list', '--json']);
    expect(items).toHaveLength(1);
    expect((await stage.magpie('dave', ['notice', 'list'])).stdout).toContain('maintenance on Monday');
  });

  function send(to: string, text: string): readonly string[] {
    return ['send', to, text, '--wait', 'delivered', '--timeout', '20s', '--json'];
  }

  async function contact(profile: string, name: string): Promise<ContactJson | undefined> {
    const connection = await stage.connect(profile);
    const found = await connection.call('contact.show', { who: name }).catch(() => undefined);
    connection.close();
    return found;
  }

  async function safety(profile: string, name: string, ...more: readonly string[]): Promise<SafetyJson> {
    return (await command(stage, profile, ['contact', 'verify', name, ...more, '--json'])).safety as SafetyJson;
  }

  async function status(profile: string): Promise<StatusJson> {
    return (await command(stage, profile, ['status', '--json'])) as unknown as StatusJson;
  }

  async function notices(profile: string): Promise<readonly NoticeJson[]> {
    const connection = await stage.connect(profile);
    const { items } = await connection.call('notice.list', { limit: 20 });
    connection.close();
    return items;
  }
});

/** What two answers share besides the names that were asked for. */
function withoutNames(text: string): string {
  return text.replaceAll(/carol|zoe/g, 'NAME');
}

function expectError(outcome: CommandOutcome, code: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code, exit } });
  expect(outcome.code).toBe(exit);
}

function expectRefusal(outcome: CommandOutcome, refusal: string, exit: number): void {
  expect(outcome.json).toMatchObject({ ok: false, error: { code: 'SERVER_REFUSED', refusal } });
  expect(outcome.code).toBe(exit);
}
