import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCli } from './test-cli.ts';

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
  cli.engine.person(10_002, 'bob', 'member', 'Bob');
});
afterEach(() => cli.dispose());

describe('contact add', () => {
  beforeEach(() => {
    const dave = { account: 10_007 as never, name: 'dave' as never, displayName: 'Dave' };
    cli.engine.strangers.set('dave', { ...dave, ask: 'question', question: 'Which \u001b[1mlab?' });
    cli.engine.strangers.set('10007', { ...dave, ask: 'question', question: 'Which lab?' });
  });

  it('shows the question of whoever asks one, and goes again with the answer', async () => {
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'answer-needed' };
    const { exit, err } = await cli.run('contact add dave', { typed: ['Physics'] });
    expect(exit).toBe(0);
    expect(err).toContain('Which \u241b[1mlab?');
    expect(asked()).toEqual([
      { who: 'dave', text: '' },
      { who: 'dave', text: 'Physics' },
    ]);
  });

  it('exits 2 with the question where nothing can be asked, and takes the answer by --message', async () => {
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'answer-needed' };
    const { exit, json } = await cli.run('contact add dave --json');
    expect([exit, json.error?.refusal, json.question]).toEqual([2, 'answer-needed', 'Which \u001b[1mlab?']);
    expect(json.error?.hint).toContain('--message');
    expect((await cli.run('contact add dave --message Physics --json')).exit).toBe(0);
  });

  it('hands over an invitation link as it is, and asks the question of its owner by number', async () => {
    const key = 'a'.repeat(52);
    const link = `magpie://host:1/friend?pin=${'a'.repeat(26)}&number=10007&name=dave&key=${key}`;
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'answer-needed' };
    expect((await cli.run(['contact', 'add', link], { typed: ['Physics'] })).exit).toBe(0);
    expect(asked()).toEqual([
      { who: link, text: '' },
      { who: link, text: 'Physics' },
    ]);
    expect(cli.engine.calls.find((call) => call.name === 'lookup')?.input).toEqual({ who: '10007' });
  });

  it('says that the key of a link is another one, and sends no link on that names no friend', async () => {
    const pin = 'a'.repeat(26);
    const link = `magpie://host:1/friend?pin=${pin}&number=10007&name=dave&key=${'a'.repeat(52)}`;
    cli.engine.nextError = { code: 'KEY_CHANGED', detail: { who: link } };
    const { exit, json } = await cli.run(['contact', 'add', link, '--json']);
    expect([exit, json.error?.code]).toEqual([6, 'KEY_CHANGED']);
    expect(json.error?.message).toMatch(/^The key in the link .* dave/);
    cli.engine.nextError = { code: 'KEY_CHANGED', detail: { who: '10007', pinned: 1 } };
    expect((await cli.run(['contact', 'add', link, '--json'])).json.error?.hint).toContain('--accept-new-key');
    for (const other of [`magpie://host:1/join?pin=${pin}&invite=x`, 'magpie://host:1/friend?pin=x', 'magpie:']) {
      expect((await cli.run(['contact', 'add', other, '--json'])).json.error).toMatchObject({ code: 'USAGE' });
    }
    expect(asked()).toEqual([
      { who: link, text: '' },
      { who: link, text: '' },
    ]);
  });

  it.each([
    ['OTHER_SERVER', undefined, 6],
    ['KEY_CHANGED', undefined, 6],
    ['SERVER_REFUSED', 'blocked', 6],
    ['SERVER_REFUSED', 'not-found', 5],
  ] as const)('gives %s %s its exit code', async (code, refusal, exit) => {
    cli.engine.nextError = { code, ...(refusal ? { refusal } : {}) };
    expect((await cli.run('contact add dave --json')).exit).toBe(exit);
  });

  function asked(): unknown[] {
    return cli.engine.calls.filter((call) => call.name === 'addContact').map((call) => call.input);
  }
});

