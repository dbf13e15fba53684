import { CipherState } from '@magpie/common/channel/cipher-state.ts';
import { PacketCipher } from '@magpie/common/channel/packet-cipher.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineWorld, type TestPeer } from './test-world.ts';

afterEach(() => void vi.restoreAllMocks());

describe('never direct (PA19)', () => {
  it('[PA19] toward a friend: no datagram either way and no address, from the switch on', async () => {
    const { world, alice, bob } = await direct();
    await world.ok(alice.engine.setContact('bob', { neverDirect: true }));
    const watch = watchAlice(world);
    const accepted = await world.settle(received(alice));
    await chat(world, alice, bob, 20);
    await world.run(150_000);
    await chat(world, bob, alice, 5);

    expect(watch.datagrams.filter((way) => way === 'alice>bob')).toEqual([]);
    // Whatever bob still had on its way: a moment later nothing comes any more.
    expect(watch.datagrams.filter((way) => way === 'bob>alice').length).toBeLessThan(3);
    expect(watch.leaks()).toEqual([]);
    expect(await world.settle(received(alice))).toBeGreaterThan(accepted);
    expect(await world.ok(alice.engine.paths('bob'))).toMatchObject([
      { session: 'established', path: { kind: 'relay' }, state: 'blocked', reason: 'never-direct' },
    ]);
  });

  it('is watched by eyes that see addresses where direct is allowed', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = [world.peer('alice'), world.peer('bob')];
    await alice.register();
    await bob.register();
    const watch = watchAlice(world);
    await world.befriend(alice, bob);
    await chat(world, alice, bob, 5);
    expect(watch.leaks().length).toBeGreaterThan(0);
    expect(watch.datagrams).toContain('alice>bob');
    expect(watch.datagrams).toContain('bob>alice');
  });

  it('[PA19] toward a friend leaves the paths to others alone', async () => {
    const world = await EngineWorld.start();
    const [alice, bob, carol] = await world.friends('alice', 'bob', 'carol');
    await world.ok(alice.engine.setContact('bob', { neverDirect: true }));
    for (const friend of [bob, carol]) await chat(world, alice, friend, 2);
    await world.until(async () => (await alice.contact('carol'))?.path?.kind === 'direct');
    expect((await alice.contact('bob'))?.path?.kind).toBe('relay');
  });

  it('[PA19] toward all, chosen before the first friend: no datagram at all, no address in any byte', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = [world.peer('alice'), world.peer('bob')];
    await alice.register();
    await bob.register();
    await world.ok(alice.engine.setNeverDirect(true));
    await world.run(1_000);
    const watch = watchAlice(world);
    await world.befriend(alice, bob);
    await chat(world, bob, alice, 10);
    await chat(world, alice, bob, 10);
    await world.run(400_000);
    await chat(world, alice, bob, 1);

    expect(watch.datagrams.filter((way) => way.startsWith('alice>'))).toEqual([]);
    expect(watch.datagrams.filter((way) => way.endsWith('>alice'))).toEqual([]);
    expect(watch.leaks()).toEqual([]);
    expect(watch.sealed()).toBeGreaterThan(50);
    expect(await alice.engine.status()).toMatchObject({ neverDirect: true, udp: { reflexive: [] } });
  });

  it('[PA19] survives a restart', async () => {
    const { world, alice, bob } = await direct();
    await world.ok(alice.engine.setNeverDirect(true));
    alice.crash();
    const watch = watchAlice(world, { connecting: true });
    await alice.restart();
    await chat(world, alice, bob, 5);
    await world.run(10_000);
    expect(watch.datagrams.filter((way) => way.startsWith('alice>'))).toEqual([]);
    expect((await alice.engine.status()).neverDirect).toBe(true);
    expect((await alice.contact('bob'))?.path?.kind).toBe('relay');
  });

  it('is not said to be on when that could not be stored', async () => {
    const { world, alice } = await direct();
    alice.disk.full = true;
    expect(await world.settle(alice.engine.setNeverDirect(true))).toMatchObject({ error: { code: 'STORE_FAILED' } });
    expect(await world.settle(alice.engine.setContact('bob', { neverDirect: true }))).toMatchObject({
      error: { code: 'STORE_FAILED' },
    });
    alice.disk.full = false;
    expect((await alice.engine.status()).neverDirect).toBe(false);
    expect(await alice.contact('bob')).toMatchObject({ neverDirect: false, path: { kind: 'direct' } });
  });

  it('[PA19] moves a running session to the relay and back without losing or doubling a message', async () => {
    const { world, alice, bob } = await direct();
    const texts: string[] = [];
    for (let i = 0; i < 40; i++) {
      if (i === 10 || i === 25) await world.ok(alice.engine.setNeverDirect(i === 10));
      texts.push(`n${i}`);
      await world.ok(alice.engine.send({ to: 'bob', text: `n${i}` }));
      await world.ok(bob.engine.send({ to: 'alice', text: `n${i}` }));
      await world.run(100);
    }
    const mine = async (peer: TestPeer, chatWith: string) =>
      (await peer.chat(chatWith)).filter(({ direction, text }) => direction === 'in' && text.startsWith('n'));
    await world.until(async () => (await mine(bob, 'alice')).length >= 40 && (await mine(alice, 'bob')).length >= 40);
    await world.run(5_000);
    for (const [peer, other] of [
      [alice, 'bob'],
      [bob, 'alice'],
    ] as const) {
      expect((await mine(peer, other)).map(({ text }) => text)).toEqual(texts);
      expect(peer.eventsOf('path').filter(({ path }) => path.session === 'none')).toEqual([]);
    }
    await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
    const reasons = alice.eventsOf('path').map(({ path }) => path.reason);
    expect(reasons).toContain('never-direct');
    expect(reasons.at(-1)).not.toBe('never-direct');
  });
});

