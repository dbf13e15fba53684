import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestCli } from './test-cli.ts';

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
  cli.engine.person(10_002, 'bob', 'member');
});
afterEach(() => cli.dispose());

describe('send', () => {
  it('joins the words and answers once the message is queued', async () => {
    const { exit, json } = await cli.run('send bob hello there --json');
    expect(exit).toBe(0);
    expect(json).toMatchObject({ message: { chat: '10002', text: 'hello there', state: 'queued', path: null } });
  });

  it('reads stdin for - and for a pipe, without the last line break', async () => {
    expect((await cli.run('send bob - --json', { stdin: 'a\nb\n' })).json).toMatchObject({ message: { text: 'a\nb' } });
    expect((await cli.run('send bob --json', { stdin: '你好\n\n' })).json).toMatchObject({
      message: { text: '你好\n' },
    });
  });

  it('refuses no text, text over 64 KiB and bytes that are not UTF-8 before the daemon is asked', async () => {
    expect((await cli.run('send bob --json')).json.error).toMatchObject({ code: 'USAGE', exit: 2 });
    const large = await cli.run('send bob - --json', { stdin: 'x'.repeat(65_537) });
    expect(large.json.error).toMatchObject({ code: 'TEXT_TOO_LARGE', exit: 2 });
    const bad = await cli.run('send bob - --json', { stdin: new Uint8Array([0x66, 0xff]) });
    expect(bad.json.error).toMatchObject({ code: 'BAD_TEXT', exit: 2 });
    expect(cli.engine.calls).toEqual([]);
    const full = await cli.run('send bob - --json', { stdin: `${'x'.repeat(65_536)}\n` });
    expect(full.exit).toBe(0);
  });

  it('sends text that looks like an option after --', async () => {
    const { json } = await cli.run(['send', '--json', 'bob', '--', '--json', '-q']);
    expect(json).toMatchObject({ message: { text: '--json -q' } });
  });

  it('passes on an id of the caller in one spelling', async () => {
    await cli.run('send bob hi --id 0199C0DE-0000-7000-8000-00000000000A --json');
    expect(cli.engine.calls[0]?.input).toMatchObject({ id: '0199c0de000070008000' + '00000000000a' });
  });

  it('waits until the message is delivered, and shows by which road', async () => {
    const { exit, json } = await cli.run('send bob hi --wait delivered --json', { during: () => answer('delivered') });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ message: { state: 'delivered', path: { kind: 'direct', lan: true, rttMs: 0.4 } } });
  });

  it('takes read for delivered, but not delivered for read', async () => {
    expect((await cli.run('send bob hi --wait delivered --json', { during: () => answer('read') })).exit).toBe(0);
    const waiting = await cli.run('send bob hi --wait read --timeout 200ms --json', {
      during: () => answer('delivered'),
    });
    expect(waiting.exit).toBe(8);
    expect(waiting.json).toMatchObject({ error: { code: 'TIMED_OUT' }, message: { state: 'delivered' } });
  });

  it('exits 8 when it takes too long, and reports the message as still queued', async () => {
    const { exit, json } = await cli.run('send bob hi --wait delivered --timeout 50ms --json');
    expect(exit).toBe(8);
    expect(json).toMatchObject({ ok: false, error: { code: 'TIMED_OUT', exit: 8 }, message: { state: 'queued' } });
  });

  it('exits 6 with the reason when the message is refused', async () => {
    const { exit, json } = await cli.run('send bob hi --wait delivered --json', { during: () => answer('refused') });
    expect(exit).toBe(6);
    expect(json).toMatchObject({ error: { code: 'MESSAGE_REFUSED', detail: { reason: 'too-large' } } });
  });

  it('says when the daemon ends while it waits', async () => {
    const { exit, json } = await cli.run('send bob hi --wait read --json', {
      during: async () => {
        await vi.waitFor(() => expect(cli.engine.log).toHaveLength(1));
        await cli.stopDaemon();
      },
    });
    expect([exit, json.error?.code]).toEqual([1, 'CONNECTION_LOST']);
  });

  it('shows nothing on stdout with --quiet', async () => {
    expect(await cli.run('send bob hi -q')).toMatchObject({ exit: 0, out: '', err: '' });
  });

  async function answer(state: 'delivered' | 'read' | 'refused'): Promise<void> {
    const before = cli.engine.log.length;
    await vi.waitFor(() => expect(cli.engine.log.length).toBeGreaterThan(before));
    await delay(20);
    const road = { kind: 'direct', lan: true, rttMs: 0.4 } as const;
    cli.engine.change(cli.engine.log.at(-1)!, { state, road, reason: state === 'refused' ? 'too-large' : '' });
  }
});

