import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allMessages, befriend, compare, countOutOfOrder, pathTo, Receiver, register, Sender } from './friends.ts';
import { eventually, pause, type ServerProcess, Stage } from './stage.ts';

const ALL_WELL = { lost: 0, doubled: 0, outOfOrder: 0 };

describe('kill -9', () => {
  let stage: Stage;
  let server: ServerProcess;
  let bobDaemon: Awaited<ReturnType<Stage['startDaemon']>>;
  let aliceDaemon: Awaited<ReturnType<Stage['startDaemon']>>;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    aliceDaemon = await stage.startDaemon('alice');
    bobDaemon = await stage.startDaemon('bob');
    await register(stage, 'alice', server.address);
    await register(stage, 'bob', server.address);
    await befriend(stage, 'alice', 'bob');
  });
  afterAll(() => stage.close());

  it('of the receiver in the middle of a chat loses, doubles and reorders nothing', async () => {
    const alice = await stage.connect('alice');
    const sender = await Sender.over(alice);
    const firstRun = await Receiver.over(await stage.connect('bob'));
    const start = firstRun.cursor;
    // Without a session the first messages would still wait for one when the receiver dies.
    await sender.send('bob', 'make a session');
    const texts = Array.from({ length: 60 }, (_, i) => `to a receiver who dies ${i}`);
    const pending: Promise<unknown>[] = [];
    for (const [i, text] of texts.entries()) {
      if (i === 40) bobDaemon.kill('SIGKILL');
      pending.push(sender.send('bob', text, 60_000));
      await pause(5);
    }
    bobDaemon = await stage.startDaemon('bob');
    const delivered = await Promise.all(pending);
    expect(delivered.filter((delivery) => delivery === undefined)).toEqual([]);
    const bob = await stage.connect('bob');
    const committed = await Receiver.over(bob, start);
    await committed.sees(texts);
    expect(compare(texts, await allMessages(bob, 'alice'), committed.arrived)).toEqual(ALL_WELL);
    expect(firstRun.arrived.length).toBeGreaterThan(0);
    expect(countOutOfOrder(texts, firstRun.arrived)).toBe(0);
  });

  it('of the sender loses nothing that was shown as queued', async () => {
    const alice = await stage.connect('alice');
    const texts = Array.from({ length: 40 }, (_, i) => `from a sender who dies ${i}`);
    const { cursor } = await Receiver.over(await stage.connect('bob'));
    bobDaemon.kill('SIGKILL');
    for (const text of texts) await alice.call('message.send', { to: 'bob', text });
    aliceDaemon.kill('SIGKILL');
    aliceDaemon = await stage.startDaemon('alice');
    bobDaemon = await stage.startDaemon('bob');
    const bob = await stage.connect('bob');
    const committed = await Receiver.over(bob, cursor);
    await committed.sees(texts, 60_000);
    expect(compare(texts, await allMessages(bob, 'alice'), committed.arrived)).toEqual(ALL_WELL);
  });

  it('of the server interrupts no direct chat, and everybody is back on its return', async () => {
    const alice = await stage.connect('alice');
    const sender = await Sender.over(alice);
    await sender.send('bob', 'make a path', 30_000);
    await eventually('a direct path', async () => (await pathTo(alice, 'bob'))?.state === 'direct', 30_000);
    server.child.kill('SIGKILL');
    expect((await sender.send('bob', 'the server is dead', 30_000))?.road).toBe('direct');
    await stage.startServer('server', ['--listen', server.address.split('#')[0]!]);
    await eventually(
      'alice is connected again',
      async () => (await alice.call('status', {})).server.state === 'connected',
      40_000,
    );
  });
});
