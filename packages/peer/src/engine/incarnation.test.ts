import { describe, expect, it } from 'vitest';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { EngineWorld, type TestPeer } from './test-world.ts';

describe('another numbering (R17)', () => {
  it('[DL3] delivers what a restored profile sends, although a copy used the numbers', async () => {
    const { world, alice, bob } = await chatting();
    const backup = alice.store.disk.copy();
    for (const text of ['second', 'third']) await deliver(world, alice, text);
    await alice.stop();
    alice.store = new MemoryPeerStore({ sync: async () => {} }, backup);
    await alice.restart();
    for (const text of ['fourth', 'fifth', 'sixth']) await deliver(world, alice, text);
    expect(await bob.texts('alice')).toEqual(['first', 'second', 'third', 'fourth', 'fifth', 'sixth']);
  });

  it('[DL3] delivers what was under way and what follows when it begins within a session', async () => {
    const { world, alice, bob } = await chatting();
    // A login of which alice never learns: its welcome is lost.
    bob.disk.syncMs = 3_000;
    await world.ok(alice.engine.send({ to: 'bob', text: 'under way' }));
    await loseOneWelcome(world, alice);
    bob.disk.syncMs = 4;
    for (const text of ['next', 'last']) await world.ok(alice.engine.send({ to: 'bob', text }));
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'), 20_000);
    expect(await bob.texts('alice')).toEqual(['first', 'under way', 'next', 'last']);
  });

  it('[DL3] delivers also a message that was being stored when it began', async () => {
    const { world, alice, bob } = await chatting();
    alice.disk.syncMs = 2_500;
    const losing = loseOneWelcome(world, alice);
    const sending = world.ok(alice.engine.send({ to: 'bob', text: 'half stored' }));
    await Promise.all([losing, sending]);
    alice.disk.syncMs = 4;
    await world.ok(alice.engine.send({ to: 'bob', text: 'last' }));
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'), 20_000);
    expect(await bob.texts('alice')).toEqual(['first', 'half stored', 'last']);
  });

  it('[DL3] ends what was under way before it: no copy with an old number comes after one with the new', async () => {
    const { world, alice, bob } = await chatting();
    const numberings: string[] = [];
    const commit = bob.store.commitIncoming;
    const commitIncoming: typeof commit = (items, wallNow) => {
      numberings.push(...items.map(({ content }) => content.incarnation));
      return commit(items, wallNow);
    };
    Object.assign(bob.store, { commitIncoming });
    const direct = world.sim.network.link('alice', 'bob');
    direct.udpBlocked = true;
    for (const text of ['second', 'third', 'fourth']) await world.ok(alice.engine.send({ to: 'bob', text }));
    await loseOneWelcome(world, alice);
    direct.profile = { ...direct.profile, lossRatio: 0.5, reorderRatio: 0.5, reorderMs: 600 };
    direct.udpBlocked = false;
    for (const text of ['fifth', 'sixth']) await world.ok(alice.engine.send({ to: 'bob', text }));
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'), 60_000);
    await world.run(30_000);
    const renewed = (await alice.store.profile())!.incarnation;
    expect(new Set(numberings.slice(numberings.indexOf(renewed)))).toEqual(new Set([renewed]));
  });
});

/** The server counts a login that the profile does not: the connection breaks before the welcome arrives. */
async function loseOneWelcome(world: EngineWorld, peer: TestPeer): Promise<void> {
  const profile = (await peer.store.profile())!;
  const { network, server } = world.sim;
  const link = network.link(peer.name, 'server');
  const { profile: clean } = link;
  link.profile = { ...clean, delayMs: 150 };
  const logins = (): number => server.disk.devicesOf(profile.account)[0]!.loginCount;
  const before = logins();
  network.cutTcp(peer.name, 'server');
  await world.until(() => logins() > before);
  network.cutTcp(peer.name, 'server');
  link.profile = clean;
  await world.until(async () => (await peer.store.profile())!.incarnation !== profile.incarnation);
}

async function deliver(world: EngineWorld, from: TestPeer, text: string): Promise<void> {
  await world.ok(from.engine.send({ to: 'bob', text }));
  await world.until(async () => (await from.chat('bob')).at(-1)?.state === 'delivered');
}

async function chatting() {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await deliver(world, alice, 'first');
  await world.run(3_000);
  return { world, alice, bob };
}