describe('msg', () => {
  it('lists the newest, oldest first, over as many pages as it takes', async () => {
    for (let i = 1; i <= 1_203; i++) cli.engine.message_(10_002, 'in', `m${i}`);
    const { json } = await cli.run('msg list bob --limit 1200 --json');
    const items = json.items as { text: string; id: string }[];
    expect(items.map((item) => item.text)).toEqual(Array.from({ length: 1_200 }, (_, i) => `m${i + 4}`));
    const rest = await cli.run(`msg list bob --before ${items[0]?.id} --json`);
    expect((rest.json.items as unknown[]).length).toBe(3);
    const newer = await cli.run(`msg list bob --after ${items[1_197]?.id} --json`);
    expect((newer.json.items as { text: string }[]).map((item) => item.text)).toEqual(['m1202', 'm1203']);
  });

  it('marks as read up to a message', async () => {
    const { json } = await cli.run(`msg mark-read bob --up-to ${'0'.repeat(31)}1 --json`);
    expect(json).toMatchObject({ ok: true, changed: 2 });
    expect(cli.engine.calls.at(-1)?.input).toEqual({ chat: 'bob', upTo: `${'0'.repeat(31)}1` });
  });
});

describe('watch', () => {
  it('prints hello with the cursor, then one object per event, until a signal', async () => {
    const ran = await cli.run('watch --json', {
      during: async (signal) => {
        await vi.waitFor(() => expect(cli.engine.listeners).toBe(1));
        await delay(50);
        cli.engine.message_(10_002, 'in', 'hi');
        cli.engine.emit({ type: 'notice', notice: { id: 3, at: 0 as never, text: 'maintenance', dismissed: false } });
        await delay(50);
        signal('SIGINT');
      },
    });
    expect(ran.exit).toBe(130);
    const lines = ran.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { type: 'hello', schema: 1, cursor: '0' },
      { type: 'message', cursor: '1', data: { text: 'hi', from: '10002' } },
      { type: 'notice', cursor: '1', data: { id: '3', text: 'maintenance' } },
    ]);
    await vi.waitFor(() => expect(cli.engine.listeners).toBe(0));
  });

  it('replays from a cursor and ends by --timeout with exit 0', async () => {
    for (let i = 1; i <= 3; i++) cli.engine.message_(10_002, 'in', `m${i}`);
    const ran = await cli.run('watch --since 1 --types message --timeout 300ms --json');
    expect(ran.exit).toBe(0);
    expect(
      ran.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { cursor: string }).cursor),
    ).toEqual(['1', '2', '3']);
  });

  it('shows names, states and roads to people', async () => {
    const ran = await cli.run('watch --timeout 300ms', {
      during: async () => {
        await vi.waitFor(() => expect(cli.engine.listeners).toBe(1));
        await delay(50);
        const message = cli.engine.message_(10_002, 'out', 'hi');
        cli.engine.change(message, { state: 'delivered', road: { kind: 'relay', lan: false, rttMs: 41 } });
        cli.engine.emit({ type: 'presence', account: message.chat, status: 'away' });
      },
    });
    expect(ran.out).toMatch(
      /alice → bob: hi {2}\(queued, waits here\)\nbob: \w+ delivered, Relay 41 ms\nbob is away\n/,
    );
  });

  it('exits 3 when the daemon ends', async () => {
    const ran = await cli.run('watch', {
      during: async () => {
        await vi.waitFor(() => expect(cli.engine.listeners).toBe(1));
        await delay(50);
        await cli.stopDaemon();
      },
    });
    expect(ran.exit).toBe(3);
  });
});

