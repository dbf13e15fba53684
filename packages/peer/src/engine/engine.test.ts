import { describe, expect, it } from 'vitest';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

describe('sessions', () => {
  it('[PK15] of two who write at once: one survives and no message is lost', async () => {
    const { world, alice, bob } = await friends();
    await Promise.all([
      world.ok(alice.engine.send({ to: 'bob', text: 'from alice' })),
      world.ok(bob.engine.send({ to: 'alice', text: 'from bob' })),
    ]);
    await world.until(async () => (await delivered(alice, 'bob')) && (await delivered(bob, 'alice')));
    await world.run(5_000);
    expect(alice.eventsOf('path').filter(({ path }) => path.session !== 'established')).toEqual([]);
    expect(await bob.texts('alice')).toEqual(await alice.texts('bob'));
    expect((await alice.texts('bob')).length).toBe(2);
  });

  it('[PK18] begin anew when a friend crashed and knows nothing of the old one, and settle', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'first');
    bob.crash();
    await bob.restart();
    await say(world, alice, bob, 'second');
    await world.run(5_000);
    alice.events.length = 0;
    await say(world, alice, bob, 'third');
    await say(world, bob, alice, 'fourth');
    expect(alice.eventsOf('path').filter(({ path }) => path.session !== 'established')).toEqual([]);
  });

  it('do not chase each other on a road of seconds', async () => {
    const { world, alice, bob } = await friends({ udp: false });
    for (const name of ['alice', 'bob']) {
      const link = world.sim.network.link(name, 'server');
      link.profile = { ...link.profile, delayMs: 700 };
    }
    await say(world, alice, bob, 'first');
    bob.crash();
    await bob.restart();
    let sent = 0;
    for (let i = 0; i < 60; i++) {
      await world.ok(alice.engine.send({ to: 'bob', text: `a${sent}` }));
      await world.ok(bob.engine.send({ to: 'alice', text: `b${sent++}` }));
      await world.run(250);
    }
    await world.until(async () => (await delivered(alice, 'bob')) && (await delivered(bob, 'alice')));
    const ended = alice.eventsOf('path').filter(({ path }) => path.session === 'none').length;
    expect(ended).toBeLessThan(4);
  });

  it('go by the relay when there is no UDP at all', async () => {
    const { world, alice, bob } = await friends({ udp: false });
    await say(world, alice, bob, 'hello');
    await world.until(async () => (await world.ok(alice.engine.paths('bob')))[0]?.session === 'established');
    await say(world, alice, bob, 'by the session');
    expect((await alice.chat('bob')).at(-1)?.road?.kind).toBe('relay');
    expect((await alice.engine.status()).udp).toMatchObject({ enabled: false, port4: undefined, datagramsSent: 0 });
  });

  it('go by the relay when the machine gives no UDP socket', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = [world.peer('alice'), world.peer('bob')];
    Object.assign(alice.host.udpFactory, { open: () => Promise.reject(Object.assign(new Error(), { code: 'EPERM' })) });
    await alice.register();
    await bob.register();
    await world.befriend(alice, bob);
    await say(world, alice, bob, 'hello');
    await world.until(async () => (await world.ok(alice.engine.paths('bob')))[0]?.session === 'established');
    await say(world, alice, bob, 'by the session');
    expect((await alice.chat('bob')).at(-1)?.road?.kind).toBe('relay');
    expect((await alice.engine.status()).udp.enabled).toBe(false);
  });

  it('become direct where UDP passes', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    await world.run(3_000);
    await say(world, alice, bob, 'again');
    expect((await alice.chat('bob')).at(-1)?.road?.kind).toBe('direct');
  });
});

describe('the relay road', () => {
  it('is not shown while the link to the server is down', async () => {
    const { world, alice, bob } = await friends({ udp: false });
    await say(world, alice, bob, 'hello');
    expect(await world.ok(alice.engine.paths())).toMatchObject([{ session: 'established', path: { kind: 'relay' } }]);
    alice.events.length = 0;
    world.sim.network.cutTcp('alice', 'server');
    await world.run(10);
    expect(await world.ok(alice.engine.paths())).toMatchObject([{ session: 'waiting', path: undefined }]);
    expect((await alice.contact('bob'))?.path).toBeUndefined();
    expect((await alice.engine.status()).peers.relay).toBe(0);
    expect(alice.eventsOf('path').at(-1)?.path.session).toBe('waiting');
    await world.run(10_000);
    expect(alice.eventsOf('path').at(-1)?.path.session).toBe('established');
    expect((await alice.engine.status()).peers.relay).toBe(1);
  });
});

