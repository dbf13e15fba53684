import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageView } from '../engine/engine.ts';
import { TestCli } from './test-cli.ts';

const BOB = 10_002;
const PEOPLE = { typed: [], env: { NO_COLOR: '1' } } as const;

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
  cli.engine.person(BOB, 'bob', 'member');
});
afterEach(() => cli.dispose());

describe('a conversation as people see it', () => {
  it('quotes what a message answers, also when that is on no page', async () => {
    const asked = cli.engine.message_(BOB, 'in', 'at five or at six?\nI can do both');
    cli.engine.change(cli.engine.message_(BOB, 'out', 'at six'), { replyTo: asked.id });
    const both = await cli.run('msg list bob', PEOPLE);
    expect(both.out).toMatch(/↩ bob: at five or at six\?\n.*alice: at six {2}\(queued, waits here\)\n/);
    expect((await cli.run('msg list bob --limit 1', PEOPLE)).out).toContain('↩ bob: at five or at six?');
    cli.engine.change(cli.engine.message_(BOB, 'in', 'ok'), { replyTo: 'f'.repeat(32) as never });
    expect((await cli.run('msg list bob', PEOPLE)).out).toContain('↩ a message that is not here');
  });

  it('marks what was edited, recalled, reacted to, came back, or has not reached the friend', async () => {
    show('edited text', { editedAt: 1_760_000_000_000 as never, state: 'read', pendingChanges: 2 });
    show('', { recalled: true, state: 'delivered' });
    show('liked', { reactions: [heart(true), heart(false), { emoji: '👍', mine: false }], state: 'read' });
    show('from a lost disk', { returned: true, state: 'delivered' });
    show('', { kind: 'nudge', state: 'stored', road: { kind: 'mailbox', lan: false, rttMs: 0 } });
    const { out } = await cli.run('msg list bob', PEOPLE);
    expect(out).toContain('edited text  (edited; read; 2 changes not with them yet)');
    expect(out).toContain('[recalled]  (delivered)');
    expect(out).toContain('liked  ❤️×2 👍  (read)');
    expect(out).toContain('(delivered; came back from them after it was lost here)');
    expect(out).toContain('[nudge]  (stored in their mailbox)');
  });

  it('names in its last column for programs what a message without words is, and what was edited', async () => {
    show('as it was', {});
    show('edited text', { editedAt: 1_760_000_000_000 as never });
    show('', { recalled: true, editedAt: 1_760_000_000_000 as never });
    show('', { kind: 'nudge' });
    const kinds = (out: string) =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t').at(-1));
    expect(kinds((await cli.run('msg list bob --plain')).out)).toEqual(['text', 'edited', 'recalled', 'nudge']);
    expect((await cli.run('msg search text --plain')).out).toMatch(/\tedited text\tbob\tedited\n$/);
  });

  it.each([
    ['en', 'No message here has the id', 'msg list NAME --plain'],
    ['zh-CN', '这里没有编号为', 'msg list 账号名 --plain'],
  ])('says in %s of an unknown id where ids of messages are shown', async (language, sentence, hint) => {
    const id = 'f'.repeat(32);
    for (const command of [`msg show ${id}`, `msg edit ${id} better`]) {
      const { exit, err } = await cli.run(`${command} --lang ${language}`);
      expect(exit).toBe(5);
      expect(err).toContain(sentence);
      expect(err).toContain(id);
      expect(err).toContain(hint);
      expect(err).not.toContain('contact');
    }
  });

  it('says until when the mailbox keeps it', async () => {
    const expiresAt = new Date(2031, 4, 6, 7, 8).getTime() as never;
    show('kept', { state: 'stored', expiresAt });
    const { out } = await cli.run('msg list bob', PEOPLE);
    expect(out).toContain('kept  (stored in their mailbox until 2031-05-06 07:08)');
    const chinese = await cli.run('msg list bob --lang zh-CN', PEOPLE);
    expect(chinese.out).toContain('已存入对方信箱，保存至 2031-05-06 07:08');
    const json = await cli.run('msg list bob --json', PEOPLE);
    expect(json.out).toContain(`"expiresAt":"${new Date(expiresAt).toISOString()}"`);
  });

  it.each([
    ['no-mail-key', 'queued, waits here: their device has not been here yet'],
    ['mailbox-full', 'queued, waits here: their mailbox is full; it is tried again'],
    ['expired', 'queued, waits here: it lay in their mailbox too long and is put there again'],
    ['clock', 'queued, waits here: the clocks differ too much; it is tried again'],
  ] as const)('says why it still waits: %s', async (reason, words) => {
    show('waits', { reason });
    expect((await cli.run('msg list bob', PEOPLE)).out).toContain(`(${words})`);
  });

  it('shows lines of the system in the language asked for', async () => {
    cli.engine.message_(BOB, 'out', 'key-changed', undefined, 'system');
    expect((await cli.run('msg list bob --lang zh', PEOPLE)).out).toContain('— bob的账号密钥已变：');
  });

  it('names messages that are missing, beside the data', async () => {
    cli.engine.message_(BOB, 'in', 'hi');
    cli.engine.people.set('bob', { ...cli.engine.people.get('bob')!, missing: 3 });
    const { out, err } = await cli.run('msg list bob');
    expect(err).toBe('3 messages of bob are missing here; they are asked for again.\n');
    expect(out).not.toContain('missing');
    expect((await cli.run('msg list bob --json')).err).toBe('');
  });

  it('shows all that is known of one message', async () => {
    const message = show('hello', { state: 'delivered', road: { kind: 'direct', lan: false, rttMs: 12 } });
    const { out } = await cli.run(`msg show ${message.id}`, PEOPLE);
    expect(out).toMatch(/STATE +delivered, Direct 12 ms/);
    expect(out).toContain(message.id);
  });

  function show(text: string, patch: Partial<MessageView>): MessageView {
    return cli.engine.change(cli.engine.message_(BOB, 'out', text), patch);
  }

  function heart(mine: boolean) {
    return { emoji: '❤️', mine };
  }
});

