import { describe, expect, it } from 'vitest';
import type { PeerStore } from '../store/store.ts';
import { EngineWorld, type TestPeer } from './test-world.ts';

const HOUR_MS = 3_600_000;

describe('delivery (DL)', () => {
  it('[DL10] acknowledges after the commit and never before', async () => {
    const { world, alice, bob } = await chatting();
    bob.disk.syncMs = 700;
    await world.ok(alice.engine.send({ to: 'bob', text: 'hello' }));
    await world.run(600);
    expect((await alice.chat('bob')).at(-1)?.state).toBe('queued');
    await world.run(600);
    expect((await alice.chat('bob')).at(-1)?.state).toBe('delivered');
  });

  it('[DL17] acknowledges nothing that its disk did not take, and gets it later all the same', async () => {
    const { world, alice, bob } = await chatting();
    bob.disk.full = true;
    await world.ok(alice.engine.send({ to: 'bob', text: 'hello' }));
    await world.run(10_000);
    expect((await alice.chat('bob')).at(-1)?.state).toBe('stored');
    expect(bob.eventsOf('message').filter(({ message }) => message.text === 'hello')).toEqual([]);
    bob.disk.full = false;
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    expect(await bob.texts('alice')).toEqual(['first', 'hello']);
  });

  it('shows a message as delivered although its own disk was full when the receipt came', async () => {
    const { world, alice, bob } = await chatting();
    bob.disk.syncMs = 500;
    await world.ok(alice.engine.send({ to: 'bob', text: 'hello' }));
    alice.disk.full = true;
    await world.run(3_000);
    expect(bob.eventsOf('message').at(-1)?.message.text).toBe('hello');
    alice.disk.full = false;
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 30_000);
  });

  it('[DL7] does not send what its disk did not take', async () => {
    const { world, alice, bob } = await chatting();
    alice.disk.full = true;
    expect(await world.settle(alice.engine.send({ to: 'bob', text: 'lost' }))).toEqual({
      ok: false,
      error: { code: 'STORE_FAILED' },
    });
    alice.disk.full = false;
    await world.run(5_000);
    await world.ok(alice.engine.send({ to: 'bob', text: 'kept' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    expect(await bob.texts('alice')).toEqual(['first', 'kept']);
    expect(alice.eventsOf('message').map(({ message }) => message.text)).not.toContain('lost');
  });

  it('tells of a disk that fails in every other command, too', async () => {
    const { world, bob } = await chatting();
    bob.disk.full = true;
    expect(await world.settle(bob.engine.markRead('alice'))).toMatchObject({ error: { code: 'STORE_FAILED' } });
  });

  it('[DL12] delivers any number of waiting messages, in order', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    const texts = Array.from({ length: 700 }, (_, i) => `message ${i}`);
    await Promise.all(await queued(world, alice, texts));
    await world.settle(bob.start());
    await world.until(async () => {
      const newest = await alice.engine.messages({ chat: 'bob', limit: 1 });
      return newest.ok && newest.value[0]?.state === 'delivered';
    });
    const received = bob.eventsOf('message').flatMap(({ message, isNew }) => (isNew ? [message.text] : []));
    expect(received.slice(-700)).toEqual(texts);
  });

  it('reads little while large messages wait for room', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await Promise.all(await queued(world, alice, Array(300).fill('x'.repeat(65_000))));
    let reads = 0;
    const undelivered = alice.store.undeliveredTo;
    const undeliveredTo: PeerStore['undeliveredTo'] = (chat, device, limit) => {
      reads++;
      return undelivered(chat, device, limit);
    };
    Object.assign(alice.store, { undeliveredTo });
    await world.settle(bob.start());
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'), 120_000);
    expect(reads).toBeLessThan(100);
  });

  it('[DL16] refuses what waited when the friendship ends', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    const link = world.sim.network.link('alice', 'server');
    link.tcpStalled = true;
    await world.until(async () => (await alice.engine.status()).server.state !== 'connected');
    // Neither a session nor a mailbox has had it.
    await world.ok(alice.engine.send({ to: 'bob', text: 'too late' }));
    await bob.restart();
    await world.ok(bob.engine.removeContact('alice'));
    link.tcpStalled = false;
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'refused');
    const [last] = (await world.settle(alice.chat('bob'))).slice(-1);
    expect(last).toMatchObject({ text: 'too late', reason: 'not-friends' });
    expect(await world.settle(alice.engine.send({ to: 'bob', text: 'more' }))).toMatchObject({
      error: { code: 'NOT_FRIENDS' },
    });
    await world.run(120_000);
    expect(alice.timersArmed).toBeLessThan(8);
  });

  it('[DL16] does not call refused what was given to a mailbox', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'on its way' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
    await world.ok(alice.engine.removeContact('bob'));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reason === 'not-friends');
    expect((await alice.chat('bob')).at(-1)?.state).toBe('stored');
  });

  it('[DL16] keeps as queued, with the reason, what may have been sent before a crash', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'too late' }));
    await alice.stop();
    await bob.restart();
    await world.ok(bob.engine.removeContact('alice'));
    await world.settle(alice.start());
    // Just after the friend list was stored, before anything that follows from it was.
    let crashed = false;
    const refuseUndelivered = (): Promise<never> => {
      crashed = true;
      return new Promise(() => {});
    };
    Object.assign(alice.store, { refuseUndelivered });
    await world.until(() => crashed);
    alice.crash();
    await alice.restart();
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reason === 'not-friends');
    // Of a message from an earlier life nobody knows whether it ever left.
    expect((await alice.chat('bob')).at(-1)?.state).toBe('queued');
  });

  it('[DL16] never calls refused what the friend may have, and sends it again to the friend of later', async () => {
    const { world, alice, bob } = await chatting();
    // Bob has it and reads it, and alice learns nothing of that.
    const { applyReceipt } = alice.store;
    Object.assign(alice.store, { applyReceipt: () => Promise.resolve([]) });
    await world.ok(alice.engine.send({ to: 'bob', text: 'read by bob' }));
    await world.until(async () => (await bob.texts('alice')).includes('read by bob'));
    await world.ok(bob.engine.removeContact('alice'));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reason === 'not-friends');
    expect((await alice.chat('bob')).at(-1)?.state).toBe('queued');
    Object.assign(alice.store, { applyReceipt });
    await world.befriend(alice, bob);
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    expect((await alice.chat('bob')).at(-1)?.reason).toBe('');
    expect(await bob.texts('alice')).toEqual(['first', 'read by bob']);
  });

  it('[DL6] keeps a message that a friend refuses for its stamp queued, with the reason, until its time has come', async () => {
    const { world, alice, bob } = await wrongClock(25);
    await sendBeforeLogin(world, alice, ['from tomorrow'], { stampAnew: async () => [] });
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reason === 'clock');
    await world.run(10_000);
    expect((await world.settle(alice.chat('bob'))).at(-1)).toMatchObject({ state: 'queued', reason: 'clock' });
    expect(await world.settle(bob.texts('alice'))).toEqual([]);
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 2 * HOUR_MS);
    expect(await world.settle(bob.texts('alice'))).toEqual(['from tomorrow']);
  });

  it.each([72, -72])(
    '[DL4] delivers at once what a clock %i h wrong stamped before the login, and what follows',
    async (hours) => {
      const { world, alice, bob } = await wrongClock(hours);
      await world.ok(bob.engine.send({ to: 'alice', text: 'before' }));
      await world.until(async () => (await alice.texts('bob')).includes('before'));
      await sendBeforeLogin(world, alice, ['one', 'two']);
      await world.ok(alice.engine.send({ to: 'bob', text: 'three' }));
      await world.until(async () => (await alice.chat('bob')).slice(1).every(({ state }) => state === 'delivered'));
      await world.ok(bob.engine.send({ to: 'alice', text: 'answer' }));
      const said = ['before', 'one', 'two', 'three', 'answer'];
      await world.until(async () => (await alice.chat('bob')).length === said.length);
      expect(await world.settle(alice.texts('bob'))).toEqual(said);
      expect(await world.settle(bob.texts('alice'))).toEqual(said);
      const stamps = async (peer: TestPeer, name: string) =>
        (await world.settle(peer.chat(name))).map(({ stamp }) => stamp);
      expect(await stamps(alice, 'bob')).toEqual(await stamps(bob, 'alice'));
    },
  );

  it('[DL4] tells of the new places of what was stamped anew', async () => {
    const { world, alice } = await wrongClock(72);
    await sendBeforeLogin(world, alice, ['from a wrong time']);
    const [shown] = await world.settle(alice.chat('bob'));
    const told = alice.eventsOf('message').filter(({ message, isNew }) => message.id === shown?.id && !isNew);
    expect(told[0]?.message.stamp).toEqual(shown?.stamp);
  });
});