describe('presence', () => {
  it('[SV43] offline closes link and sessions, online opens them again and delivers what waited', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'first');
    expect(await world.ok(alice.engine.setPresence('offline'))).toMatchObject({ status: 'offline' });
    await world.until(async () => (await bob.contact('alice'))?.presence === 'offline', 2_000);
    expect((await alice.engine.status()).server.state).toBe('stopped');
    expect((await alice.contact('bob'))?.presence).toBe('unknown');
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'offline' });
    await world.ok(bob.engine.send({ to: 'alice', text: 'for later' }));
    await world.ok(alice.engine.send({ to: 'bob', text: 'for later, too' }));
    await world.run(200_000);
    expect((await alice.chat('bob')).at(-1)?.state).toBe('queued');
    expect(await world.ok(alice.engine.setPresence('online'))).toMatchObject({ status: 'online' });
    await world.until(async () => (await delivered(alice, 'bob')) && (await delivered(bob, 'alice')), 10_000);
    expect((await bob.contact('alice'))?.presence).toBe('online');
  });

  it('[SV43] offline ends with a login, for oneself as for friends', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setPresence('offline'));
    await world.ok(alice.engine.login({ trustFirst: false, password: PASSWORD }));
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'online' });
    await world.until(async () => (await bob.contact('alice'))?.presence === 'online');
  });

  it('is not said to be what it cannot be while the server is away; the wish is kept', async () => {
    const { world, alice, bob } = await friends();
    world.sim.server.crash(true);
    await world.until(async () => !(await alice.engine.status()).server.state.startsWith('connected'));
    expect(await world.settle(alice.engine.setPresence('away'))).toMatchObject({
      error: { code: 'SERVER_UNREACHABLE' },
    });
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'offline' });
    await world.ok(alice.engine.setPresence('offline'));
    expect(await world.settle(alice.engine.setPresence('away'))).toMatchObject({
      error: { code: 'SERVER_UNREACHABLE' },
    });
    await world.settle(world.sim.server.start());
    await world.until(async () => (await bob.contact('alice'))?.presence === 'away');
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'away' });
  });

  it('away survives a lost connection', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setPresence('away'));
    await world.until(async () => (await bob.contact('alice'))?.presence === 'away');
    world.sim.network.cutTcp('alice', 'server');
    await world.run(20_000);
    expect((await bob.contact('alice'))?.presence).toBe('away');
    expect((await alice.engine.status()).presence).toBe('away');
  });

  it('is not shown as what the server refused', async () => {
    const { world, alice } = await friends();
    world.sim.network.link('alice', 'server').tcpStalled = true;
    expect(await world.settle(alice.engine.setPresence('away'))).toMatchObject({ ok: false });
    expect(await world.ok(alice.engine.presence())).not.toBe('away');
  });

  it('of friends is unknown while the link is down, and told again when it is back', async () => {
    const { world, alice, bob } = await friends();
    await bob.stop();
    await world.until(async () => (await alice.contact('bob'))?.presence === 'offline');
    alice.events.length = 0;
    world.sim.network.cutTcp('alice', 'server');
    await world.run(10);
    expect((await alice.contact('bob'))?.presence).toBe('unknown');
    await world.run(10_000);
    expect((await alice.contact('bob'))?.presence).toBe('offline');
    expect(alice.eventsOf('presence').map(({ status }) => status)).toEqual(['unknown', 'offline']);
  });
});

describe('logout', () => {
  it('ends the chat on every road; history can be read, and a login brings the rest back', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'first');
    await world.run(3_000);
    const login = { trustFirst: false, password: PASSWORD };
    await world.ok(alice.engine.logout());
    for (const answer of [
      await world.settle(alice.engine.send({ to: 'bob', text: 'hello' })),
      await world.settle(alice.engine.markRead('bob')),
      await world.settle(alice.engine.addContact('carol', '')),
      await world.settle(alice.engine.answerRequest('bob', true)),
      await world.settle(alice.engine.removeContact('bob')),
    ]) {
      expect(answer).toMatchObject({ error: { code: 'NOT_SIGNED_IN' } });
    }
    await world.ok(bob.engine.send({ to: 'alice', text: 'for later' }));
    await world.run(30_000);
    expect(await alice.texts('bob')).toEqual(['first']);
    expect(await world.ok(alice.engine.paths())).toMatchObject([{ session: 'none' }]);
    await world.ok(alice.engine.login(login));
    await world.until(() => delivered(bob, 'alice'));
    await say(world, alice, bob, 'back');
  });
});