describe('msg search', () => {
  it('says of each message how to see what stands around it', async () => {
    const message = cli.engine.message_(BOB, 'in', '一起去吃饭吗');
    const { out } = await cli.run('msg search 吃饭', PEOPLE);
    expect(out).toContain('bob: 一起去吃饭吗');
    expect(out).toContain(`msg list 10002 --around ${message.id}`);
  });

  it('passes on whose, where and since when', async () => {
    await cli.run('msg search see you --chat bob --from me --since 2026-03-01T00:00:00Z --json');
    expect(cli.engine.calls.at(-1)?.input).toMatchObject({
      text: 'see you',
      chat: 'bob',
      from: 'me',
      since: Date.parse('2026-03-01T00:00:00Z'),
      limit: 20,
    });
  });
});

describe('changing messages', () => {
  it('edits, reacts and takes it back', async () => {
    const { id } = cli.engine.message_(BOB, 'out', 'at five');
    expect((await cli.run(`msg edit ${id} at six --json`)).json).toMatchObject({
      message: { id, text: 'at six', pendingChanges: 1 },
    });
    const reacted = await cli.run(`msg react ${id} 👍 --json`);
    expect(reacted.json).toMatchObject({ message: { reactions: [{ emoji: '👍', mine: true }] } });
    expect((await cli.run(`msg react ${id} 👍 --off --json`)).json).toMatchObject({ message: { reactions: [] } });
  });

  it('says whether a recall is under way or the message never left', async () => {
    const { id } = cli.engine.message_(BOB, 'out', 'oops');
    expect((await cli.run(`msg recall ${id}`)).out).toContain('Recalled here; at bob when that arrives.');
    cli.engine.change(cli.engine.log.at(-1)!, { state: 'refused', reason: 'cancelled' });
    expect((await cli.run(`msg recall ${id}`)).out).toContain('it had not left this machine');
  });

  it.each([
    ['NOT_OWN_MESSAGE', 6],
    ['TOO_LATE', 6],
    ['TOO_MANY', 6],
  ] as const)('exits as it should when the engine says %s', async (code, exit) => {
    const { id } = cli.engine.message_(BOB, 'out', 'x');
    cli.engine.nextError = { code };
    expect((await cli.run(`msg edit ${id} y --json`)).json.error).toMatchObject({ code, exit });
  });

  it('calls what is no emoji a mistake in the command line', async () => {
    const { id } = cli.engine.message_(BOB, 'out', 'x');
    cli.engine.nextError = { code: 'INVALID_ARGUMENT', detail: { argument: 'emoji' } };
    const { exit, json } = await cli.run(`msg react ${id} :+1: --json`);
    expect([exit, json.error?.message]).toEqual([2, '":+1:" is not one emoji.']);
  });

  it('asks before it deletes, and deletes nothing unasked where nobody can be asked', async () => {
    const { id } = cli.engine.message_(BOB, 'out', 'x');
    const deleted = () => cli.engine.calls.filter((call) => call.name === 'deleteMessages').map((call) => call.input);
    expect((await cli.run(`msg delete bob ${id}`, { typed: ['n'] })).exit).toBe(130);
    expect((await cli.run(`msg delete bob ${id} --json`)).json.error).toMatchObject({ code: 'INPUT_NEEDED', exit: 2 });
    expect(deleted()).toEqual([]);
    expect((await cli.run(`msg delete bob ${id}`, { typed: ['y'] })).exit).toBe(0);
    expect((await cli.run('msg delete bob --before 2026-01-01T00:00:00Z --yes --json')).exit).toBe(0);
    expect((await cli.run('msg delete bob --all --yes --json')).exit).toBe(0);
    expect(deleted()).toEqual([
      { chat: '10002', ids: [id], upTo: undefined },
      { chat: '10002', ids: undefined, upTo: Date.parse('2026-01-01T00:00:00Z') },
      { chat: '10002', ids: undefined, upTo: undefined },
    ]);
  });
});