describe('what only this profile knows of a friend', () => {
  it('shows the remark first, then the name, and finds its way into lists and groups', async () => {
    expect((await cli.run(['contact', 'rename', 'bob', 'Bob of the lab', '--json'])).json).toMatchObject({
      contact: { name: 'bob', alias: 'Bob of the lab' },
    });
    await cli.run('contact group bob Lab --json');
    cli.engine.person(10_003, 'carol', 'member');
    expect((await cli.run('contact list')).out).toMatch(
      /^10002\tBob of the lab \(bob\)\tBob\t.*\tLab\t-\n10003\tcarol/,
    );
    const { json } = await cli.run('contact list --group Lab --json');
    expect(json.items).toMatchObject([{ name: 'bob', group: 'Lab' }]);
    expect((await cli.run('contact list --group Nobody --json')).json.items).toEqual([]);
    expect((await cli.run('contact rename bob --json')).json).toMatchObject({ contact: { alias: null } });
    expect((await cli.run('contact group bob --json')).json).toMatchObject({ contact: { group: null } });
  });

  it('shows what a friend says of themselves without obeying it', async () => {
    const bob = { ...cli.engine.people.get('bob')!, signatureLine: 'a\u001b[2Jb', statusText: 'in\ta\u202electure' };
    cli.engine.people.set('bob', { ...bob, presence: 'busy' });
    for (const line of ['contact list', 'contact show bob']) {
      const { out } = await cli.run(line);
      expect(out).toContain('busy: in\u2409a<U+202E>lecture');
    }
    expect((await cli.run('contact show bob')).out).toContain('a\u241b[2Jb');
  });

  it('tells when a friend who is offline was last here', async () => {
    const lastSeenAt = 1_760_000_400_000 as never;
    cli.engine.people.set('bob', { ...cli.engine.people.get('bob')!, presence: 'offline', lastSeenAt });
    expect((await cli.run('contact list')).out).toMatch(/offline, last seen 2025-10-\d\d \d\d:\d\d/);
    const { json } = await cli.run('contact show bob --json');
    expect(json).toMatchObject({ contact: { lastSeen: '2025-10-09T09:00:00.000Z' } });
  });
});

describe('contact block and unblock', () => {
  it('blocks anybody, and says how to take it back', async () => {
    const { exit, out } = await cli.run('contact block mallory');
    expect([exit, out.includes('contact unblock')]).toEqual([0, true]);
    expect((await cli.run('contact list --all --json')).json.items).toMatchObject([{}, { state: 'blocked' }]);
    expect((await cli.run('contact unblock mallory --json')).json).toMatchObject({ contact: { state: 'removed' } });
  });
});

describe('contact verify', () => {
  const NUMBER = Array.from({ length: 12 }, (_, i) => String(10_000 + i)).join(' ');

  it.each(['--matches', '--accept-new-key'])('is about the number that was looked at: %s', async (option) => {
    await cli.run(`contact verify bob ${option} --json`);
    expect(cli.engine.calls.at(-1)?.input).toMatchObject({ digits: NUMBER });
    const other = ['contact', 'verify', 'bob', option, '--digits', '11111 22222', '--json'];
    expect((await cli.run(other)).json.error?.code).toBe('KEY_CHANGED');
    expect((await cli.run(other.with(5, NUMBER))).exit).toBe(0);
  });

  it('shows the number on a terminal and asks before it counts', async () => {
    const declined = await cli.run('contact verify bob --accept-new-key', { typed: ['n'] });
    expect([declined.exit, declined.err.includes('10000')]).toEqual([130, true]);
    expect(cli.engine.calls.map(({ name }) => name)).toEqual(['safetyNumber']);
    expect((await cli.run('contact verify bob --accept-new-key', { typed: ['y'] })).exit).toBe(0);
  });

  it('takes a number only for something', async () => {
    expect((await cli.run('contact verify bob --digits 12345 --json')).exit).toBe(2);
  });

  const DIGITS = /10000 10001 10002 10003\n +10004 10005 10006 10007\n +10008 10009 10010 10011/;

  it('shows the safety number and what to type when it is the same', async () => {
    const { exit, out, err } = await cli.run('contact verify bob');
    expect([exit, DIGITS.test(out), out.includes('Not verified')]).toEqual([0, true, true]);
    expect(err).toContain('contact verify bob --matches');
    expect(cli.engine.calls.map((call) => call.name)).toEqual(['safetyNumber']);
  });

  it('marks a friend as verified, and the list shows it', async () => {
    expect((await cli.run('contact verify bob --matches --json')).json).toMatchObject({ safety: { verified: true } });
    expect((await cli.run('contact list')).out).toMatch(/\t✓\n/);
  });

  it('says that a key has changed everywhere, until it is accepted', async () => {
    cli.engine.people.set('bob', { ...cli.engine.people.get('bob')!, keyChanged: true });
    expect((await cli.run('contact list')).out).toContain('key changed');
    expect((await cli.run('contact verify bob')).err).toContain('--accept-new-key');
    const { json } = await cli.run('contact verify bob --accept-new-key --json');
    expect(json).toMatchObject({ safety: { keyChanged: false, verified: false } });
    expect(cli.engine.calls.at(-1)?.input).toMatchObject({ who: 'bob', matches: false, acceptNewKey: true });
  });
});