describe('bad input', () => {
  it('too long for the wire is refused without losing the connection', async () => {
    const { world, alice } = await friends();
    const long = 'x'.repeat(5_000);
    alice.events.length = 0;
    for (const answer of [
      await world.settle(alice.engine.addContact(long, '')),
      await world.settle(alice.engine.addContact('bob', long)),
      await world.settle(alice.engine.contact(long)),
      await world.settle(alice.engine.markRead(long)),
      await world.settle(alice.engine.send({ to: long, text: 'hello' })),
    ]) {
      expect(answer.ok).toBe(false);
    }
    await world.run(1_000);
    expect(alice.eventsOf('link')).toEqual([]);
  });

  it('at registration is refused by name', async () => {
    const world = await EngineWorld.start();
    const alice = world.peer('alice');
    await world.settle(alice.start());
    const good = {
      server: world.sim.server.address,
      trustFirst: false,
      name: 'alice',
      displayName: 'Alice',
      password: 'seven quiet magpies',
    };
    const long = 'x'.repeat(5_000);
    for (const [patch, refusal] of [
      [{ name: long }, 'bad-name'],
      [{ displayName: long }, 'bad-display-name'],
      [{ password: long }, 'weak-password'],
      [{ password: 'short' }, 'weak-password'],
      [{ name: '1a' }, 'bad-name'],
    ] as const) {
      expect(await world.settle(alice.engine.register({ ...good, ...patch }))).toMatchObject({
        error: { code: 'SERVER_REFUSED', refusal },
      });
    }
    expect(await world.settle(alice.engine.register(good))).toMatchObject({ ok: true });
  });

  it('finds nothing to do for somebody who is not signed in', async () => {
    const world = await EngineWorld.start();
    const alice = world.peer('alice');
    await world.settle(alice.start());
    const { engine } = alice;
    for (const answer of [
      await engine.whoami(),
      await engine.contacts(),
      await engine.contact('bob'),
      await engine.addContact('bob', ''),
      await engine.removeContact('bob'),
      await engine.presence(),
      await engine.setPresence('away'),
      await engine.send({ to: 'bob', text: 'hello' }),
      await engine.messages({ chat: 'bob', limit: 10 }),
      await engine.markRead('bob'),
      await engine.paths(),
      await engine.logout(),
      await engine.login({ trustFirst: false }),
    ]) {
      expect(answer).toMatchObject({ ok: false, error: { code: 'NOT_SIGNED_IN' } });
    }
  });
});

describe('stop', () => {
  it('ends everything once, however often it is called, and leaves no timer', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    const first = alice.engine.stop();
    const second = alice.engine.stop();
    await world.settle(second);
    await expect(world.settle(alice.store.profile())).rejects.toMatchObject({ code: 'closed' });
    await world.settle(first);
    await world.settle(alice.engine.stop());
    await world.until(async () => (await bob.contact('alice'))?.presence === 'offline', 2_000);
    await world.run(10_000);
    expect(alice.timersArmed).toBe(0);
  });

  it('leaves no timer in the middle of a command, either', async () => {
    const { world, alice, bob } = await friends();
    await bob.stop();
    alice.disk.syncMs = 300;
    const sending = alice.engine.send({ to: 'bob', text: 'hello' });
    const adding = alice.engine.addContact('nobody', '');
    await world.run(50);
    await world.settle(alice.engine.stop());
    await world.settle(Promise.all([sending, adding]));
    await world.run(100_000);
    expect(alice.timersArmed).toBe(0);
  });

  it('leaves no timer while a login is under way', async () => {
    for (const afterMs of [10, 60, 120, 200, 400]) {
      const { world, alice } = await friends();
      await alice.stop();
      alice.disk.syncMs = 100;
      await world.settle(alice.start());
      await world.run(afterMs);
      await world.settle(alice.engine.stop());
      await world.run(100_000);
      expect(alice.timersArmed).toBe(0);
    }
  });

  it('keeps what was queued for the next run', async () => {
    const { world, alice, bob } = await friends();
    await bob.stop();
    await world.ok(alice.engine.send({ to: 'bob', text: 'hello' }));
    await alice.stop();
    await bob.restart();
    await alice.restart();
    await world.until(() => delivered(alice, 'bob'));
    expect(await bob.texts('alice')).toEqual(['hello']);
  });
});

async function friends(options: { readonly udp?: boolean } = {}) {
  const world = await EngineWorld.start();
  const [alice, bob] = [world.peer('alice', options), world.peer('bob', options)];
  await alice.register();
  await bob.register();
  await world.befriend(alice, bob);
  return { world, alice, bob };
}

async function say(world: EngineWorld, from: TestPeer, to: TestPeer, text: string): Promise<void> {
  await world.ok(from.engine.send({ to: to.name, text }));
  await world.until(() => delivered(from, to.name));
}

async function delivered(peer: TestPeer, chat: string): Promise<boolean> {
  return (await peer.chat(chat)).every(({ direction, state }) => direction === 'in' || state === 'delivered');
}
