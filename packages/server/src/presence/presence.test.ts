import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, TestWorld } from '../session/test-world.ts';

describe('who sees whom (SV40)', () => {
  it('[SV40] tells friends and nobody else', async () => {
    const world = await TestWorld.start();
    const [alice] = await world.friends();
    const carol = await world.register('carol');
    carol.received.length = 0;
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    await settle();
    expect(carol.received).toEqual([]);
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
    const [alice, bob] = await world.friends();
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    const again = world.connect(bob.device);
    await again.resume();
    const devices = [{ device: alice.device.id, epoch: alice.welcome!.epoch }];
    expect(seen(again)).toEqual([{ account: alice.account, status: 'away', devices }]);
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

  it('shows the most available device of an account (R19)', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const second = world.newDevice(alice.device.accountKey);
    const other = world.connect(second);
    await other.login('alice', PASSWORD, second.list([alice.device, second], 2));
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    expect(seen(bob).at(-1)).toMatchObject({ status: 'online' });
    await other.request({ type: 'presence-set', status: 'away', text: '' });
    expect(seen(bob).at(-1)).toMatchObject({ status: 'away' });
    other.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    await settle();
    expect(
      seen(bob)
        .at(-1)
        ?.devices.map((device) => device.device),
    ).toEqual([alice.device.id]);
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
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'offline', devices: [] }]);
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
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'offline', devices: [] }]);
  });

  it('[SV42] shows nothing of a reconnect inside the grace but the new epoch', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    bob.received.length = 0;
    alice.wire.drop();
    await world.advance(10_000);
    const again = world.connect(alice.device);
    await again.resume();
    await world.advance(20_000);
    const devices = [{ device: alice.device.id, epoch: again.welcome!.epoch }];
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'away', devices }]);
  });

  it('[SV43] tells an orderly goodbye and a logout at once', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    await settle();
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'offline', devices: [] }]);
    const again = world.connect(alice.device);
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

describe('invisible (R23)', () => {
  it('[SV44] gives a friend byte for byte what an offline account gives', async () => {
    const frames: unknown[] = [];
    for (const how of ['offline', 'invisible'] as const) {
      const world = await TestWorld.start();
      const [alice, bob] = await world.friends();
      bob.received.length = 0;
      if (how === 'offline') alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
      else await alice.request({ type: 'presence-set', status: 'offline', text: '' });
      await settle();
      bob.relay(alice.device.id, Uint8Array.of(1));
      bob.send({ type: 'introduce', requestId: 77 as never, to: alice.device.id, packet: new Uint8Array(4) });
      const again = world.connect(bob.device);
      await again.resume();
      await world.advance(20_000);
      again.relay(alice.device.id, Uint8Array.of(1));
      await settle();
      frames.push([bob.received, again.received]);
    }
    expect(frames[1]).toEqual(frames[0]);
  });

  it('[SV44] stays invisible through a reconnect', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await alice.request({ type: 'presence-set', status: 'offline', text: '' });
    bob.received.length = 0;
    alice.wire.drop();
    await settle();
    await world.connect(alice.device).resume();
    await world.advance(30_000);
    expect(seen(bob)).toEqual([]);
  });

  it('[SV44] still sees its friends', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await alice.request({ type: 'presence-set', status: 'offline', text: '' });
    alice.received.length = 0;
    await bob.request({ type: 'presence-set', status: 'away', text: '' });
    expect(seen(alice)).toMatchObject([{ account: bob.account, status: 'away' }]);
  });
});

describe('limits', () => {
  it('[SV45] tells only where a flapping account ends up', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6 });
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    for (let i = 0; i < 26; i++) {
      await alice.request({ type: 'presence-set', status: i % 2 === 0 ? 'away' : 'online', text: '' });
    }
    expect(seen(bob).length).toBeLessThanOrEqual(6);
    await world.advance(10_500);
    expect(seen(bob)).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it.each([
    ['turns invisible', (alice: TestClient) => alice.request({ type: 'presence-set', status: 'offline', text: '' })],
    ['says goodbye', (alice: TestClient) => alice.request({ type: 'logout' })],
  ])('[SV45] leaves nobody with a friend online who %s over its budget', async (_how, leave) => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6 });
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    await world.befriend(alice, carol);
    await changeUntilDeferred(alice, 'offline');
    await alice.request({ type: 'presence-set', status: 'online', text: '' });
    const again = world.connect(bob.device);
    await again.resume();
    await leave(alice);
    await world.advance(12_000);
    for (const viewer of [again, carol]) expect(shown(viewer, alice)).toBe('offline');
  });

  it('[SV45] leaves no new friend with somebody online who left over its budget', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6 });
    const [alice] = await world.friends();
    const carol = await world.register('carol');
    await changeUntilDeferred(alice, 'offline');
    await alice.request({ type: 'presence-set', status: 'online', text: '' });
    await world.befriend(alice, carol);
    await alice.request({ type: 'logout' });
    await world.advance(12_000);
    expect(shown(carol, alice)).toBe('offline');
  });

  it('[SV45] shows a newcomer what all friends were told', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6 });
    const [alice, bob] = await world.friends();
    await changeUntilDeferred(alice, 'away');
    await alice.request({ type: 'presence-set', status: 'online', text: '' });
    const again = world.connect(bob.device);
    await again.resume();
    expect(seen(again)).toMatchObject([{ account: alice.account, status: 'away' }]);
    await world.advance(10_500);
    expect(seen(again)).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it('[SV33] tells a removed friend offline, also while changes are held back', async () => {
    const world = await TestWorld.start({ presenceChangesPerMinute: 6 });
    const [alice, bob] = await world.friends();
    await changeUntilDeferred(alice, 'offline');
    await alice.request({ type: 'presence-set', status: 'online', text: '' });
    bob.received.length = 0;
    await alice.request({ type: 'friend-remove', account: bob.account });
    await settle();
    expect(seen(bob)).toEqual([{ account: alice.account, status: 'offline', devices: [] }]);
    await world.advance(10_500);
    expect(seen(bob)).toEqual([]);
  });

  it('[SV46] drops presence for a slow reader and makes it good once its queue is empty', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 10_000 });
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    bob.wire.stalled = true;
    for (let i = 0; i < 4; i++) await world.server.sendNotice('x'.repeat(4_000));
    await settle();
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    await settle();
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    expect(seen(bob)).toMatchObject([{ account: alice.account, status: 'away' }]);
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

/** Every entry that came, in order; takes them. */
function seen(client: TestClient): PresenceEntry[] {
  return client.take('presence').flatMap((frame) => frame.entries);
}

/** Spends the budget of 6 changes a minute so that friends were last told `told`, and the next change is held back. */
async function changeUntilDeferred(client: TestClient, told: PresenceStatus): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await client.request({ type: 'presence-set', status: 'online', text: '' });
    await client.request({ type: 'presence-set', status: told, text: '' });
  }
}

/** What a client shows of another account after all that came. */
function shown(viewer: TestClient, account: TestClient): PresenceStatus {
  const entries = viewer.received.flatMap((frame) => (frame.type === 'presence' ? frame.entries : []));
  return entries.findLast((entry) => entry.account === account.account)?.status ?? 'offline';
}
