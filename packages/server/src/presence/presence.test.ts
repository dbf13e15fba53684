import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, TestWorld } from '../session/test-world.ts';

/** A multiple of LAST_SEEN_STEP_MS. */
const WORLD_BEGINS_AT = 1_800_000_000_000;

describe('who sees whom (SV40)', () => {
  it('[SV40] tells friends and nobody else', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    const carol = await world.register('carol');
    carol.received.length = 0;
    bob.received.length = 0;
    await show(alice, 'away');
    await settle();
    expect(carol.received).toEqual([]);
    expect(seen(bob)).toMatchObject([{ status: 'away' }]);
  });

  it('[SV40] shows nothing by a mere request, a refusal of it or its withdrawal', async () => {
    const world = await TestWorld.start();
    const [alice] = await world.friends();
    const carol = await world.register('carol');
    carol.received.length = 0;
    alice.received.length = 0;
    await carol.request({ type: 'friend-add', account: alice.account, text: '' });
    await alice.request({ type: 'friend-answer', account: carol.account, accept: false });
    await carol.request({ type: 'friend-add', account: alice.account, text: '' });
    await carol.request({ type: 'friend-remove', account: alice.account });
    await settle();
    expect([...seen(carol), ...seen(alice)]).toEqual([]);
  });

  it('[SV41] gives a newcomer everybody who is there, even if that is nobody', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    await show(alice, 'away');
    const again = world.connect(bob.device);
    await again.resume();
    const devices = [{ device: alice.device.id, epoch: alice.welcome!.epoch }];
    expect(seen(again)).toEqual([{ account: alice.account, status: 'away', devices, text: '', lastSeenWallMs: 0 }]);
    const carol = await world.register('carol');
    expect(carol.take('presence')).toEqual([{ type: 'presence', entries: [] }]);
  });

  it('[SV41] comes in pages for many friends', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 1_000 });
    const alice = await world.register('alice');
    for (let i = 0; i < 130; i++) {
      const other = await world.register(`friend_${i}`);
      await other.request({ type: 'friend-add', account: alice.account, text: '' });
      await alice.request({ type: 'friend-answer', account: other.account, accept: true });
    }
    const again = world.connect(alice.device);
    await again.resume();
    const frames = again.take('presence');
    expect(frames.map((frame) => frame.entries.length)).toEqual([128, 2]);
  });

  it('[SV47] shows the most available device of an account, and what it says (R19)', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const second = world.newDevice(alice.device.accountKey);
    const other = world.connect(second);
    await other.login('alice', PASSWORD, second.list([alice.device, second], 2));
    for (const [client, status, text, expected] of [
      [alice, 'away', 'at lunch', { status: 'online', text: '' }],
      [other, 'away', '', { status: 'away', text: 'at lunch' }],
      [other, 'busy', 'writing', { status: 'busy', text: 'writing' }],
      [alice, 'online', 'back', { status: 'online', text: 'back' }],
    ] as const) {
      await world.advance(2_000);
      await show(client, status, text);
      expect(seen(bob).at(-1) ?? {}).toMatchObject(expected);
    }
    await world.advance(2_000);
    other.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    await settle();
    expect(
      seen(bob)
        .at(-1)
        ?.devices.map(({ device }) => device),
    ).toEqual([alice.device.id]);
  });

  it('[SV48] passes on a text with a status, and says what is no such text', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    await show(alice, 'busy', ' exam until 4 ');
    expect(seen(bob)).toMatchObject([{ status: 'busy', text: 'exam until 4' }]);
    await world.advance(2_000);
    for (const text of ['two\nlines', 'x'.repeat(81)]) {
      expect(await alice.refusal({ type: 'presence-set', status: 'online', text })).toBe('bad-text');
    }
    expect(seen(bob)).toEqual([]);
  });
});

describe('going and coming back (R22)', () => {
  it('[SV42] tells a lost connection only after the grace, within 45 s of the last sign of life', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    alice.wire.drop();
    await world.advance(14_900);
    expect(seen(bob)).toEqual([]);
    await world.advance(200);
    expect(seen(bob)).toEqual([gone(alice)]);
  });

  it('[SV42] tells a client that fell silent within 45 s', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    alice.wire.stalled = true;
    for (let ms = 0; ms < 45_000; ms += 5_000) {
      await world.advance(5_000);
      bob.send({ type: 'pong', token: 0 });
    }
    await settle();
    expect(seen(bob)).toEqual([gone(alice)]);
  });

  it('[SV42] shows nothing of a reconnect inside the grace but the new epoch', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    await show(alice, 'away');
    bob.received.length = 0;
    alice.wire.drop();
    await world.advance(10_000);
    const again = world.connect(alice.device);
    await again.resume();
    await world.advance(20_000);
    const devices = [{ device: alice.device.id, epoch: again.welcome!.epoch }];
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'away', devices, text: '', lastSeenWallMs: 0 }]);
  });

  it('[SV43] tells an orderly goodbye and a logout at once', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    await settle();
    expect(seen(bob)).toEqual([gone(alice)]);
    const again = world.connect(alice.device);
    await world.advance(2_000);
    await again.resume();
    expect(seen(bob)).toMatchObject([{ status: 'online' }]);
    await again.request({ type: 'logout' });
    expect(seen(bob)).toMatchObject([{ status: 'offline' }]);
  });

  it('forgets accounts that are gone', async () => {
    const world = await TestWorld.start();
    const [alice] = await world.friends();
    alice.wire.drop();
    await world.advance(20_000);
    expect(world.server.stats().sessions).toBe(1);
  });
});

