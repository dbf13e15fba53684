import { describe, expect, it } from 'vitest';
import { EngineWorld, type TestPeer } from './test-world.ts';

describe('who is invisible, toward a friend who says something by mail (R23)', () => {
  it('[DL32] seals anew what the friend cannot open only on being visible again', async () => {
    const { world, alice, bob } = await storedForBob();
    await world.ok(alice.engine.setPresence('invisible'));
    await world.run(3_000);
    bob.mailboxLinks = undefined;
    await bob.restart();
    await world.run(30_000);
    expect(await bob.texts('alice')).toEqual(['first']);
    expect((await world.settle(alice.chat('bob'))).at(-1)?.state).toBe('stored');
    await world.ok(alice.engine.setPresence('online'));
    await world.until(async () => (await bob.texts('alice')).includes('before'));
  });

  it('[DL32] seals it anew as soon as something else is sent to that friend', async () => {
    const { world, alice, bob } = await storedForBob();
    await world.ok(alice.engine.setPresence('invisible'));
    bob.mailboxLinks = undefined;
    await bob.restart();
    await world.run(10_000);
    await world.ok(alice.engine.send({ to: 'bob', text: 'after' }));
    await world.until(async () => (await bob.texts('alice')).length === 3, 30_000);
    expect(await bob.texts('alice')).toEqual(['first', 'before', 'after']);
    expect((await world.ok(bob.engine.paths('alice')))[0]?.session).not.toBe('established');
  });

  it('[DL32] sends what was sent while invisible, though the program was killed before it left', async () => {
    const { world, alice, bob } = await chatting();
    await world.ok(alice.engine.setPresence('invisible'));
    const sent = alice.engine.send({ to: 'bob', text: 'psst' });
    await world.run(alice.disk.syncMs + 1);
    alice.crash();
    await sent.catch(() => {});
    expect(await bob.texts('alice')).toEqual(['first']);
    await alice.restart();
    await world.until(async () => (await bob.texts('alice')).includes('psst'));
  });

  it('[DL32] answers nobody for what was sent while invisible before', async () => {
    const { world, alice, bob } = await chatting();
    await world.ok(bob.engine.setPresence('invisible'));
    await world.ok(bob.engine.send({ to: 'alice', text: 'psst' }));
    await world.until(async () => (await alice.texts('bob')).includes('psst'));
    await world.ok(bob.engine.setPresence('offline'));
    await world.run(2_000);
    await world.ok(bob.engine.setPresence('invisible'));
    await world.run(2_000);
    await world.ok(alice.engine.send({ to: 'bob', text: 'are you there?' }));
    await world.until(async () => (await bob.texts('alice')).includes('are you there?'));
    await world.run(30_000);
    expect((await world.settle(alice.chat('bob'))).at(-1)?.state).toBe('stored');
  });
});

async function chatting(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  await world.run(3_000);
  return { world, alice, bob };
}

/** A message of Alice's lies in the mailbox of Bob, who is not there. */
async function storedForBob(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const { world, alice, bob } = await chatting();
  await world.settle(bob.stop());
  await world.ok(alice.engine.send({ to: 'bob', text: 'before' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
  return { world, alice, bob };
}
