import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { silentLog } from '@magpie/common/log.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { ProcessClock } from '../../../../test/sim/virtual-time.ts';
import { asking } from '../server-link/login-dialog.ts';
import { ServerLink } from '../server-link/server-link.ts';
import type { LoginInput } from './engine.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

const NEW_PASSWORD = 'eight loud jackdaws';

describe('a second computer (R7)', () => {
  it('[SV86] [ID16] is let in by a code of the first one, and friends talk to both', async () => {
    const { world, alice, bob, phone } = await aliceAndBob();
    const { code } = await world.ok(alice.engine.offerApproval());
    const signedIn = await world.ok(login(world, phone, { approvalCode: code.toUpperCase() }));
    expect(signedIn).toMatchObject({ account: { name: 'alice', signedIn: true }, recoveryCode: undefined });
    await world.until(() => alice.eventsOf('approval').length > 0);
    expect(alice.eventsOf('approval')).toMatchObject([{ label: 'phone', outcome: 'approved' }]);
    expect(phone.identity.accountSeed).toEqual(alice.identity.accountSeed);
    for (const peer of [alice, phone]) {
      const devices = await world.ok(peer.engine.devices());
      expect(devices.map(({ own, online }) => [own, online])).toEqual([
        [peer === alice, true],
        [peer === phone, true],
      ]);
    }
    await world.ok(bob.engine.send({ to: 'alice', text: 'to both' }));
    for (const peer of [alice, phone]) await world.until(async () => (await peer.texts('bob')).includes('to both'));
    await world.ok(phone.engine.send({ to: 'bob', text: 'from the phone' }));
    await world.until(async () => (await bob.texts('alice')).includes('from the phone'));
    await bob.stop();
    await bob.restart();
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: false });
  });

  it('[ID16] needs the code that the first one shows now, and a code lets one device in', async () => {
    const { world, alice, phone } = await aliceAndBob();
    const tablet = world.peer('tablet');
    await world.settle(tablet.start());
    const { code: old } = await world.ok(alice.engine.offerApproval());
    const { code } = await world.ok(alice.engine.offerApproval());
    expect(await world.settle(login(world, phone, { approvalCode: old }))).toMatchObject({
      error: { code: 'NOT_APPROVED' },
    });
    expect(alice.eventsOf('approval')).toMatchObject([{ label: 'phone', outcome: 'wrong-code' }]);
    await world.ok(login(world, phone, { approvalCode: code }));
    expect(await world.settle(login(world, tablet, { approvalCode: code }))).toMatchObject({
      error: { code: 'NOT_APPROVED' },
    });
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
  });

  it('[ID16] is not let in by a code whose owner waits no longer', async () => {
    const { world, alice, phone } = await aliceAndBob();
    const { code } = await world.ok(alice.engine.offerApproval());
    await world.ok(alice.engine.withdrawApproval('aaaa-aaaa-aaaa-aaaa'));
    await world.ok(alice.engine.withdrawApproval(code));
    expect(await world.settle(login(world, phone, { approvalCode: code }))).toMatchObject({
      error: { code: 'NOT_APPROVED' },
    });
  });

  it('[ID16] cannot try codes: the third wrong proof ends the right one', async () => {
    const { world, alice, phone } = await aliceAndBob();
    const { code } = await world.ok(alice.engine.offerApproval());
    for (let tries = 0; tries < 3; tries++) {
      await world.settle(login(world, phone, { approvalCode: 'aaaa-aaaa-aaaa-aaaa' }));
    }
    expect(alice.eventsOf('approval').map(({ outcome }) => outcome)).toEqual(Array(3).fill('wrong-code'));
    expect(await world.settle(login(world, phone, { approvalCode: code }))).toMatchObject({
      error: { code: 'NOT_APPROVED' },
    });
  });

  it('[ID16] is not let in by a code of eleven minutes ago, nor while no other one is there', async () => {
    const { world, alice, phone } = await aliceAndBob();
    const { code } = await world.ok(alice.engine.offerApproval());
    await world.run(11 * 60_000);
    expect(await world.settle(login(world, phone, { approvalCode: code }))).toMatchObject({
      error: { code: 'NOT_APPROVED' },
    });
    const { code: fresh } = await world.ok(alice.engine.offerApproval());
    await alice.stop();
    expect(await world.settle(login(world, phone, { approvalCode: fresh }))).toMatchObject({
      error: { code: 'NOT_APPROVED', refusal: 'peer-gone' },
    });
  });

  it('[SV86] with the password alone is told that it is new, and changes nothing', async () => {
    const { world, alice, phone } = await aliceAndBob();
    expect(await world.settle(login(world, phone, {}))).toMatchObject({
      error: { code: 'NEW_DEVICE', detail: { name: 'alice' } },
    });
    expect(await world.settle(phone.engine.whoami())).toMatchObject({ error: { code: 'NOT_SIGNED_IN' } });
    expect(await world.ok(alice.engine.devices())).toHaveLength(1);
    for (const wrong of [
      { approvalCode: 'no code' },
      { recoveryCode: 'no code' },
      { recoveryCode: 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aa' },
    ]) {
      expect(await world.settle(login(world, phone, wrong))).toMatchObject({ error: { code: 'WRONG_CODE' } });
    }
    expect(phone.identity.accountSeed).not.toEqual(alice.identity.accountSeed);
  });

  it('[ID14] is let in by the recovery code, while the first one is away', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await alice.stop();
    await world.ok(login(world, phone, { recoveryCode: ` ${recoveryCode.toUpperCase()} ` }));
    await world.ok(bob.engine.send({ to: 'alice', text: 'hello phone' }));
    await world.until(async () => (await phone.texts('bob')).includes('hello phone'));
    await alice.restart();
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
  });

  it('[ID15] sets a new password by the recovery code, which signs the first one out at once', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await talk(world, bob, 'alice');
    const forgotten = { password: undefined, recoveryCode };
    const wrong = { ...forgotten, recoveryCode: 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aa', newPassword: NEW_PASSWORD };
    expect(await world.settle(login(world, phone, wrong))).toMatchObject({ error: { code: 'WRONG_CODE' } });
    await world.ok(login(world, phone, { ...forgotten, newPassword: NEW_PASSWORD }));
    await world.run(1_000);
    expect((await alice.engine.status()).server).toMatchObject({ state: 'signed-out', lastError: 'password-changed' });
    expect(await world.settle(login(world, alice, {}))).toMatchObject({ error: { refusal: 'wrong-credentials' } });
    await world.ok(login(world, alice, { password: NEW_PASSWORD }));
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
  });

  it('[ID19] without any code takes a new identity, and friends send nothing before they have looked', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    const fresh = await world.ok(login(world, phone, { newIdentity: true }));
    expect(fresh.recoveryCode).toMatch(/^[a-z2-7-]{32}$/);
    expect(fresh.recoveryCode).not.toBe(recoveryCode);
    await world.until(async () => (await alice.engine.status()).server.state === 'signed-out');
    expect((await alice.engine.status()).server.lastError).toBe('revoked');
    await world.until(async () => (await bob.contact('alice'))?.keyChanged === true);
    await world.ok(bob.engine.send({ to: 'alice', text: 'who are you' }));
    await world.run(5_000);
    expect(await phone.texts('bob')).toEqual([]);
    await world.ok(bob.verify('alice', { matches: true, acceptNewKey: true }));
    await world.until(async () => (await phone.texts('bob')).includes('who are you'));
    await phone.stop();
    await phone.restart();
    await world.ok(login(world, alice, { recoveryCode: fresh.recoveryCode! }));
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
    await world.ok(bob.engine.send({ to: 'alice', text: 'both again' }));
    await world.until(async () => (await alice.texts('bob')).includes('both again'));
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: false });
  });

  it('[SV86] is the first one of an account that the operator made, and shows its recovery code', async () => {
    const world = await EngineWorld.start();
    const [one, two] = [world.peer('one'), world.peer('two')];
    for (const peer of [one, two]) await world.settle(peer.start());
    await world.settle(world.sim.server.server.users.add({ name: 'alice', displayName: 'Alice', password: PASSWORD }));
    const { recoveryCode } = await world.ok(login(world, one, {}));
    expect(recoveryCode).toBeDefined();
    expect(await world.settle(login(world, two, {}))).toMatchObject({ error: { code: 'NEW_DEVICE' } });
    await world.ok(login(world, two, { recoveryCode: recoveryCode! }));
    expect(await world.ok(one.engine.devices())).toHaveLength(2);
    // A renewed code makes the one before worthless.
    const renewed = await world.ok(two.engine.renewRecovery());
    const three = world.peer('three');
    await world.settle(three.start());
    expect(await world.settle(login(world, three, { recoveryCode: recoveryCode! }))).toMatchObject({
      error: { code: 'WRONG_CODE' },
    });
    await world.ok(login(world, three, { recoveryCode: renewed.recoveryCode }));
  });

  it('never takes the key of another account than its own', async () => {
    const { world, alice, bob, recoveryCode } = await aliceAndBob();
    const seed = bob.identity.accountSeed;
    expect(await world.settle(login(world, bob, { recoveryCode }))).toMatchObject({
      error: { code: 'ALREADY_SIGNED_IN', detail: { name: 'bob' } },
    });
    expect(bob.identity.accountSeed).toEqual(seed);
    expect(await world.ok(alice.engine.devices())).toHaveLength(1);
  });
});

