import { LINK_FEATURE_UNSEEN } from '@magpie/common/channel/link-hello.ts';
import type { PresenceEntry } from '@magpie/common/frames/frame-table.ts';
import { expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

const MINUTE_MS = 60_000;

it.each([true, false])(
  '[SV44] gives a friend byte for byte what an offline account gives (last seen told: %s)',
  async (tells) => {
    const told: unknown[] = [];
    for (const how of ['offline', 'invisible'] as const) {
      const world = await TestWorld.start();
      const [alice, bob] = await world.friends();
      const policy = { type: 'policy-set', ask: 'anyone', question: '', showLastSeen: tells } as const;
      expect(await alice.request(policy)).toMatchObject({ type: 'done' });
      const mailKey = { generation: 1, step: 0, key: Uint8Array.of(1) };
      await alice.request({ type: 'mail-key-set', ...mailKey });
      await alice.request({ type: 'mail-get', after: 0 });
      await world.advance(2_000);
      await alice.request({ type: 'presence-set', status: 'busy', text: 'nobody may know this later' });
      await world.advance(8_000);
      bob.received.length = 0;
      if (how === 'offline') alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
      else await alice.request({ type: 'presence-set', status: 'offline', text: 'a secret' });
      await settle();
      expect(seen(bob, false).map(({ lastSeenWallMs }) => lastSeenWallMs > 0)).toEqual([tells]);
      bob.relay(alice.device.id, Uint8Array.of(1));
      bob.send({ type: 'introduce', requestId: 77 as never, to: alice.device.id, packet: new Uint8Array(4) });
      bob.send({ type: 'last-seen-get', requestId: 78 as never, accounts: [alice.account] });
      const mail = { to: alice.device.id, id: 'ab'.repeat(16) as never, generation: 1, envelope: new Uint8Array(9) };
      for (const step of [0, 1]) {
        bob.send({ type: 'mail-put', requestId: (80 + step) as never, ...mail, kind: 'message', step });
      }
      bob.send({ type: 'mail-keys-get', requestId: 82 as never, account: alice.account });
      await settle();
      const again = world.connect(bob.device);
      await again.resume();
      // The invisible one goes on saying things, then its connection breaks; an hour later nothing of it shows.
      for (let i = 0; how === 'invisible' && i < 3; i++) {
        await world.advance(5_000);
        await alice.request({ type: 'presence-set', status: 'offline', text: `secret ${i}` });
      }
      if (how === 'offline') await world.advance(15_000);
      again.send({ type: 'pong', token: 0 });
      await world.advance(20_000);
      again.relay(alice.device.id, Uint8Array.of(1));
      await settle();
      alice.wire.drop();
      await world.advance(60 * MINUTE_MS);
      const later = world.connect(bob.device);
      await later.resume();
      later.send({ type: 'last-seen-get', requestId: 79 as never, accounts: [alice.account] });
      await settle();
      told.push([bob.received, again.received, later.received]);
    }
    expect(told[1]).toEqual(told[0]);
    for (const answer of ['mail-stored', 'stale-mail-key', 'mail-keys']) expect(JSON.stringify(told)).toContain(answer);
    expect(JSON.stringify(told)).not.toContain('secret');
  },
);

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

it('[SV44] begins invisible by its hello: no friend learns that it came, asked, or went', async () => {
  const told: unknown[] = [];
  for (const how of ['stays away', 'comes unseen'] as const) {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    alice.wire.drop();
    await world.advance(8_000);
    bob.send({ type: 'pong', token: 0 });
    await world.advance(20_000);
    bob.received.length = 0;
    if (how === 'comes unseen') {
      const unseen = world.connect(alice.device, undefined, LINK_FEATURE_UNSEEN);
      expect((await unseen.resume()).type).toBe('welcome');
      expect(unseen.take('presence').at(-1)?.entries).toMatchObject([{ account: bob.account, status: 'online' }]);
    }
    bob.relay(alice.device.id, Uint8Array.of(1));
    bob.send({ type: 'introduce', requestId: 77 as never, to: alice.device.id, packet: new Uint8Array(4) });
    await settle();
    bob.send({ type: 'last-seen-get', requestId: 78 as never, accounts: [alice.account] });
    await world.advance(20_000);
    told.push(bob.received);
  }
  expect(told[1]).toEqual(told[0]);
});

it('[SV44] that began so is seen from the moment on in which it wants to be', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  await world.advance(2_000);
  const unseen = world.connect(alice.device, undefined, LINK_FEATURE_UNSEEN);
  await unseen.resume();
  expect(seen(bob).at(-1)).toMatchObject({ status: 'offline' });
  await world.advance(2_000);
  await unseen.request({ type: 'presence-set', status: 'online', text: '' });
  expect(seen(bob)).toMatchObject([{ account: alice.account, status: 'online' }]);
});

it('[SV44] still sees its friends', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  await alice.request({ type: 'presence-set', status: 'offline', text: '' });
  await world.advance(2_000);
  alice.received.length = 0;
  await bob.request({ type: 'presence-set', status: 'away', text: '' });
  expect(seen(alice)).toMatchObject([{ account: bob.account, status: 'away' }]);
});

it('[SV48] keeps its text through a reconnect inside the grace, and shows none while invisible', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  await world.advance(2_000);
  await alice.request({ type: 'presence-set', status: 'away', text: 'on the train' });
  alice.wire.drop();
  await world.advance(5_000);
  const again = world.connect(alice.device);
  await again.resume();
  await world.advance(2_000);
  expect(seen(bob).at(-1)).toMatchObject({ status: 'away', text: 'on the train' });
  await again.request({ type: 'presence-set', status: 'offline', text: 'on the train' });
  expect(seen(bob)).toMatchObject([{ status: 'offline', text: '', devices: [] }]);
});

/** Every entry that came, in order. */
function seen(client: TestClient, take = true): PresenceEntry[] {
  const entries = client.received.flatMap((frame) => (frame.type === 'presence' ? frame.entries : []));
  if (take) client.take('presence');
  return entries;
}