describe('QR codes in the terminal', () => {
  it('come with a light border, and light is drawn whatever the colours of the terminal are', async () => {
    const { out } = await cli.run('account invitation --qr', { typed: [] });
    expect(out).toContain('\u001b[40m\u001b[97m█');
    const plain = (await cli.run('contact qr')).out.trimEnd().split('\n');
    expect(plain[0]).toMatch(/^█+$/);
    expect(plain.at(-1)).toMatch(/^magpie:\/\//);
    expect(new Set(plain.slice(0, -1).map((line) => line.length)).size).toBe(1);
  });
});

describe('presence, notices and never direct', () => {
  it('sets a status with a text, keeps the text when none is given, and removes it with an empty one', async () => {
    expect((await cli.run(['presence', 'set', 'busy', '--message', 'in a lecture', '--json'])).json).toMatchObject({
      presence: 'busy',
      text: 'in a lecture',
    });
    await cli.run('presence set away --json');
    await cli.run(['presence', 'set', 'online', '--message', '', '--json']);
    expect(cli.engine.calls.map((call) => call.input)).toEqual([
      { status: 'busy', text: 'in a lecture' },
      { status: 'away', text: undefined },
      { status: 'online', text: '' },
    ]);
  });

  it('says so when friends see another status than the one asked for', async () => {
    cli.engine.ownPresence = { status: 'offline', text: '', wish: 'busy', autoAwayMs: 0 };
    expect((await cli.run('presence get')).out).toBe('offline (you asked for: busy)\n');
  });

  it('is away by itself after as long as was asked for, or never', async () => {
    expect((await cli.run('presence auto-away 90s')).out).toContain('after 90s');
    expect((await cli.run('presence auto-away off --json')).json).toMatchObject({ autoAwayMs: 0 });
  });

  it('lists notices with every line of them', async () => {
    const text = 'maintenance\n\u001b[2Jon Monday';
    cli.engine.noticeList = [{ id: 3, at: 1_760_000_000_000 as never, text, dismissed: false }];
    const { out } = await cli.run('notice list', { typed: [], env: { NO_COLOR: '1' } });
    expect(out).toMatch(/maintenance\n {4}\u241b\[2Jon Monday\n/);
    expect((await cli.run('notice list --limit 1 --json')).json.items).toMatchObject([{ id: '3' }]);
  });

  it('dismisses one notice or all that stand, and says which are', async () => {
    const notices = [3, 2, 1].map((id) => ({
      id,
      at: 1_760_000_000_000 as never,
      text: `news ${id}`,
      dismissed: false,
    }));
    cli.engine.noticeList = notices;
    expect((await cli.run('notice dismiss 2 --json')).json.items).toMatchObject([{ id: '2', dismissed: true }]);
    expect((await cli.run('notice list')).out).toMatch(/news 2\tdismissed\n/);
    expect((await cli.run('notice dismiss all --json')).json.items).toMatchObject([{ id: '3' }, { id: '1' }]);
    expect((await cli.run('notice dismiss 9 --json')).json.error).toMatchObject({ code: 'NOT_FOUND', exit: 5 });
    expect((await cli.run('notice dismiss news --json')).json.error).toMatchObject({ code: 'USAGE' });
  });

  it('switches never direct for all or for one, and shows which', async () => {
    expect((await cli.run('net never-direct on bob --json')).json).toMatchObject({ contact: { neverDirect: true } });
    expect((await cli.run('net never-direct --json')).json).toMatchObject({
      neverDirect: false,
      items: [{ name: 'bob' }],
    });
    expect((await cli.run('net never-direct on --json')).json).toMatchObject({ neverDirect: true });
    expect((await cli.run('status')).out).toContain('never: everything goes by the relay');
  });
});

describe('watch', () => {
  it('shows what happens to the own account and to its codes', async () => {
    const ran = await cli.run('watch --types account,approval --timeout 300ms', {
      during: async () => {
        while (cli.engine.listeners === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await new Promise((resolve) => setTimeout(resolve, 50));
        cli.engine.emit({ type: 'account', account: cli.engine.account! });
        cli.engine.emit({ type: 'account', account: { ...cli.engine.account!, signedIn: false } });
        cli.engine.emit({ type: 'approval', label: '', outcome: 'wrong-code' });
      },
    });
    expect(ran.out).toMatch(/alice has changed\n.*not logged in to alice.*\n.*"\?" tried with a wrong code/);
  });
});