describe('a crash while a second computer signs in', () => {
  it('[SV86] at any moment leaves a profile that the same command signs in', async () => {
    let crashes = 0;
    for (let afterMs = 20; ; afterMs += 20) {
      const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
      let done = false;
      void login(world, phone, { recoveryCode }).then(() => {
        done = true;
      });
      await world.run(afterMs);
      if (done) break;
      crashes++;
      phone.crash();
      await world.settle(phone.start());
      await world.ok(login(world, phone, { recoveryCode }));
      expect(phone.identity.accountSeed).toEqual(alice.identity.accountSeed);
      expect(await world.ok(phone.engine.devices())).toHaveLength(2);
      await world.ok(bob.engine.send({ to: 'alice', text: 'after all' }));
      await world.until(async () => (await phone.texts('bob')).includes('after all'));
    }
    expect(crashes).toBeGreaterThan(5);
  });

  it('[SV86] after its seed was kept needs no code any more', async () => {
    const { world, alice, phone } = await aliceAndBob();
    phone.crash();
    phone.identity = { ...phone.identity, accountSeed: alice.identity.accountSeed };
    await world.settle(phone.start());
    await world.ok(login(world, phone, {}));
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
  });
});

describe('the end of a device', () => {
  it('[SV87] revoked by another one, is signed out, and friends close their sessions with it within a second', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await world.ok(login(world, phone, { recoveryCode }));
    await talk(world, bob, 'alice', phone);
    const { device } = await world.ok(phone.engine.whoami());
    expect(await world.settle(alice.engine.revokeDevice('zz'))).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(await world.settle(alice.engine.revokeDevice(''))).toMatchObject({ error: { code: 'NOT_FOUND' } });
    const own = (await world.ok(alice.engine.whoami())).device;
    expect(await world.settle(alice.engine.revokeDevice(own))).toMatchObject({ error: { code: 'WRONG_DEVICE' } });
    const left = await world.ok(alice.engine.revokeDevice(device.slice(0, 12)));
    expect(left).toMatchObject([{ device: own, own: true }]);
    await world.run(1_000);
    expect((await phone.engine.status()).server).toMatchObject({ state: 'signed-out', lastError: 'revoked' });
    expect((await phone.engine.status()).peers).toMatchObject({ direct: 0, relay: 0 });
    await world.ok(bob.engine.send({ to: 'alice', text: 'only to the first' }));
    await world.until(async () => (await alice.texts('bob')).includes('only to the first'));
    await world.run(10_000);
    expect(await phone.texts('bob')).not.toContain('only to the first');
    expect(await phone.texts('bob')).not.toEqual([]);
    // It has the account key still: with the password it may come back.
    await world.ok(login(world, phone, {}));
    expect(await world.ok(alice.engine.devices())).toHaveLength(2);
  });

  it('[SV93] revoked while the server cannot reach it: friends close their sessions with it all the same', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await world.ok(login(world, phone, { recoveryCode }));
    await talk(world, bob, 'alice', phone);
    await world.until(async () => (await phone.engine.status()).peers.direct === 1);
    world.sim.network.link('phone', 'server').tcpStalled = true;
    const { device } = await world.ok(phone.engine.whoami());
    await world.ok(alice.engine.revokeDevice(device));
    await world.run(1_000);
    expect((await phone.engine.status()).server.state).toBe('connected');
    expect((await phone.engine.status()).peers.direct).toBe(0);
    await world.ok(phone.engine.send({ to: 'bob', text: 'am I still in' }));
    await world.run(10_000);
    expect(await bob.texts('alice')).not.toContain('am I still in');
  });

  it('[SV87] by a changed password: every other one is signed out and silent within a second', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await world.ok(login(world, phone, { recoveryCode }));
    await talk(world, bob, 'alice', phone);
    expect(await world.settle(alice.engine.changePassword('not the old one', NEW_PASSWORD))).toMatchObject({
      error: { refusal: 'wrong-credentials' },
    });
    await world.ok(alice.engine.changePassword(PASSWORD, NEW_PASSWORD));
    await world.run(1_000);
    expect((await phone.engine.status()).server).toMatchObject({ state: 'signed-out', lastError: 'password-changed' });
    expect((await phone.engine.status()).peers).toMatchObject({ direct: 0, relay: 0 });
    expect((await alice.engine.status()).server.state).toBe('connected');
    await world.ok(bob.engine.send({ to: 'alice', text: 'later' }));
    await world.run(10_000);
    expect(await phone.texts('bob')).not.toContain('later');
    await world.ok(login(world, phone, { password: NEW_PASSWORD }));
    await world.until(async () => (await phone.texts('bob')).includes('later'));
  });

  it.each(['out of reach', 'away'] as const)('[SV80] forgotten by the server while %s, is signed out', async (how) => {
    const { world, alice } = await aliceAndBob();
    if (how === 'away') await alice.stop();
    else world.sim.network.link('alice', 'server').tcpStalled = true;
    world.sim.network.cutTcp('alice', 'server');
    await forget(world, alice);
    if (how === 'away') await world.settle(alice.start());
    world.sim.network.link('alice', 'server').tcpStalled = false;
    await world.until(async () => (await alice.engine.status()).server.state === 'signed-out');
    expect((await alice.engine.status()).server.lastError).toBe('unknown-device');
    expect(await world.ok(alice.engine.whoami())).toMatchObject({ signedIn: false });
    await world.ok(login(world, alice, {}));
  });

  it('[SV80] while its account is locked is silent, and comes back by itself after the unlock', async () => {
    const { world, alice, bob } = await aliceAndBob();
    await talk(world, bob, 'alice');
    await world.settle(world.sim.server.server.users.lock('alice'));
    await world.run(1_000);
    expect((await alice.engine.status()).server).toMatchObject({ state: 'waiting', lastError: 'account-locked' });
    expect((await alice.engine.status()).peers).toMatchObject({ direct: 0, relay: 0 });
    expect(await world.ok(alice.engine.whoami())).toMatchObject({ signedIn: true });
    await world.settle(world.sim.server.server.users.unlock('alice'));
    await world.until(async () => (await alice.engine.status()).server.state === 'connected', 11 * 60_000);
    await talk(world, bob, 'alice');
  });

  it('[SV87] with its account: signed out, gone from friends, history stays', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await world.ok(login(world, phone, { recoveryCode }));
    await talk(world, bob, 'alice');
    expect(await world.settle(alice.engine.deleteAccount('not the password'))).toMatchObject({
      error: { refusal: 'wrong-credentials' },
    });
    await world.ok(alice.engine.deleteAccount(PASSWORD));
    await world.run(1_000);
    for (const peer of [alice, phone]) {
      expect((await peer.engine.status()).server).toMatchObject({ state: 'signed-out', lastError: 'account-deleted' });
      expect(await world.ok(peer.engine.whoami())).toMatchObject({ signedIn: false });
    }
    expect(await alice.texts('bob')).not.toEqual([]);
    await world.until(async () => (await bob.contact('alice')) === undefined);
    expect(await world.settle(login(world, alice, {}))).toMatchObject({ error: { refusal: 'wrong-credentials' } });
  });
});