describe('limits', () => {
  it('[SV45] tells the first change at once, and of those that follow within 2 s the last', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    await show(alice, 'away');
    expect(seen(bob)).toMatchObject([{ status: 'away' }]);
    for (const status of ['online', 'busy', 'online'] as const) await show(alice, status);
    await world.advance(1_900);
    expect(seen(bob)).toEqual([]);
    await world.advance(100);
    expect(seen(bob)).toMatchObject([{ status: 'online' }]);
    await world.advance(10_000);
    expect(seen(bob)).toEqual([]);
  });

  it('[SV45] tells nothing when a change was taken back within 2 s', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    for (const status of ['away', 'online', 'away'] as const) await show(alice, status);
    expect(seen(bob)).toMatchObject([{ status: 'away' }]);
    await world.advance(5_000);
    expect(seen(bob)).toEqual([]);
  });

  it.each([
    ['turns invisible', (alice: TestClient) => show(alice, 'offline')],
    ['logs out', (alice: TestClient) => alice.request({ type: 'logout' })],
  ])('[SV45] lets nobody wait who %s just after a change', async (_how, leave) => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    await show(alice, 'away');
    await show(alice, 'busy');
    bob.received.length = 0;
    await leave(alice);
    expect(seen(bob)).toEqual([gone(alice)]);
    await world.advance(10_000);
    expect(seen(bob)).toEqual([]);
  });

  it('[SV45] shows no more of a client that logs in again and again', async () => {
    const world = await TestWorld.start({ connectionsPerSourceBurst: 1_000 });
    const [alice, bob] = await quietFriends(world);
    for (let i = 0; i < 100; i++) {
      await world.connect(alice.device).resume();
      await world.advance(100);
    }
    await world.advance(2_000);
    const epochs = seen(bob).map((entry) => entry.devices[0]!.epoch);
    expect(epochs.length).toBeLessThanOrEqual(7);
    expect(epochs.at(-1)).toBe((await world.store.devicesOf(alice.account))[0]!.epoch);
  });

  it('[SV45] holds a client back that flaps all the time, and nobody else', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await quietFriends(world);
    const carol = await world.register('carol');
    await world.befriend(carol, bob);
    await world.advance(2_000);
    bob.received.length = 0;
    for (let i = 0; i < 600; i++) {
      await show(alice, (['away', 'online', 'busy', 'offline'] as const)[i % 4]!, `${i}`);
      await world.advance(100);
      bob.send({ type: 'pong', token: 0 });
      carol.send({ type: 'pong', token: 0 });
    }
    const ofAlice = seen(bob).filter((entry) => entry.account === alice.account);
    expect(ofAlice.length).toBeGreaterThan(20);
    expect(ofAlice.length).toBeLessThanOrEqual(60);
    await show(carol, 'busy');
    expect(seen(bob)).toMatchObject([{ account: carol.account, status: 'busy' }]);
    await show(alice, 'busy', 'done');
    await world.advance(4_000);
    expect(seen(bob).at(-1)).toMatchObject({ account: alice.account, status: 'busy', text: 'done' });
  });
  it('[SV45] tells only where a flapping account ends up', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6, presenceSpacingMs: 0 });
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    for (let i = 0; i < 26; i++) {
      await show(alice, i % 2 === 0 ? 'away' : 'online');
    }
    expect(seen(bob).length).toBeLessThanOrEqual(6);
    await world.advance(10_500);
    expect(seen(bob)).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it.each([
    ['turns invisible', (alice: TestClient) => show(alice, 'offline')],
    ['says goodbye', (alice: TestClient) => alice.request({ type: 'logout' })],
  ])('[SV45] leaves nobody with a friend online who %s over its budget', async (_how, leave) => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6, presenceSpacingMs: 0 });
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    await world.befriend(alice, carol);
    await changeUntilDeferred(alice, 'offline');
    await show(alice, 'online');
    const again = world.connect(bob.device);
    await again.resume();
    await leave(alice);
    await world.advance(12_000);
    for (const viewer of [again, carol]) expect(shown(viewer, alice)).toBe('offline');
  });

  it('[SV45] leaves no new friend with somebody online who left over its budget', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6, presenceSpacingMs: 0 });
    const [alice] = await world.friends();
    const carol = await world.register('carol');
    await changeUntilDeferred(alice, 'offline');
    await show(alice, 'online');
    await world.befriend(alice, carol);
    await alice.request({ type: 'logout' });
    await world.advance(12_000);
    expect(shown(carol, alice)).toBe('offline');
  });

  it('[SV45] shows a newcomer what all friends were told', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6, presenceSpacingMs: 0 });
    const [alice, bob] = await world.friends();
    await changeUntilDeferred(alice, 'away');
    await show(alice, 'online');
    const again = world.connect(bob.device);
    await again.resume();
    expect(seen(again)).toMatchObject([{ account: alice.account, status: 'away' }]);
    await world.advance(10_500);
    expect(seen(again)).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it('[SV33] tells a removed friend offline, also while changes are held back', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6, presenceSpacingMs: 0 });
    const [alice, bob] = await world.friends();
    await changeUntilDeferred(alice, 'offline');
    await show(alice, 'online');
    bob.received.length = 0;
    await alice.request({ type: 'friend-remove', account: bob.account });
    await settle();
    expect(seen(bob)).toEqual([gone(alice, 0)]);
    await world.advance(10_500);
    expect(seen(bob)).toEqual([]);
  });

  it('[SV46] drops presence for a slow reader and makes it good once its queue is empty', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 10_000 });
    const [alice, bob] = await quietFriends(world);
    bob.received.length = 0;
    bob.wire.stalled = true;
    for (let i = 0; i < 4; i++) await world.server.sendNotice('x'.repeat(4_000));
    await settle();
    await show(alice, 'away');
    await settle();
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    expect(seen(bob)).toMatchObject([{ account: alice.account, status: 'away' }]);
  });

  it('[SV46] gives a slow reader the last state of each friend, and no older one after a newer', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 10_000 });
    const [alice, bob] = await quietFriends(world);
    const carol = await world.register('carol');
    await world.befriend(carol, bob);
    await world.advance(2_000);
    bob.received.length = 0;
    bob.wire.stalled = true;
    for (let i = 0; i < 4; i++) await world.server.sendNotice('x'.repeat(4_000));
    await show(alice, 'away');
    for (let i = 0; i < 3; i++) bob.wire.takeOne();
    await world.advance(2_000);
    await show(alice, 'busy');
    await carol.request({ type: 'logout' });
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    expect(seen(bob)).toMatchObject([{ status: 'busy' }, { account: carol.account, status: 'offline' }]);
    await world.advance(2_000);
    await show(alice, 'online');
    expect(seen(bob)).toMatchObject([{ status: 'online' }]);
  });
});

