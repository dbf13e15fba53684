import type { DeviceId } from '@magpie/common/ids.ts';
import { RELAY_PACKET_BYTES_MAX } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { settle, TestWorld } from '../session/test-world.ts';

describe('the relay (SV60)', () => {
  it('[SV60] passes packets on unchanged and in order, and names the sender', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    for (let i = 0; i < 100; i++) alice.relay(bob.device.id, new Uint8Array(i).fill(i));
    alice.relay(bob.device.id, new Uint8Array(RELAY_PACKET_BYTES_MAX).fill(9));
    await settle();
    const relayed = bob.take('relayed');
    expect(relayed.slice(0, 100).map((frame) => [...frame.packet])).toEqual(
      Array.from({ length: 100 }, (_, i) => new Array(i).fill(i)),
    );
    expect(relayed[100]!.packet).toHaveLength(RELAY_PACKET_BYTES_MAX);
    expect(new Set(relayed.map((frame) => frame.from))).toEqual(new Set([alice.device.id]));
    expect(world.server.stats().relayedPackets).toBe(101);
  });

  it('[SV60] asks the store for nothing per packet', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    let calls = 0;
    for (const name of ['areFriends', 'friendsOf', 'devicesOf', 'accountByNumber'] as const) {
      world.store[name] = () => {
        calls += 1;
        throw new Error('not now');
      };
    }
    for (let i = 0; i < 50; i++) alice.relay(bob.device.id, Uint8Array.of(i));
    await settle();
    expect(bob.take('relayed')).toHaveLength(50);
    expect(calls).toBe(0);
  });

  it('[SV60] batches what one turn brings into few records', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const before = bob.wire.serverWrote.length;
    for (let i = 0; i < 50; i++) {
      alice.link.sendFrame(Uint8Array.from([0x1b, ...Buffer.from(bob.device.id, 'hex'), i]), world.clock.now());
    }
    alice.relay(bob.device.id, Uint8Array.of(50));
    await settle();
    expect(bob.take('relayed')).toHaveLength(51);
    expect(bob.wire.serverWrote.length - before).toBe(1);
  });

  it('[SV61] says once that a stranger, an unknown device or a friend who left is gone', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    bob.wire.drop();
    await settle();
    for (const to of [carol.device.id, 'ab'.repeat(16) as DeviceId, bob.device.id, alice.device.id]) {
      for (let i = 0; i < 5; i++) alice.relay(to, Uint8Array.of(1));
      await settle();
      expect(alice.take('relay-refused')).toMatchObject([{ to, reason: 'peer-gone' }]);
    }
    expect(carol.take('relayed')).toEqual([]);
    expect(world.server.stats().relayedPackets).toBe(0);
  });

  it('[SV61] works again as soon as the friend is back, and says so again when it leaves again', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.wire.drop();
    await settle();
    alice.relay(bob.device.id, Uint8Array.of(1));
    await settle();
    const again = world.connect(bob.device);
    await again.resume();
    alice.relay(bob.device.id, Uint8Array.of(2));
    await settle();
    expect(again.take('relayed').map((frame) => [...frame.packet])).toEqual([[2]]);
    again.wire.drop();
    await settle();
    alice.relay(bob.device.id, Uint8Array.of(3));
    await settle();
    expect(alice.take('relay-refused')).toHaveLength(2);
  });

  it('[SV61] goes to the newest session of the device', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    alice.relay(bob.device.id, Uint8Array.of(1));
    await settle();
    const again = world.connect(bob.device);
    await again.resume();
    alice.relay(bob.device.id, Uint8Array.of(2));
    await settle();
    expect(bob.take('relayed').map((frame) => [...frame.packet])).toEqual([[1]]);
    expect(again.take('relayed').map((frame) => [...frame.packet])).toEqual([[2]]);
  });

  it('[SV62] drops and counts what one pair has waiting over its share, and takes more once the queue is empty', async () => {
    const world = await TestWorld.start({ relayQueuedBytesPerPair: 10_000 });
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    await world.befriend(carol, bob);
    alice.received.length = 0;
    bob.wire.stalled = true;
    for (let i = 0; i < 20; i++) alice.relay(bob.device.id, new Uint8Array(1_000));
    await settle();
    expect(world.server.stats().relayDropped).toBe(11);
    expect(alice.take('relay-refused')).toMatchObject([{ to: bob.device.id, reason: 'overflow' }]);
    carol.relay(bob.device.id, Uint8Array.of(7));
    await settle();
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    const relayed = bob.take('relayed');
    expect(relayed).toHaveLength(10);
    expect(relayed.at(-1)!.from).toBe(carol.device.id);
    alice.relay(bob.device.id, Uint8Array.of(8));
    await settle();
    expect(bob.take('relayed')).toHaveLength(1);
  });

  it('[SV62] counts what waits and not what has passed, for a receiver that is never quite done', async () => {
    const world = await TestWorld.start({ relayQueuedBytesPerPair: 10_000 });
    const [alice, bob] = await world.friends();
    bob.wire.stalled = true;
    for (let i = 0; i < 40; i++) {
      alice.relay(bob.device.id, new Uint8Array(1_000));
      await settle();
      if (i >= 4) bob.wire.takeOne();
    }
    expect(bob.wire.serverEnd.queuedBytes).toBeGreaterThan(3_000);
    expect(world.server.stats().relayDropped).toBe(0);
    expect(bob.take('relayed')).toHaveLength(36);
  });

  it('[SV62] never fills a write queue over the soft limit, so that friends cannot have somebody disconnected', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 20_000, writeQueueBytesMax: 40_000 });
    const [alice, bob] = await world.friends();
    bob.wire.stalled = true;
    for (let i = 0; i < 60; i++) alice.relay(bob.device.id, new Uint8Array(1_000));
    await settle();
    expect(bob.wire.serverEnd.queuedBytes).toBeLessThan(21_000);
    expect(bob.closed).toBe(false);
  });

  it('[SV63] ends the connection on a relay frame without a device or over the size', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.sendBytes(Uint8Array.of(0x1b, 1, 2, 3));
    await settle();
    expect(alice.closeCode).toBe('malformed');
    const bob = await world.register('bob');
    bob.sendBytes(new Uint8Array(RELAY_PACKET_BYTES_MAX + 18).fill(0x1b));
    await settle();
    expect(bob.closeCode).toBe('malformed');
  });
});