describe('the chain of a friend (R6)', () => {
  it('[ID18] is walked over all that was changed while one was away', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await bob.stop();
    await world.ok(login(world, phone, { recoveryCode }));
    const { device } = await world.ok(phone.engine.whoami());
    await world.ok(alice.engine.revokeDevice(device));
    await world.ok(login(world, phone, {}));
    await bob.restart();
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: false });
    await world.ok(bob.engine.send({ to: 'alice', text: 'hello again' }));
    for (const peer of [alice, phone]) await world.until(async () => (await peer.texts('bob')).includes('hello again'));
  });

  it('[ID19] that does not follow stops everything until the user has looked', async () => {
    const { world, alice, bob } = await aliceAndBob();
    await talk(world, bob, 'alice');
    await alice.stop();
    await forge(world, alice);
    await world.until(async () => (await bob.contact('alice'))?.keyChanged === true);
    expect((await bob.engine.status()).peers).toMatchObject({ direct: 0, relay: 0 });
    await alice.restart();
    await world.ok(bob.engine.send({ to: 'alice', text: 'is that you' }));
    await world.run(10_000);
    expect((await bob.chat('alice')).at(-1)).toMatchObject({ state: 'queued', reason: 'key-changed' });
    await bob.stop();
    await bob.restart();
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: true });
    await world.ok(bob.verify('alice', { matches: false, acceptNewKey: true }));
    await world.until(async () => (await alice.texts('bob')).includes('is that you'));
  });
});