it('[SV33] tells a slow reader too that a removed friend is offline', async () => {
  const world = await TestWorld.start({ writeQueueSoftBytes: 10_000 });
  const [alice, bob] = await world.friends();
  bob.received.length = 0;
  bob.wire.stalled = true;
  for (let i = 0; i < 4; i++) await world.server.sendNotice('x'.repeat(4_000));
  await alice.request({ type: 'friend-remove', account: bob.account });
  await settle();
  bob.wire.stalled = false;
  bob.wire.deliverToClient();
  await settle();
  expect(shown(bob, alice)).toBe('offline');
  expect(seen(bob)).not.toEqual([]);
});

/** Two friends of whom nothing was told for a while. */
async function quietFriends(world: TestWorld): Promise<[TestClient, TestClient]> {
  const friends = await world.friends();
  await world.advance(2_000);
  for (const friend of friends) friend.received.length = 0;
  return friends;
}

function show(client: TestClient, status: PresenceStatus, text = ''): Promise<unknown> {
  return client.request({ type: 'presence-set', status, text });
}

/** What friends are told of somebody who leaves in the first minutes of the test; 0: what a former friend is told. */
function gone({ account }: TestClient, lastSeenWallMs = WORLD_BEGINS_AT): PresenceEntry {
  return { account, status: 'offline', devices: [], text: '', lastSeenWallMs };
}

/** Every entry that came, in order; takes them. */
function seen(client: TestClient): PresenceEntry[] {
  return client.take('presence').flatMap((frame) => frame.entries);
}

/** Spends the budget of 6 changes a minute so that friends were last told `told`, and the next change is held back. */
async function changeUntilDeferred(client: TestClient, told: PresenceStatus): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await show(client, 'online');
    await show(client, told);
  }
}

/** What a client shows of another account after all that came. */
function shown(viewer: TestClient, account: TestClient): PresenceStatus {
  const entries = viewer.received.flatMap((frame) => (frame.type === 'presence' ? frame.entries : []));
  return entries.findLast((entry) => entry.account === account.account)?.status ?? 'offline';
}
