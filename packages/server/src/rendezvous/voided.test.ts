import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, TestWorld } from '../session/test-world.ts';

type Ending = (world: TestWorld, alice: TestClient, bob: TestClient) => Promise<unknown>;

const packet = new Uint8Array(200);

/** What Alice does to Bob, between whom everything worked a moment ago. */
const BETWEEN_THEM: readonly (readonly [string, Ending])[] = [
  ['a removal', (_world, alice, bob) => alice.request({ type: 'friend-remove', account: bob.account })],
  ['a block', (_world, alice, bob) => alice.request({ type: 'block', account: bob.account })],
  ['a removal by the other', (_world, alice, bob) => bob.request({ type: 'friend-remove', account: alice.account })],
];

/** What ends Bob's device. */
const OF_A_DEVICE: readonly (readonly [string, string, Ending])[] = [
  ['a lock', 'account-locked', (world) => world.server.users.lock('bob')],
  ['a deletion by the operator', 'account-deleted', (world) => world.server.users.delete('bob')],
  [
    'a new password from the operator',
    'password-changed',
    (world) => world.server.users.setPassword('bob', `${PASSWORD}!`),
  ],
  ['its revocation', 'revoked', revokeFirstDevice],
];

describe('what ends a friendship (SV64)', () => {
  it.each(BETWEEN_THEM)('[SV64] voids relay and introductions both ways with the answer to %s', async (_what, end) => {
    const world = await TestWorld.start();
    const [alice, bob] = await connected(world);
    // Packets that are under way in the very turn in which the answer comes are refused too.
    const ending = end(world, alice, bob);
    await ending;
    bob.take('relayed');
    alice.take('relayed');
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      from.relay(to.device.id, Uint8Array.of(2));
      expect(await from.refusal({ type: 'introduce', to: to.device.id, packet })).toBe('peer-gone');
      expect(from.take('relay-refused')).toMatchObject([{ to: to.device.id, reason: 'peer-gone' }]);
      expect([...to.take('relayed'), ...to.take('introduction')]).toEqual([]);
    }
  });

  it('[SV64] lets nothing pass after the block is committed, however many packets are on their way', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await connected(world);
    const { block } = world.store;
    let committed = false;
    let passedAfter = 0;
    world.store.block = async (...args) => {
      const written = await block.apply(world.store, args);
      committed = true;
      return written;
    };
    for (let i = 0; i < 50; i++) {
      const before = world.server.stats().relayedPackets;
      const wasCommitted = committed;
      if (i === 20) void alice.request({ type: 'block', account: bob.account }).catch(() => undefined);
      bob.relay(alice.device.id, Uint8Array.of(i));
      await settle();
      if (wasCommitted) passedAfter += world.server.stats().relayedPackets - before;
    }
    expect(committed).toBe(true);
    expect(passedAfter).toBe(0);
    expect(alice.take('relayed').length).toBeLessThanOrEqual(21);
  });

  it('[SV64] works again once they are friends again', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await connected(world);
    await alice.request({ type: 'block', account: bob.account });
    await alice.request({ type: 'unblock', account: bob.account });
    await world.befriend(bob, alice);
    bob.relay(alice.device.id, Uint8Array.of(3));
    await settle();
    expect(alice.take('relayed').map((frame) => [...frame.packet])).toEqual([[3]]);
  });
});

describe('what ends a device (SV64)', () => {
  it.each(OF_A_DEVICE)('[SV64] voids its relay and introductions at once: %s', async (_what, code, end) => {
    const world = await TestWorld.start();
    const [alice, bob] = await connected(world);
    await end(world, alice, bob);
    await settle();
    expect(bob.closeCode).toBe(code);
    expect(alice.take('presence').at(-1)?.entries).toMatchObject([{ account: bob.account, status: 'offline' }]);
    alice.relay(bob.device.id, Uint8Array.of(2));
    expect(await alice.refusal({ type: 'introduce', to: bob.device.id, packet })).toBe('peer-gone');
    expect(alice.take('relay-refused')).toMatchObject([{ to: bob.device.id, reason: 'peer-gone' }]);
    const relayed = world.server.stats().relayedPackets;
    bob.relay(alice.device.id, Uint8Array.of(2));
    await settle();
    expect([world.server.stats().relayedPackets, alice.take('relayed')]).toEqual([relayed, []]);
  });

  it('[SV64] also when it had lost its connection a moment ago', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await connected(world);
    bob.wire.drop();
    await settle();
    await world.server.users.lock('bob');
    await settle();
    expect(alice.take('presence').at(-1)?.entries).toMatchObject([{ account: bob.account, status: 'offline' }]);
    expect(await alice.refusal({ type: 'introduce', to: bob.device.id, packet })).toBe('peer-gone');
  });
});

/** Two friends who have talked by relay, so that every cached route is warm. */
async function connected(world: TestWorld): Promise<[TestClient, TestClient]> {
  const [alice, bob] = await world.friends();
  alice.relay(bob.device.id, Uint8Array.of(1));
  bob.relay(alice.device.id, Uint8Array.of(1));
  await world.advance(2_000);
  expect([alice.take('relayed').length, bob.take('relayed').length]).toEqual([1, 1]);
  for (const client of [alice, bob]) client.received.length = 0;
  return [alice, bob];
}

/** A second device of Bob joins, then signs a list without the first. */
async function revokeFirstDevice(world: TestWorld, alice: TestClient, bob: TestClient): Promise<unknown> {
  const second = world.newDevice(bob.device.accountKey);
  const client = world.connect(second);
  await client.login('bob', PASSWORD, second.list([bob.device, second], 2));
  await world.advance(2_000);
  alice.received.length = 0;
  const revoked = await client.request({ type: 'device-list-set', deviceList: second.list([second], 3) });
  client.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
  return revoked;
}
