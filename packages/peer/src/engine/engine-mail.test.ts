import { describe, expect, it } from 'vitest';
import type { MemoryPeerStore } from '../store/memory-store.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

describe('the mailbox road of messages (DL)', () => {
  it('[DL20] brings the first message to an online friend in one transit, whatever the handshake does', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await world.run(2_000);
    const before = world.sim.nowMs;
    const { commitIncoming } = bob.store;
    const arrivedAfterMs: number[] = [];
    const noteArrival: typeof commitIncoming = (items, wallNow) => {
      arrivedAfterMs.push(world.sim.nowMs - before);
      return commitIncoming(items, wallNow);
    };
    Object.assign(bob.store, { commitIncoming: noteArrival });
    await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
    await world.until(async () => (await bob.texts('alice')).includes('first'));
    // Two one-way times of 20 ms and the sender's sync of 4 ms; not the server's.
    expect(arrivedAfterMs[0]).toBeLessThanOrEqual(20 + 20 + 4 + 2);
    expect((await world.settle(bob.chat('alice'))).at(-1)?.road?.kind).toBe('mailbox');
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 2_000);
    // The session that came up meanwhile brought it, too, and brought nothing new.
    expect((await world.settle(alice.chat('bob'))).at(-1)?.road?.kind).toBe('mailbox');
  });

  it('[DL20] [DL22] [DL25] joins two who are never there together: message, receipt and what was read', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'one' }));
    await world.ok(alice.engine.send({ to: 'bob', text: 'two' }));
    await world.until(async () => (await alice.chat('bob')).slice(1).every(({ state }) => state === 'stored'));
    await alice.stop();
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).length === 3);
    expect(await bob.texts('alice')).toEqual(['first', 'one', 'two']);
    await world.run(2_000);
    await bob.stop();
    await alice.restart();
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'));
    await alice.stop();
    await bob.restart();
    await world.ok(bob.engine.markRead('alice'));
    await world.run(2_000);
    await bob.stop();
    await alice.restart();
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'read'));
  });

  it('[DL25] tells after a crash what was committed and not told', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'one' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
    await alice.stop();
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).includes('one'));
    bob.crash();
    await bob.restart();
    await world.run(3_000);
    await bob.stop();
    await alice.restart();
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  });

  it('[DL20] takes over when a session dies in the middle of a burst, and nothing is lost, doubled or out of order', async () => {
    const { world, alice, bob } = await chatting();
    const texts = Array.from({ length: 40 }, (_, i) => `message ${i}`);
    await send(world, alice, texts.slice(0, 20));
    world.sim.network.link('alice', 'bob').udpBlocked = true;
    const link = world.sim.network.link('bob', 'server');
    link.tcpStalled = true;
    await send(world, alice, texts.slice(20));
    await world.run(6_000);
    expect(stateOf(await alice.chat('bob'), 'message 39')).toBe('stored');
    link.tcpStalled = false;
    world.sim.network.link('alice', 'bob').udpBlocked = false;
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'));
    expect(await bob.texts('alice')).toEqual(['first', ...texts]);
    const shown = bob.eventsOf('message').flatMap(({ message, isNew }) => (isNew ? [message.text] : []));
    expect(shown.filter((text) => text.startsWith('message'))).toEqual(texts);
  });

  it('[DL20] goes to the mailbox at once while the session brings no receipts', async () => {
    const { world, alice } = await chatting();
    world.sim.network.link('alice', 'bob').udpBlocked = true;
    world.sim.network.link('bob', 'server').tcpStalled = true;
    await world.ok(alice.engine.send({ to: 'bob', text: 'waits' }));
    await world.run(1_500);
    expect(stateOf(await alice.chat('bob'), 'waits')).toBe('queued');
    await world.run(2_500);
    expect(stateOf(await alice.chat('bob'), 'waits')).toBe('stored');
    await world.ok(alice.engine.send({ to: 'bob', text: 'at once' }));
    await world.run(100);
    expect(stateOf(await alice.chat('bob'), 'at once')).toBe('stored');
  });

  it('[DL22] [DL23] says stored only when the server has it, through a crash of the server', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    world.sim.server.crash(true);
    await world.ok(alice.engine.send({ to: 'bob', text: 'one' }));
    await world.run(5_000);
    expect(stateOf(await alice.chat('bob'), 'one')).toBe('queued');
    await world.settle(world.sim.server.start());
    await world.until(async () => stateOf(await alice.chat('bob'), 'one') === 'stored');
    world.sim.server.crash(true);
    await world.settle(world.sim.server.start());
    await bob.restart();
    await world.until(async () => stateOf(await alice.chat('bob'), 'one') === 'delivered');
    expect(await bob.texts('alice')).toEqual(['first', 'one']);
  });

  it('[DL23] puts what waits though its disk was full at the moment in which the link came', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    world.sim.server.crash(true);
    await world.run(1_000);
    await world.ok(alice.engine.send({ to: 'bob', text: 'waits' }));
    const { meetDevices } = alice.store;
    let calls = 0;
    const failOnce: typeof meetDevices = (account, devices) =>
      calls++ === 0 ? Promise.reject(new Error('no space left')) : meetDevices(account, devices);
    Object.assign(alice.store, { meetDevices: failOnce });
    await world.settle(world.sim.server.start());
    await world.until(async () => stateOf(await alice.chat('bob'), 'waits') === 'stored');
    await world.run(10_000);
    expect(calls).toBeGreaterThan(1);
  });

  it('[DL24] seals again what the friend cannot open any more', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'sealed twice' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
    bob.mailboxLinks = undefined;
    // No session brings it instead.
    world.sim.network.link('alice', 'bob').udpBlocked = true;
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).includes('sealed twice'));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  });

  it('[DL24] [DL56] seals again what the friend could not open before a crash that came before anybody was told', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'sealed twice' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
    await alice.stop();
    bob.mailboxLinks = undefined;
    // No slot is put before the crash.
    Object.assign(bob.store, { receiptsOwed: () => new Promise(() => {}) });
    await bob.restart();
    await world.run(5_000);
    bob.crash();
    await bob.restart();
    await world.run(5_000);
    await bob.stop();
    // They are never there together: nothing but the slot can have told her.
    await alice.restart();
    await world.run(5_000);
    await alice.stop();
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).includes('sealed twice'));
  });

  it('[DL24] [DL55] copies again to an own device what it cannot open', async () => {
    const { world, second } = await writtenWhileSecondIsAway();
    second.mailboxLinks = undefined;
    await second.restart();
    await world.until(async () => (await second.texts('bob')).length === 2);
    expect(await second.texts('bob')).toEqual(['one', 'two']);
  });

  it('[DL24] [DL55] copies again what an own device names before it is met on a slow disk', async () => {
    const { world, alice, second } = await writtenWhileSecondIsAway();
    await alice.stop();
    second.mailboxLinks = undefined;
    await second.restart();
    await world.run(5_000);
    const { meetOwnDevices } = alice.store;
    const meetLate: typeof meetOwnDevices = async (devices) => {
      await new Promise<void>((resolve) => {
        world.sim.time.schedule(world.sim.nowMs + 1_000, resolve);
      });
      return meetOwnDevices(devices);
    };
    Object.assign(alice.store, { meetOwnDevices: meetLate });
    await alice.restart();
    await world.until(async () => (await second.texts('bob')).length === 2);
    expect(await second.texts('bob')).toEqual(['one', 'two']);
  });

  it('[DL27] [DL28] brings back what an older copy of the friend lacks, though it was receipted', async () => {
    const { world, alice, bob } = await chatting();
    await world.run(2_000);
    await bob.stop();
    const old = copyOf(bob);
    await bob.restart();
    await send(world, alice, ['one', 'two', 'three']);
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'));
    await world.ok(alice.engine.send({ to: 'bob', text: 'four' }));
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'));
    await bob.stop();
    bob.store = old;
    await bob.restart();
    // The next session says how far it went.
    await world.ok(bob.engine.send({ to: 'alice', text: 'I am back' }));
    await world.until(async () => (await bob.texts('alice')).length === 6, 60_000);
    expect(await bob.texts('alice')).toEqual(['first', 'one', 'two', 'three', 'four', 'I am back']);
  });

  it('[DL31] copies what was sent, and what became of it, to the own other device', async () => {
    const { world, alice, bob } = await chatting();
    const second = await secondDevice(world, alice);
    await world.ok(alice.engine.send({ to: 'bob', text: 'seen on both' }));
    await world.until(async () => (await second.texts('bob')).includes('seen on both'));
    await world.until(async () => stateOf(await second.chat('bob'), 'seen on both') === 'delivered');
    expect((await second.chat('bob')).at(-1)?.direction).toBe('out');
    await world.ok(bob.engine.markRead('alice'));
    await world.until(async () => stateOf(await second.chat('bob'), 'seen on both') === 'read');
  });

  it('[DL31] [DL33] has an own device drop the copy of what was cancelled afterwards', async () => {
    const { world, alice } = await chatting();
    const second = await secondDevice(world, alice);
    const stranger = world.peer('bob2');
    await world.settle(stranger.start());
    const { address } = world.sim.server;
    const login = { server: address, trustFirst: false, account: 'bob', password: PASSWORD, newIdentity: true };
    await world.ok(stranger.engine.login(login));
    await world.until(async () => (await alice.contact('bob'))?.keyChanged === true);
    const { id } = await world.ok(alice.engine.send({ to: 'bob', text: 'held' }));
    await world.until(async () => (await second.texts('bob')).includes('held'));
    expect(await world.ok(alice.engine.recallMessage(id))).toMatchObject({ state: 'refused', reason: 'cancelled' });
    await world.until(async () => !(await second.texts('bob')).includes('held'));
    expect(await world.settle(second.store.message(id))).toMatchObject({ kind: 'void', text: '', state: 'refused' });
    expect(second.eventsOf('deleted').map(({ account }) => account)).toEqual([(await second.contact('bob'))?.account]);
  });

  it('[DL31] keeps copies for an own device that is away', async () => {
    const { world, alice, second } = await writtenWhileSecondIsAway();
    await alice.stop();
    await second.restart();
    await world.until(async () => (await second.texts('bob')).length === 2);
    expect(await second.texts('bob')).toEqual(['one', 'two']);
    await world.until(async () => (await second.chat('bob')).every(({ state }) => state === 'delivered'));
  });

  it('[DL32] answers an invisible user’s friend only after that user has written, and by the slot', async () => {
    const { world, alice, bob } = await chatting();
    await world.ok(bob.engine.setPresence('invisible'));
    await world.ok(alice.engine.send({ to: 'bob', text: 'are you there?' }));
    await world.until(async () => (await bob.texts('alice')).includes('are you there?'));
    await world.run(30_000);
    expect(stateOf(await alice.chat('bob'), 'are you there?')).toBe('stored');
    expect((await world.ok(alice.engine.paths('bob')))[0]?.session).not.toBe('established');
    await world.ok(bob.engine.send({ to: 'alice', text: 'for you only' }));
    await world.until(async () => (await alice.texts('bob')).includes('for you only'));
    await world.until(async () => stateOf(await alice.chat('bob'), 'are you there?') === 'delivered');
    expect((await world.ok(bob.engine.paths('alice')))[0]?.session).toBe('none');
    await world.until(async () => stateOf(await bob.chat('alice'), 'for you only') === 'delivered');
  });
});

