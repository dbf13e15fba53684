import { describe, expect, it } from 'vitest';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { EngineWorld, type TestPeer } from './test-world.ts';

describe('what a program lost, while nobody sends (DL59)', () => {
  it('comes back when both have started anew', async () => {
    const { world, alice, bob } = await chatting();
    await loseTail(world, alice, bob, keeps(bob));
    await world.until(async () => (await bob.texts('alice')).length === 4, 30_000);
    expect(await bob.texts('alice')).toEqual(['one', 'two', 'three', 'four']);
  });

  it('is not asked for by who is invisible, but as soon as they can be seen', async () => {
    const { world, alice, bob } = await chatting();
    await world.ok(bob.engine.setPresence('invisible'));
    await world.run(3_000);
    const lose = keeps(bob);
    await world.ok(bob.engine.setPresence('online'));
    await loseTail(world, alice, bob, lose);
    await world.run(30_000);
    expect(await bob.texts('alice')).toEqual(['one']);
    expect((await world.ok(bob.engine.paths('alice')))[0]?.session).not.toBe('established');
    await world.ok(bob.engine.setPresence('online'));
    await world.until(async () => (await bob.texts('alice')).length === 4, 30_000);
  });

  it('is asked for as soon as a friend is back who was away for long', async () => {
    const { world, alice, bob } = await chatting();
    await missWhileAway(world, alice, bob);
    await world.run(600_000);
    expect((await bob.contact('alice'))?.missing).toBe(2);
    await alice.restart();
    await world.until(async () => (await bob.texts('alice')).length === 4, 4_000);
    expect(await bob.texts('alice')).toEqual(['one', 'two', 'three', 'four']);
    expect((await bob.contact('alice'))?.missing).toBe(0);
  });

  it('makes a session with the friend who comes and has it, though nothing waits for anybody', async () => {
    const { world, alice, bob } = await chatting();
    await missWhileAway(world, alice, bob);
    await world.run(15_000);
    // So that she has no reason of her own to begin one, and does not answer before it is there.
    const nothing = async () => [];
    Object.assign(alice.store, {
      messages: nothing,
      devicesBehind: nothing,
      undeliveredTo: nothing,
      sentWithin: nothing,
    });
    await alice.restart();
    await world.until(async () => (await world.ok(bob.engine.paths('alice')))[0]?.session === 'established', 5_000);
  });

  it('is asked for by the slot where the two never meet', async () => {
    const { world, alice, bob } = await chatting();
    await missWhileAway(world, alice, bob);
    await world.run(15_000);
    bob.crash();
    await alice.restart();
    await world.run(15_000);
    await world.settle(alice.stop());
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).length === 4, 10_000);
  });

  it('costs no session with friends to whom nothing was ever said', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await alice.stop();
    await bob.stop();
    await alice.restart();
    await bob.restart();
    await world.run(30_000);
    expect((await world.ok(bob.engine.paths('alice')))[0]?.session).toBe('none');
  });
});

/** Bob has lost what was said last on both sides, nothing waits anywhere, and neither knows a session. */
async function loseTail(world: EngineWorld, alice: TestPeer, bob: TestPeer, lose: () => void): Promise<void> {
  await says(world, alice, bob, ['two', 'three']);
  await says(world, bob, alice, ['four']);
  bob.crash();
  alice.crash();
  lose();
  await alice.restart();
  await bob.restart();
}

/** Bob has lost two messages of alice, and one behind them has come by mail; she is away. */
async function missWhileAway(world: EngineWorld, alice: TestPeer, bob: TestPeer): Promise<void> {
  const lose = keeps(bob);
  await says(world, alice, bob, ['two', 'three']);
  bob.crash();
  await world.ok(alice.engine.send({ to: 'bob', text: 'four' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
  alice.crash();
  lose();
  await bob.restart();
}

async function chatting(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await says(world, alice, bob, ['one']);
  return { world, alice, bob };
}

async function says(world: EngineWorld, from: TestPeer, to: TestPeer, texts: readonly string[]): Promise<void> {
  for (const text of texts) await world.ok(from.engine.send({ to: to.name, text }));
  await world.until(async () => (await from.chat(to.name)).at(-1)?.state === 'delivered');
  await world.run(3_000);
}

/** @returns puts the profile back to what it is now, once the program is dead */
function keeps(peer: TestPeer): () => void {
  const copy = peer.store.disk.copy();
  return () => {
    peer.store = new MemoryPeerStore({ sync: async () => {} }, copy);
  };
}