describe('msg export', () => {
  it('writes a header, then every row over as many pages as it takes, to a file of the user alone', async () => {
    for (let i = 1; i <= 620; i++) cli.engine.message_(BOB, 'in', `m${i}`);
    const file = join(cli.folder, 'history.jsonl');
    const { exit, json } = await cli.run(`msg export --output ${file} --json`);
    expect([exit, json.rows, json.file]).toEqual([0, 620, file]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [header, ...rows] = linesOf(await readFile(file, 'utf8'));
    expect(header).toMatchObject({ type: 'magpie-export', schema: 1, account: { id: '10001' }, chat: null });
    expect(rows.map((row) => row.text)).toEqual(Array.from({ length: 620 }, (_, i) => `m${i + 1}`));
    expect(rows[0]).toMatchObject({ row: '1', counter: 0, on: false, sequence: 1, kind: 'text' });
  });

  it('goes to standard output without a file, and goes on behind a row', async () => {
    cli.engine.person(10_003, 'carol', 'member');
    for (let i = 1; i <= 5; i++) cli.engine.message_(i === 3 ? 10_003 : BOB, 'in', `m${i}`);
    const { out } = await cli.run('msg export bob --after 1');
    const [header, ...rows] = linesOf(out);
    expect(header?.chat).toMatchObject({ id: '10002', name: 'bob' });
    expect(rows.map((row) => row.text)).toEqual(['m2', 'm4', 'm5']);
  });

  it('overwrites nothing, and leaves nothing behind when it fails', async () => {
    cli.engine.message_(BOB, 'in', 'hi');
    const file = join(cli.folder, 'taken');
    await writeFile(file, 'mine');
    const taken = await cli.run(`msg export --output ${file} --json`);
    expect(taken.json.error).toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    cli.engine.nextError = { code: 'STORE_FAILED' };
    expect((await cli.run(`msg export --output ${file}2 --json`)).json.error).toMatchObject({ code: 'STORE_FAILED' });
    expect((await readdir(cli.folder)).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
  });
});

describe('drafts, nudges, privacy', () => {
  it('keeps a draft until it is cleared, and prints nothing but its text', async () => {
    await cli.run('draft set bob half a thought');
    expect((await cli.run('draft get bob')).out).toBe('half a thought\n');
    expect((await cli.run('draft list --json')).json).toMatchObject({
      items: [{ chat: '10002', text: 'half a thought' }],
    });
    expect((await cli.run('draft clear bob --json')).json).toMatchObject({ draft: { at: null } });
    expect(await cli.run('draft get bob')).toMatchObject({ out: '', err: 'No draft.\n' });
  });

  it('says how long to wait with the next nudge', async () => {
    cli.engine.nextError = { code: 'TOO_MANY', retryAfterMs: 7_400 };
    const { exit, json } = await cli.run('nudge bob --json');
    expect([exit, json.error?.retryAfterMs]).toEqual([6, 7_400]);
    expect(json.error?.hint).toContain('Wait 8 s');
  });

  it('switches one thing and shows both', async () => {
    expect((await cli.run('privacy read-receipts off --json')).json).toMatchObject({
      sendTyping: true,
      sendReadReceipts: false,
    });
    expect((await cli.run('privacy')).out).toBe('Friends see when you type.\nFriends do not see what you have read.\n');
  });
});

describe('send', () => {
  it('answers a message, and waits until the mailbox has it', async () => {
    const { id } = cli.engine.message_(BOB, 'in', 'at five?');
    const { exit, json } = await cli.run(`send bob yes --reply-to ${id} --wait stored --json`, {
      during: async () => {
        await vi.waitFor(() => expect(cli.engine.log).toHaveLength(2));
        await delay(20);
        cli.engine.change(cli.engine.log.at(-1)!, { state: 'stored' });
      },
    });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ message: { replyTo: id, state: 'stored' } });
  });
});

describe('somebody invisible', () => {
  it('is shown as that in presence and status', async () => {
    expect((await cli.run('presence set invisible')).out).toContain('invisible');
    expect((await cli.run('presence get')).out).toBe('invisible\n');
    const status = await cli.run('status');
    expect(status.out).toMatch(/Presence +invisible/);
    expect(status.out).toMatch(/1203 kept, 3\.4 MB on disk/);
  });
});

function linesOf(text: string): readonly Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