describe('the own profile and policy', () => {
  it('[SV87] changed by one device are known to the other and to friends', async () => {
    const { world, alice, bob, phone, recoveryCode } = await aliceAndBob();
    await world.ok(login(world, phone, { recoveryCode }));
    phone.events.length = 0;
    const changed = await world.ok(alice.engine.setProfile({ displayName: ' Alice B. ', signatureLine: 'hi' }));
    expect(changed).toMatchObject({ displayName: 'Alice B.', signatureLine: 'hi' });
    await world.until(() => phone.eventsOf('account').length > 0);
    expect(await world.ok(phone.engine.whoami())).toMatchObject({ displayName: 'Alice B.', signatureLine: 'hi' });
    await world.until(async () => (await bob.contact('alice'))?.signatureLine === 'hi');
    await world.ok(alice.engine.setProfile({ signatureLine: '' }));
    expect(await world.ok(alice.engine.whoami())).toMatchObject({ displayName: 'Alice B.', signatureLine: '' });
    await alice.stop();
    await alice.restart();
    expect(await world.ok(alice.engine.whoami())).toMatchObject({ displayName: 'Alice B.', signatureLine: '' });
  });

  it('are refused as the server refuses them, also when they fit no frame', async () => {
    const { world, alice } = await aliceAndBob();
    const refusals: [Promise<unknown>, string][] = [
      [alice.engine.setProfile({ displayName: '' }), 'bad-display-name'],
      [alice.engine.setProfile({ displayName: 'x'.repeat(10_000) }), 'bad-display-name'],
      [alice.engine.setProfile({ signatureLine: 'x'.repeat(10_000) }), 'bad-text'],
      [alice.engine.setPolicy({ ask: 'question', question: 'x'.repeat(10_000) }), 'bad-text'],
      [alice.engine.changePassword('x'.repeat(10_000), NEW_PASSWORD), 'wrong-credentials'],
      [alice.engine.changePassword(PASSWORD, 'x'.repeat(10_000)), 'weak-password'],
      [alice.engine.deleteAccount('x'.repeat(10_000)), 'wrong-credentials'],
    ];
    for (const [refused, refusal] of refusals) {
      expect(await world.settle(refused)).toMatchObject({ error: { code: 'SERVER_REFUSED', refusal } });
    }
    expect(await world.ok(alice.engine.setPolicy({ ask: 'question', question: 'where did we meet?' }))).toEqual({
      ask: 'question',
      question: 'where did we meet?',
      showLastSeen: true,
    });
    expect(await world.ok(alice.engine.setPolicy({ showLastSeen: false }))).toMatchObject({
      ask: 'question',
      showLastSeen: false,
    });
    expect((await alice.engine.status()).server.state).toBe('connected');
  });
});