describe('read receipts', () => {
  it('[DL10] show the sender what was read', async () => {
    const { world, alice, bob } = await chatting();
    expect(await world.ok(bob.engine.markRead('alice'))).toEqual({ changed: 1 });
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'read');
    expect((await bob.contact('alice'))?.unread).toBe(0);
    expect(await world.ok(bob.engine.markRead('alice'))).toEqual({ changed: 0 });
  });

  it('[DL10] reach a sender who was away when it was read', async () => {
    const { world, alice, bob } = await chatting();
    await alice.stop();
    await world.run(30_000);
    await world.ok(bob.engine.markRead('alice'));
    await world.run(5_000);
    await alice.restart();
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'read', 10_000);
  });

  it('[DL10] reach a sender whose connection was lost when it was read', async () => {
    const { world, alice, bob } = await chatting();
    world.sim.network.link('alice', 'server').tcpStalled = true;
    world.sim.network.link('alice', 'bob').udpBlocked = true;
    await world.ok(bob.engine.markRead('alice'));
    await world.run(300_000);
    world.sim.network.link('alice', 'server').tcpStalled = false;
    world.sim.network.link('alice', 'bob').udpBlocked = false;
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'read', 60_000);
  });
});

/** Two friends with a session, over which one message has gone. */
async function chatting(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  return { world, alice, bob };
}

async function queued(world: EngineWorld, from: TestPeer, texts: readonly string[]) {
  return texts.map((text) => world.ok(from.engine.send({ to: 'bob', text })));
}

/** Two friends, of whom alice goes by a wrong clock until a server tells her the time. */
async function wrongClock(hours: number): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const alice = world.peer('alice', { wallSkewMs: hours * HOUR_MS });
  const bob = world.peer('bob');
  await alice.register();
  await bob.register();
  await world.befriend(alice, bob);
  return { world, alice, bob };
}

/** At the next start, before the server is there. */
async function sendBeforeLogin(
  world: EngineWorld,
  from: TestPeer,
  texts: readonly string[],
  store: Partial<PeerStore> = {},
): Promise<void> {
  await from.stop();
  Object.assign(from.store, store);
  world.sim.server.crash(true);
  await world.settle(from.start());
  for (const text of texts) await world.ok(from.engine.send({ to: 'bob', text }));
  await world.settle(world.sim.server.start());
  await world.until(async () => (await from.engine.status()).server.state === 'connected');
}
