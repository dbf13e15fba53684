import { describe, expect, it } from 'vitest';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

const STEP_MS = 600_000;

describe('the own presence (SV90)', () => {
  it('[SV90] shows friends status and text, and stays through a crash', async () => {
    const { world, alice, bob } = await friends();
    const set = await world.ok(alice.engine.setPresence('busy', ' in a meeting '));
    expect(set).toEqual({ status: 'busy', text: 'in a meeting', wish: 'busy', autoAwayMs: STEP_MS });
    await world.until(async () => (await seen(bob)) === 'busy in a meeting', 5_000);
    alice.crash();
    await world.until(async () => (await seen(bob)) === 'offline ');
    await alice.restart();
    await world.until(async () => (await seen(bob)) === 'busy in a meeting', 10_000);
    expect(await world.ok(alice.engine.presence())).toMatchObject({ wish: 'busy', text: 'in a meeting' });
    await world.ok(alice.engine.setPresence('online', ''));
    await world.until(async () => (await seen(bob)) === 'online ', 10_000);
  });

  it('[SV90] tells friends of another text, with the same status', async () => {
    const { world, alice, bob } = await friends();
    bob.events.length = 0;
    await world.ok(alice.engine.setPresence('online', 'at my desk'));
    await world.until(async () => (await seen(bob)) === 'online at my desk', 5_000);
    expect(bob.eventsOf('presence')).toMatchObject([{ status: 'online' }]);
    await world.ok(alice.engine.setPresence('away'));
    await world.until(async () => (await seen(bob)) === 'away at my desk', 5_000);
  });

  it('[SV90] offline stays offline at the next start, until a login or another choice', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setPresence('offline'));
    await alice.stop();
    await world.settle(alice.start());
    await world.run(60_000);
    expect((await alice.engine.status()).server.state).toBe('stopped');
    expect(await seen(bob)).toBe('offline ');
    await world.ok(alice.engine.login({ trustFirst: false, password: PASSWORD }));
    await world.until(async () => (await seen(bob)) === 'online ', 10_000);
    await alice.stop();
    await alice.restart();
    await world.until(async () => (await seen(bob)) === 'online ', 10_000);
  });

  it('[SV44] invisible stays so through a night and a restart, not seen for a moment', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setPresence('invisible'));
    await world.until(async () => (await seen(bob)) === 'offline ', 5_000);
    await alice.stop();
    await world.run(60_000);
    bob.events.length = 0;
    await alice.restart();
    await world.run(30_000);
    expect((await alice.engine.status()).server.state).toBe('connected');
    expect(bob.eventsOf('presence')).toEqual([]);
  });

  it('is as it was after a text that does not fit', async () => {
    const { world, alice } = await friends();
    await world.ok(alice.engine.setPresence('away', 'before'));
    for (const [text, code] of [
      ['x'.repeat(81), 'TEXT_TOO_LARGE'],
      ['a\u0007b', 'BAD_TEXT'],
      // A mark that turns the line around.
      ['a\u202eb', 'BAD_TEXT'],
    ] as const) {
      expect(await world.settle(alice.engine.setPresence('busy', text))).toMatchObject({ error: { code } });
    }
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'away', text: 'before', wish: 'away' });
    alice.crash();
    await alice.restart();
    expect(await world.ok(alice.engine.presence())).toMatchObject({ text: 'before', wish: 'away' });
  });

  it('[SV90] becomes away by itself and comes back with the first activity, the wish untouched', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setAutoAway(60_000));
    await world.run(59_000);
    alice.engine.noteActivity();
    await world.run(59_000);
    expect(await seen(bob)).toBe('online ');
    await world.until(async () => (await seen(bob)) === 'away ', 5_000);
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'away', wish: 'online' });
    alice.engine.noteActivity();
    await world.until(async () => (await seen(bob)) === 'online ', 5_000);
    alice.crash();
    await alice.restart();
    expect(await world.ok(alice.engine.presence())).toMatchObject({ wish: 'online', autoAwayMs: 60_000 });
  });

  it('does not become away by itself when that is switched off', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setAutoAway(0));
    await world.run(3 * STEP_MS);
    expect(await seen(bob)).toBe('online ');
    expect(await world.settle(alice.engine.setAutoAway(-1))).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  });
});

describe('last seen (SV92)', () => {
  it('[SV92] is shown of a friend who went, and of one who was away when we came', async () => {
    const { world, alice, bob } = await friends();
    expect((await bob.contact('alice'))?.lastSeenAt).toBeUndefined();
    const wentMs = world.sim.nowMs;
    await alice.stop();
    await world.until(async () => (await bob.contact('alice'))?.presence === 'offline');
    const told = (await bob.contact('alice'))?.lastSeenAt;
    expect(told! % STEP_MS).toBe(0);
    await world.run(2 * STEP_MS);
    await bob.stop();
    await bob.restart();
    expect(world.sim.nowMs - wentMs).toBeGreaterThan(2 * STEP_MS);
    await world.until(async () => (await bob.contact('alice'))?.lastSeenAt !== undefined, 10_000);
    expect((await bob.contact('alice'))?.lastSeenAt).toBe(told);
    await alice.restart();
    await world.until(async () => (await bob.contact('alice'))?.presence === 'online');
    expect((await bob.contact('alice'))?.lastSeenAt).toBeUndefined();
  });
});

describe('notices (SV91)', () => {
  it('[SV91] are shown once to each, also to who was away, and kept', async () => {
    const { world, alice, bob } = await friends();
    await bob.stop();
    await world.settle(world.sim.server.server.sendNotice('maintenance tonight'));
    await world.until(() => alice.eventsOf('notice').length === 1);
    await bob.restart();
    await world.until(() => bob.eventsOf('notice').length === 1);
    await world.run(5_000);
    for (const peer of [alice, bob]) {
      peer.crash();
      await peer.restart();
      await world.run(5_000);
      expect(peer.eventsOf('notice')).toMatchObject([{ notice: { text: 'maintenance tonight', dismissed: false } }]);
      expect(await world.ok(peer.engine.notices(10))).toMatchObject([{ text: 'maintenance tonight' }]);
    }
  });

  it('[SV91] that a full disk did not take come again with the next connection', async () => {
    const { world, alice } = await friends();
    alice.disk.full = true;
    await world.settle(world.sim.server.server.sendNotice('lost?'));
    await world.run(2_000);
    expect(alice.eventsOf('notice')).toEqual([]);
    alice.disk.full = false;
    world.sim.network.cutTcp('alice', 'server');
    await world.until(() => alice.eventsOf('notice').length === 1, 30_000);
  });
});

async function seen(by: TestPeer): Promise<string> {
  const contact = await by.contact('alice');
  return `${contact?.presence} ${contact?.statusText}`;
}

async function friends() {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  return { world, alice, bob };
}