/**
 * Everything that is sealed by anybody from now on, before it is, and every datagram to or from alice. Only what the
 * server says to alice itself when she connects may name her address.
 */
function watchAlice(world: EngineWorld, options: { readonly connecting?: boolean } = {}) {
  const alice = Buffer.from([10, 0, 1, 1]);
  const datagrams: string[] = [];
  const plaintexts: Buffer[] = [];
  world.sim.network.taps.push({
    onDatagram: (from, to) => {
      if (from === 'alice' || to === 'alice') datagrams.push(`${from}>${to}`);
    },
  });
  const sealPacket = PacketCipher.prototype.seal;
  vi.spyOn(PacketCipher.prototype, 'seal').mockImplementation(function (this: PacketCipher, number, header, plaintext) {
    plaintexts.push(Buffer.from(plaintext));
    return sealPacket.call(this, number, header, plaintext);
  });
  const sealRecord = CipherState.prototype.sealInto;
  vi.spyOn(CipherState.prototype, 'sealInto').mockImplementation(function (this: CipherState, out, plaintext) {
    if (!options.connecting) plaintexts.push(Buffer.from(plaintext));
    return sealRecord.call(this, out, plaintext);
  });
  return {
    datagrams,
    sealed: () => plaintexts.length,
    leaks: () =>
      plaintexts
        .filter((plaintext) => plaintext.includes(alice) || plaintext.includes('10.0.1.1'))
        .map((plaintext) => plaintext.toString('hex')),
  };
}

async function direct() {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  expect(alice.host.addresses).toEqual(['10.0.1.1']);
  await chat(world, alice, bob, 2);
  await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
  await world.until(async () => (await bob.contact('alice'))?.path?.kind === 'direct');
  return { world, alice, bob };
}

async function chat(world: EngineWorld, from: TestPeer, to: TestPeer, count: number): Promise<void> {
  const before = (await world.settle(to.texts(from.name))).length;
  for (let i = 0; i < count; i++) {
    await world.ok(from.engine.send({ to: to.name, text: `message ${i}` }));
    await world.run(200);
  }
  await world.until(async () => (await to.texts(from.name)).length === before + count);
}

async function received(peer: TestPeer): Promise<number> {
  return (await peer.chat('bob')).length;
}