describe('contact', () => {
  it('lists friends only, with --all everybody, with --online those who are here', async () => {
    cli.engine.person(10_003, 'carol', 'asked');
    cli.engine.people.set('dan', { ...cli.engine.person(10_005, 'dan', 'member'), presence: 'offline' });
    const names = async (line: string) =>
      ((await cli.run(line)).json.items as { name: string }[]).map((each) => each.name);
    expect(await names('contact list --json')).toEqual(['bob', 'dan']);
    expect(await names('contact list --all --json')).toEqual(['bob', 'carol', 'dan']);
    expect(await names('contact list --online --json')).toEqual(['bob']);
    expect(await names('contact requests --json')).toEqual(['carol']);
  });

  it('asks with a text, accepts and rejects', async () => {
    await cli.run(['contact', 'add', 'carol', '--message', 'hi, it is me', '--json']);
    cli.engine.person(10_004, 'eve', 'asking');
    await cli.run('contact accept eve --json');
    await cli.run('contact reject eve --json');
    expect(cli.engine.calls).toEqual([
      { name: 'addContact', input: { who: 'carol', text: 'hi, it is me' } },
      { name: 'answerRequest', input: { who: 'eve', accept: true } },
      { name: 'answerRequest', input: { who: 'eve', accept: false } },
    ]);
  });
});

describe('contact remove', () => {
  it('asks on a terminal, and takes only yes for yes', async () => {
    const removed = () => cli.engine.calls.some((call) => call.name === 'removeContact');
    expect((await cli.run('contact remove bob', { typed: ['n'] })).exit).toBe(130);
    expect(removed()).toBe(false);
    expect((await cli.run('contact remove bob', { typed: ['y'] })).exit).toBe(0);
    expect(removed()).toBe(true);
  });

  it('ends no friendship unasked where nobody can be asked', async () => {
    for (const line of ['contact remove bob --json', 'contact remove bob --no-input']) {
      expect((await cli.run(line)).exit).toBe(2);
    }
    const { json } = await cli.run('contact remove bob --json');
    expect(json.error).toMatchObject({ code: 'INPUT_NEEDED', hint: expect.stringContaining('--yes') });
    expect(cli.engine.calls.some((call) => call.name === 'removeContact')).toBe(false);
  });

  it('does not ask with --yes', async () => {
    expect((await cli.run('contact remove bob --yes', { typed: [] })).exit).toBe(0);
  });
});

describe('daemon', () => {
  it('start is content with a daemon that runs already', async () => {
    const { exit, json } = await cli.run('daemon start --json');
    expect([exit, json.started, cli.starts]).toEqual([0, false, []]);
  });

  it('stop ends it, and is content when there is none', async () => {
    expect((await cli.run('daemon stop --json')).json).toMatchObject({ ok: true, stopped: true });
    expect((await cli.run('daemon stop --json')).json).toMatchObject({ ok: true, stopped: false });
    expect(cli.daemonRuns).toBe(false);
  });

  it('run serves in the foreground until a signal and exits 0; a second one exits 1', async () => {
    await cli.stopDaemon();
    const ran = await cli.run('daemon run --json', {
      during: async (signal) => {
        await vi.waitFor(async () => expect((await cli.run('status --json')).exit).toBe(0));
        const second = await cli.run('daemon run --json');
        expect([second.exit, second.json.error?.code]).toEqual([1, 'DAEMON_ALREADY_RUNNING']);
        signal('SIGTERM');
      },
    });
    expect(ran).toMatchObject({ exit: 0, json: { ok: true, daemon: { pid: process.pid } } });
    expect(cli.engine.running).toBe(false);
  });
});
