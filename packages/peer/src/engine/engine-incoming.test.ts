import type { MailId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { deviceKeysOf } from './device-keys.ts';
import type { MessageView } from './engine.ts';
import { EngineWorld, type TestPeer } from './test-world.ts';

describe('what comes in (DL)', () => {
  it('[DL46] [DL47] a device that was away takes all of its mailbox, in order, and empties it', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    const texts = Array.from({ length: 150 }, (_, n) => `message ${n}`);
    for (const text of texts) await world.ok(alice.engine.send({ to: 'bob', text }));
    await world.until(() => mails(world) >= 150);
    await alice.stop();
    await bob.restart();
    await world.until(async () => (await bob.texts('alice')).length === 151);
    expect(await bob.texts('alice')).toEqual(['first', ...texts]);
    await world.until(() => mails(world) === 0);
  });

  it('[DL41] takes nothing for stored that its full disk did not take, and all of it when there is room', async () => {
    const { world, alice, bob } = await chatting();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'waits' }));
    await world.until(() => mails(world) > 0);
    await alice.stop();
    await bob.restart();
    bob.disk.full = true;
    await world.run(10_000);
    bob.disk.full = false;
    await world.until(async () => (await bob.texts('alice')).includes('waits'));
    await world.until(() => mails(world) === 0);
  });

  it('[DL40] [DL42] [DL47] loses, doubles and reorders nothing while the receiver is killed at every other moment', async () => {
    const { world, alice, bob } = await chatting();
    const texts = Array.from({ length: 60 }, (_, n) => `message ${n}`);
    for (const [n, text] of texts.entries()) {
      await world.ok(alice.engine.send({ to: 'bob', text }));
      await world.run((n * 7) % 23);
      if (n % 5 !== 4) continue;
      bob.crash();
      await world.run((n * 131) % 400);
      await bob.restart();
    }
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'), 120_000);
    expect(await bob.texts('alice')).toEqual(['first', ...texts]);
    await world.until(() => mails(world) <= 2);
  });

  it('[DL49] reads its mailbox while invisible, empties it once visible', async () => {
    const { world, alice, bob } = await chatting();
    await world.ok(bob.engine.setPresence('invisible'));
    await world.until(async () => (await alice.contact('bob'))?.presence === 'offline');
    await world.ok(alice.engine.send({ to: 'bob', text: 'are you there' }));
    await world.until(async () => (await bob.texts('alice')).includes('are you there'));
    await world.run(10_000);
    expect(mails(world)).toBeGreaterThan(0);
    expect((await alice.chat('bob')).at(-1)?.state).toBe('stored');
    await world.ok(bob.engine.setPresence('online'));
    await world.until(() => mails(world) === 0);
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  });

  it('[DL50] [DL52] [DL53] an older copy of a profile gets back what it has lost, of the friend and of its own', async () => {
    const { world, alice, bob } = await chatting();
    const copy = bob.store.disk.copy();
    for (let n = 0; n < 100; n++) {
      await world.ok(alice.engine.send({ to: 'bob', text: `hers ${n}` }));
      if (n % 5 === 0) await world.ok(bob.engine.send({ to: 'alice', text: `his ${n}` }));
    }
    await world.until(async () => (await alice.chat('bob')).filter(isOwn).every(({ state }) => state === 'delivered'));
    await world.until(async () => (await bob.chat('alice')).filter(isOwn).every(({ state }) => state === 'delivered'));
    const before = await alice.texts('bob');
    bob.crash();
    bob.store = new MemoryPeerStore({ sync: async () => {} }, copy);
    await bob.restart();
    expect((await bob.texts('alice')).length).toBeLessThan(10);
    await world.ok(alice.engine.send({ to: 'bob', text: 'after' }));
    await world.until(async () => (await bob.texts('alice')).length === before.length + 1);
    expect(await bob.texts('alice')).toEqual([...before, 'after']);
    const returned = (await bob.chat('alice')).filter((message) => message.returned);
    expect(returned).toHaveLength(20);
    expect(returned.every(({ state }) => state === 'delivered')).toBe(true);
    const notes = (await bob.lines('alice')).filter(({ kind, text }) => kind === 'system' && text === 'restored');
    expect(notes).toHaveLength(1);
    expect((await bob.contact('alice'))?.missing).toBe(0);
  });

  it('[DL51] shows that something is missing while the friend is away, and that it is there again', async () => {
    const { world, alice, bob } = await chatting();
    const copy = bob.store.disk.copy();
    for (let n = 0; n < 5; n++) await world.ok(alice.engine.send({ to: 'bob', text: `hers ${n}` }));
    await world.until(async () => (await bob.texts('alice')).length === 6);
    await world.until(async () => (await alice.chat('bob')).every(({ state }) => state === 'delivered'));
    bob.crash();
    await world.ok(alice.engine.send({ to: 'bob', text: 'the sixth' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'stored');
    await alice.stop();
    bob.store = new MemoryPeerStore({ sync: async () => {} }, copy);
    await bob.restart();
    await world.until(async () => ((await bob.contact('alice'))?.missing ?? 0) > 0);
    expect((await bob.contact('alice'))?.missing).toBe(5);
    expect(bob.eventsOf('contact').at(-1)?.contact.missing).toBe(5);
    await alice.restart();
    await world.until(async () => (await bob.texts('alice')).length === 7);
    expect(bob.eventsOf('contact').at(-1)?.contact.missing).toBe(0);
  });
});

/** Two friends who have spoken, so that each knows the other's device and mailbox. */
async function chatting(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  await world.until(() => mails(world) === 0);
  return { world, alice, bob };
}

function isOwn({ direction }: MessageView): boolean {
  return direction === 'out';
}

/** Messages of hers that wait in his mailbox, on the server's disk. */
function mails(world: EngineWorld): number {
  const [alice, bob] = world.peers;
  const to = deviceKeysOf(bob!.identity).device;
  const rows = alice!.store.disk.calls.rows(0, 10_000);
  const waits = ({ direction, device, id }: (typeof rows)[number]) =>
    direction === 'out' && world.sim.server.disk.hasMail(to, device, id as string as MailId);
  return rows.filter(waits).length;
}