/** Alice and Bob are friends; the phone is Alice's, and nobody has signed in there yet. */
async function aliceAndBob() {
  const world = await EngineWorld.start();
  const [alice, bob, phone] = [world.peer('alice'), world.peer('bob'), world.peer('phone')];
  await world.settle(alice.start());
  const input = { server: world.sim.server.address, trustFirst: false, displayName: 'Alice', password: PASSWORD };
  const { recoveryCode } = await world.ok(alice.engine.register({ ...input, name: 'alice', label: 'desk' }));
  await bob.register();
  await world.befriend(alice, bob);
  await world.settle(phone.start());
  return { world, alice, bob, phone, recoveryCode: recoveryCode! };
}

function login(world: EngineWorld, peer: TestPeer, input: Partial<LoginInput>) {
  const server = world.sim.server.address;
  const named = { server, trustFirst: false, account: 'alice', password: PASSWORD, label: peer.name };
  return peer.engine.login({ ...named, ...input });
}

/** A message there, so that there is a session. */
async function talk(world: EngineWorld, from: TestPeer, to: string, at?: TestPeer): Promise<void> {
  const receiver = at ?? world.peers.find(({ name }) => name === to)!;
  const text = `talk ${world.sim.nowMs}`;
  await world.ok(from.engine.send({ to, text }));
  await world.until(async () => (await receiver.texts(from.name)).includes(text));
}

