import type { DeviceId } from '@magpie/common/ids.ts';
import { RELAY_PACKET_BYTES_MAX } from '@magpie/common/limits.ts';
import { expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

it('[SV61] passes nothing to strangers, and tells their flood no more than once a second', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const mallory = await world.register('mallory');
  alice.received.length = 0;
  for (let i = 0; i < 500; i++) mallory.relay(alice.device.id, new Uint8Array(100));
  for (let i = 0; i < 500; i++) mallory.relay(`${i}`.padStart(32, '0') as DeviceId, new Uint8Array(100));
  await settle();
  expect(alice.received).toEqual([]);
  expect(mallory.take('relay-refused').filter((frame) => frame.to === alice.device.id)).toHaveLength(1);
  expect(world.server.stats()).toMatchObject({ relayedPackets: 0, relayDropped: 1_000 });
  await expectTalk(bob, alice);
});

it('[SV7] stops reading a sender over its rate, loses none of its packets, and lets others pass', async () => {
  const world = await TestWorld.start({ relayBytesPerSecond: 100_000, relayBytesBurst: 100_000 });
  const [mallory, alice] = await world.friends('mallory', 'alice');
  const bob = await world.register('bob');
  await world.befriend(bob, alice);
  for (let i = 0; i < 40; i++) mallory.relay(alice.device.id, new Uint8Array(10_000));
  await settle();
  const passed = alice.take('relayed').length;
  expect(passed).toBeLessThanOrEqual(12);
  expect(mallory.wire.paused).toBe(true);
  await expectTalk(bob, alice);
  await world.advance(4_000);
  expect(passed + alice.take('relayed').length).toBe(40);
  expect([mallory.closed, world.server.stats().relayDropped]).toEqual([false, 0]);
});

it('[SV62] holds 256 KiB of one pair for a receiver that takes nothing, and closes nobody for it', async () => {
  const world = await TestWorld.start({ relayBytesBurst: 16 * 1024 * 1024 });
  const [mallory, alice] = await world.friends('mallory', 'alice');
  const bob = await world.register('bob');
  const carol = await world.register('carol');
  await world.befriend(bob, alice);
  await world.befriend(carol, mallory);
  mallory.received.length = 0;
  alice.wire.stalled = true;
  for (let i = 0; i < 400; i++) mallory.relay(alice.device.id, new Uint8Array(RELAY_PACKET_BYTES_MAX));
  await settle();
  expect(alice.wire.serverEnd.queuedBytes).toBeLessThan(300_000);
  expect(mallory.take('relay-refused')).toMatchObject([{ to: alice.device.id, reason: 'overflow' }]);
  // The same receiver still takes its share from somebody else, and the same sender reaches others.
  bob.relay(alice.device.id, Uint8Array.of(7));
  await expectTalk(mallory, carol);
  alice.wire.stalled = false;
  alice.wire.deliverToClient();
  await settle();
  const relayed = alice.take('relayed');
  expect(relayed).toHaveLength(16);
  expect(relayed.at(-1)?.from).toBe(bob.device.id);
  expect([alice.closed, mallory.closed]).toEqual([false, false]);
});

it('[SV62] bounds what many friends together have waiting for one slow receiver', async () => {
  const world = await TestWorld.start({ registrationsPerSourcePerHour: 1_000 });
  const alice = await world.register('alice');
  const friends: TestClient[] = [];
  for (let i = 0; i < 12; i++) {
    const friend = await world.register(`friend_${i}`);
    await world.befriend(friend, alice);
    friends.push(friend);
  }
  alice.wire.stalled = true;
  for (const friend of friends) {
    for (let i = 0; i < 20; i++) friend.relay(alice.device.id, new Uint8Array(RELAY_PACKET_BYTES_MAX));
    await settle();
  }
  expect(alice.wire.serverEnd.queuedBytes).toBeLessThan(1024 * 1024 + 64 * 1024);
  expect(alice.closed).toBe(false);
  expect(world.server.stats().relayDropped).toBeGreaterThan(100);
});

async function expectTalk(from: TestClient, to: TestClient): Promise<void> {
  to.take('relayed');
  from.relay(to.device.id, Uint8Array.of(42));
  await settle();
  expect(to.take('relayed').map((frame) => [...frame.packet])).toContainEqual([42]);
}