/** Two friends with a session, over which one message has gone. */
async function chatting(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  await world.until(async () => (await world.ok(alice.engine.paths('bob')))[0]?.session === 'established');
  return { world, alice, bob };
}

/** A copy of the profile of somebody who is not running. */
function copyOf(peer: TestPeer): MemoryPeerStore {
  const before = peer.store;
  peer.store = before.crash();
  return before.crash();
}

async function secondDevice(world: EngineWorld, of: TestPeer): Promise<TestPeer> {
  const { code } = await world.ok(of.engine.offerApproval());
  const second = world.peer(`${of.name}2`);
  await world.settle(second.start());
  const { address } = world.sim.server;
  const login = { server: address, trustFirst: false, account: of.name, password: PASSWORD, approvalCode: code };
  await world.ok(second.engine.login(login));
  await world.run(2_000);
  return second;
}

/** Two messages to Bob, whose copies wait for the own device that is away. */
async function writtenWhileSecondIsAway(): Promise<{ world: EngineWorld; alice: TestPeer; second: TestPeer }> {
  const { world, alice } = await chatting();
  const second = await secondDevice(world, alice);
  await world.run(2_000);
  await second.stop();
  await send(world, alice, ['one', 'two']);
  await world.run(5_000);
  return { world, alice, second };
}

async function send(world: EngineWorld, from: TestPeer, texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((text) => world.ok(from.engine.send({ to: 'bob', text }))));
}

function stateOf(chat: Awaited<ReturnType<TestPeer['chat']>>, text: string): string | undefined {
  return chat.find((message) => message.text === text)?.state;
}
