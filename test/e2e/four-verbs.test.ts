import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, pathTo } from './friends.ts';
import { eventually, type ServerProcess, Stage } from './stage.ts';

/** The path of a newcomer, typed by hand: every step is a command of its own, in order. */
describe('the four verbs by the command line', () => {
  let stage: Stage;
  let server: ServerProcess;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
  });
  afterAll(() => stage.close());

  it('takes six commands from an empty machine to the first message', async () => {
    for (const name of ['alice', 'bob']) {
      const words = ['account', 'register', name, '--server', server.address];
      await command(stage, name, [...words, '--password-file', stage.path('password'), '--json']);
    }
    await command(stage, 'alice', ['contact', 'add', 'bob', '--message', 'it is Alice', '--json']);
    await eventually('bob sees the request', async () => {
      const { items } = await command(stage, 'bob', ['contact', 'requests', '--json']);
      return (items as readonly unknown[]).length === 1;
    });
    await command(stage, 'bob', ['contact', 'accept', 'alice', '--json']);
    const { message } = await command(stage, 'alice', ['send', 'bob', 'hello, Bob', '--wait', 'delivered', '--json']);
    expect(message).toMatchObject({ state: 'delivered', text: 'hello, Bob' });
    const { items } = await command(stage, 'bob', ['msg', 'list', 'alice', '--json']);
    const said = (items as readonly MessageJson[]).filter((each) => each.kind === 'text');
    expect(said.map((each) => each.text)).toEqual(['hello, Bob']);
  });

  it('shows which friends are online', async () => {
    await eventually('alice sees bob online', async () => {
      const { items } = await command(stage, 'alice', ['contact', 'list', '--online', '--json']);
      return (items as readonly { readonly name: string }[]).some((item) => item.name === 'bob');
    });
    const plain = await stage.magpie('alice', ['contact', 'list', '--plain']);
    expect(plain.stdout).toContain('bob');
  });

  it('chats directly, also while the server is stopped', async () => {
    const alice = await stage.connect('alice');
    await eventually('a direct path', async () => (await pathTo(alice, 'bob'))?.state === 'direct');
    process.kill(server.pid, 'SIGSTOP');
    try {
      const words = ['send', 'bob', 'without the server', '--wait', 'delivered', '--timeout', '10s', '--json'];
      const { message } = await command(stage, 'alice', words);
      expect((message as MessageJson).path?.kind).toBe('direct');
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  });

  it('goes on by the relay when one side has no UDP', async () => {
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    await command(stage, 'bob', ['--no-udp', 'daemon', 'start', '--json']);
    // The first message opens the session, and the mailbox may bring it sooner: both are there at the same time.
    await command(stage, 'alice', [
      'send',
      'bob',
      'are you there?',
      '--wait',
      'delivered',
      '--timeout',
      '20s',
      '--json',
    ]);
    const alice = await stage.connect('alice');
    await eventually('a path by the relay', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'relay');
    const words = ['send', 'bob', 'by the relay', '--wait', 'delivered', '--timeout', '20s', '--json'];
    const { message } = await command(stage, 'alice', words);
    expect((message as MessageJson).path?.kind).toBe('relay');
  });

  it('keeps what is written to a friend who is away, and brings it when he is back', async () => {
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    const sent = await command(stage, 'alice', ['send', 'bob', 'when you are back', '--json']);
    const { id } = sent.message as MessageJson;
    await command(stage, 'bob', ['daemon', 'start', '--json']);
    await eventually('it is delivered', async () => {
      const { message } = await command(stage, 'alice', ['msg', 'show', id, '--json']);
      return (message as MessageJson).state === 'delivered';
    });
  });
});
