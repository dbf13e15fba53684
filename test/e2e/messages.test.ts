import { readFileSync, statSync } from 'node:fs';
import type { ContactJson, EventJson, MessageJson } from '@magpie/common/rpc/schemas.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, register } from './friends.ts';
import { eventually, pause, type ServerProcess, Stage } from './stage.ts';

/** What two people do with messages, typed by hand: every step is a command of its own. */
describe('messages by the command line', () => {
  let stage: Stage;
  let server: ServerProcess;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    await register(stage, 'alice', server.address);
    await register(stage, 'bob', server.address);
    await befriend(stage, 'alice', 'bob');
  });
  afterAll(() => stage.close());

  it('brings mail to somebody who was away, though the two are never there together', async () => {
    await daemon('bob', 'stop');
    const sent = await send('alice', 'bob', 'when you are back', ['--wait', 'stored', '--timeout', '40s']);
    expect(sent.state).toBe('stored');
    await daemon('alice', 'stop');
    await daemon('bob', 'start');
    await eventually('bob has it', async () => (await texts('bob', 'alice')).includes('when you are back'));
    // Its receipt is in the mailbox of alice when the server says so; nothing shows that here but time.
    await pause(1_500);
    await daemon('bob', 'stop');
    await daemon('alice', 'start');
    await eventually('alice sees it delivered', async () => (await show('alice', sent.id)).state === 'delivered');
    expect((await show('alice', sent.id)).path?.kind).toBe('mailbox');
    await daemon('bob', 'start');
  });

  it('edits, reacts, answers, nudges and recalls on both sides', async () => {
    const { id } = await send('alice', 'bob', 'at five?', ['--wait', 'delivered', '--timeout', '40s']);
    await command(stage, 'alice', ['msg', 'edit', id, 'at six?', '--json']);
    await eventually('bob sees the edit', async () => (await show('bob', id)).text === 'at six?');
    await command(stage, 'bob', ['msg', 'react', id, '👍', '--json']);
    await eventually('alice sees it', async () => (await show('alice', id)).reactions[0]?.emoji === '👍');
    const answer = await send('bob', 'alice', 'at six', ['--reply-to', id]);
    await eventually('alice has the answer', async () => (await texts('alice', 'bob')).includes('at six'));
    expect((await show('alice', answer.id)).replyTo).toBe(id);
    const { message: nudge } = await command(stage, 'bob', ['nudge', 'alice', '--json']);
    expect((await stage.magpie('bob', ['nudge', 'alice', '--json'])).json).toMatchObject({
      error: { code: 'TOO_MANY', exit: 6 },
    });
    await eventually(
      'the nudge is there',
      async () => (await show('alice', (nudge as MessageJson).id)).kind === 'nudge',
    );
    await command(stage, 'bob', ['msg', 'recall', answer.id, '--json']);
    await eventually('the answer is gone', async () => (await show('alice', answer.id)).recalled);
    const listed = await stage.magpie('alice', ['msg', 'list', 'bob', '--json']);
    expect(listed.stdout).not.toContain('"at six"');
    expect((await stage.magpie('bob', ['msg', 'edit', id, 'not mine', '--json'])).json).toMatchObject({
      error: { code: 'NOT_OWN_MESSAGE' },
    });
  });

  it('finds Chinese and English words, and shows what stands around them', async () => {
    for (const text of ['一起去吃饭吗', 'the report is here', '饭后再说']) await send('alice', 'bob', text);
    await eventually('bob has them', async () => (await texts('bob', 'alice')).includes('饭后再说'));
    expect(await found('bob', ['吃饭'])).toEqual(['一起去吃饭吗']);
    expect(await found('bob', ['饭'])).toEqual(['饭后再说', '一起去吃饭吗']);
    expect(await found('bob', ['repo', '--from', 'alice', '--since', '1h'])).toEqual(['the report is here']);
    expect(await found('bob', ['饭吃'])).toEqual([]);
    expect(await found('bob', ['report', '--from', 'me'])).toEqual([]);
    const { items } = await command(stage, 'bob', ['msg', 'search', 'report', '--json']);
    const { id } = (items as readonly MessageJson[])[0]!;
    const { items: near } = await command(stage, 'bob', [
      'msg',
      'list',
      'alice',
      '--around',
      id,
      '--limit',
      '3',
      '--json',
    ]);
    expect((near as readonly MessageJson[]).map((each) => each.text)).toEqual([
      '一起去吃饭吗',
      'the report is here',
      '饭后再说',
    ]);
  });

  it('keeps drafts over a restart of the daemon', async () => {
    await command(stage, 'alice', ['draft', 'set', 'bob', 'half', 'a', 'thought', '--json']);
    await daemon('alice', 'stop');
    await daemon('alice', 'start');
    expect((await stage.magpie('alice', ['draft', 'get', 'bob'])).stdout).toBe('half a thought\n');
    await command(stage, 'alice', ['draft', 'clear', 'bob', '--json']);
    expect((await command(stage, 'alice', ['draft', 'list', '--json'])).items).toEqual([]);
  });

  it('exports all of it, and deletes on one machine alone', async () => {
    const file = stage.path('history.jsonl');
    const { rows } = await command(stage, 'alice', ['msg', 'export', '--output', file, '--json']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [header, ...lines] = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toMatchObject({ type: 'magpie-export', schema: 1, account: { name: 'alice' } });
    expect(lines.length).toBe(rows);
    const kinds = new Set(lines.map((line) => line.kind));
    for (const kind of ['text', 'edit', 'reaction', 'recall', 'nudge', 'system']) expect(kinds).toContain(kind);
    const before = (await texts('bob', 'alice')).length;
    const { deleted } = await command(stage, 'alice', ['msg', 'delete', 'bob', '--all', '--yes', '--json']);
    expect(deleted).toBeGreaterThan(5);
    expect(await texts('alice', 'bob')).toEqual([]);
    expect(await found('alice', ['吃饭'])).toEqual([]);
    expect((await texts('bob', 'alice')).length).toBe(before);
  });

  it('watches from a cursor that a restart of the daemon does not change', async () => {
    const cursor = (await watched('bob', [])).at(-1)!.cursor;
    const first = await send('alice', 'bob', 'while nobody watches', ['--wait', 'delivered', '--timeout', '40s']);
    await daemon('bob', 'stop');
    const second = await send('alice', 'bob', 'nor runs', ['--wait', 'stored', '--timeout', '40s']);
    await daemon('bob', 'start');
    await eventually('it has come', async () => (await texts('bob', 'alice')).includes('nor runs'));
    await command(stage, 'bob', ['msg', 'mark-read', 'alice', '--json']);
    const events = (await watched('bob', ['--since', cursor, '--types', 'message'])).slice(1);
    const told = events.flatMap((event) => (event.type === 'message' ? [event.data] : []));
    // Read by now, and yet new to this watcher.
    expect(told.map(({ id, state }) => [id, state])).toEqual([
      [first.id, 'read'],
      [second.id, 'read'],
    ]);
  });

  it('[R23] shows an invisible friend as offline, and keeps the states of messages to them back', async () => {
    const { presence, wish } = await command(stage, 'bob', ['presence', 'set', 'invisible', '--json']);
    expect([presence, wish]).toEqual(['offline', 'invisible']);
    expect((await stage.magpie('bob', ['status'])).stdout).toContain('invisible');
    await eventually('alice sees bob offline', async () => {
      const { items } = await command(stage, 'alice', ['contact', 'list', '--json']);
      return (items as readonly ContactJson[]).some((each) => each.name === 'bob' && each.presence === 'offline');
    });
    const { id } = await send('alice', 'bob', 'are you there?', ['--wait', 'stored', '--timeout', '40s']);
    await eventually('bob has it', async () => (await texts('bob', 'alice')).includes('are you there?'));
    await pause(2_000);
    expect((await show('alice', id)).state).toBe('stored');
    await command(stage, 'bob', ['presence', 'set', 'online', '--json']);
    await eventually('it is delivered', async () => (await show('alice', id)).state === 'delivered');
  });

  function daemon(profile: string, verb: 'start' | 'stop'): Promise<unknown> {
    return command(stage, profile, ['daemon', verb, '--json']);
  }

  async function send(profile: string, to: string, text: string, more: readonly string[] = []): Promise<MessageJson> {
    return (await command(stage, profile, ['send', to, text, ...more, '--json'])).message as MessageJson;
  }

  async function show(profile: string, id: string): Promise<MessageJson> {
    const { json } = await stage.magpie(profile, ['msg', 'show', id, '--json']);
    return (json?.message ?? { id, reactions: [] }) as MessageJson;
  }

  async function texts(profile: string, chat: string): Promise<readonly string[]> {
    const { items } = await command(stage, profile, ['msg', 'list', chat, '--limit', '200', '--json']);
    return (items as readonly MessageJson[]).filter(({ kind }) => kind === 'text').map(({ text }) => text);
  }

  async function found(profile: string, words: readonly string[]): Promise<readonly string[]> {
    const { items } = await command(stage, profile, ['msg', 'search', ...words, '--json']);
    return (items as readonly MessageJson[]).map(({ text }) => text);
  }

  /** What a watcher is told in a second, the hello included. */
  async function watched(profile: string, words: readonly string[]): Promise<readonly EventJson[]> {
    const { stdout } = await stage.magpie(profile, ['watch', ...words, '--timeout', '1s', '--json']);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as EventJson);
  }
});