/** The device logs out behind its program's back. */
async function forget(world: EngineWorld, peer: TestPeer): Promise<void> {
  await behind(world, peer, async (link) => {
    expect(await link.request({ type: 'logout' })).toMatchObject({ ok: true });
  });
}

/** Whoever has the account key signs a list that leaves out one in between. */
async function forge(world: EngineWorld, peer: TestPeer): Promise<void> {
  const account = signingKeyPairOf(peer.identity.accountSeed);
  const exchangeKey = exchangeKeyPairOf(peer.identity.exchangeSecret).publicKey;
  const signKey = signingKeyPairOf(peer.identity.signSeed).publicKey;
  expect(deviceIdOf(exchangeKey, signKey)).toHaveLength(32);
  const devices = [{ exchangeKey, signKey }];
  const list = { accountKey: account.publicKey, version: 3, devices, previousHash: new Uint8Array(32).fill(1) };
  await behind(world, peer, async (link) => {
    const deviceList = signDeviceList(list, account.secretKey);
    expect(await link.request({ type: 'device-list-set', deviceList })).toMatchObject({ ok: true });
  });
}

/** Another connection of the same device, by its key. */
async function behind(world: EngineWorld, peer: TestPeer, act: (link: ServerLink) => Promise<void>): Promise<void> {
  const host = world.sim.network.addHost(`behind ${peer.name} ${world.sim.nowMs}`, ['10.0.9.9']);
  const link = new ServerLink({
    clock: new ProcessClock(world.sim.time, { startMs: 0, wallSkewMs: 0 }),
    random: new SeededRandom(1, host.name),
    tcp: host.tcpConnector,
    log: silentLog,
    staticKey: exchangeKeyPairOf(peer.identity.exchangeSecret),
    handlers: { onUp: () => {}, onDown: () => {}, onFrame: () => {} },
  });
  const { server } = world.sim;
  const target = { host: server.host.addresses[0]!, port: 10_000, serverKey: server.publicKey };
  const up = link.login({ ...target, pin: undefined, trustFirst: false }, asking({ type: 'resume' }));
  expect(await world.settle(up)).toMatchObject({ ok: true });
  await world.settle(act(link));
  await link.close();
  await world.run(100);
}
