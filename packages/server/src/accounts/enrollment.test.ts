import { deviceListHash } from '@magpie/common/channel/device-list.ts';
import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import { newRecoveryCode, recoveryKeyPair, sealSeed, signRecovery } from '@magpie/common/channel/recovery-code.ts';
import type { Frame, FrameOf } from '@magpie/common/frames/frame.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, TestDevice, TestWorld } from '../session/test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);
const NEW_PASSWORD = 'another quiet heron 4';

describe('a device that the list does not hold (SV27)', () => {
  it('[SV27] is told what to enroll in, by password, and is let in by the account key', async () => {
    const world = await TestWorld.start();
    const recovery = recoveryOf(world);
    const { alice, bob } = await aliceAndBob(world, recovery);
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    const needed = await laptop.login('alice', PASSWORD, new Uint8Array(0));
    expect(needed).toMatchObject({
      type: 'enroll-needed',
      account: alice.account,
      name: 'alice',
      deviceListVersion: 1,
    });
    expect((needed as FrameOf<'enroll-needed'>).sealedSeed).toEqual(recovery.sealedSeed);
    expect(world.server.stats()).toMatchObject({ anonymous: 0, proved: 1 });
    const list = nextList(laptop, alice, 2);
    expect(await laptop.enroll(list)).toMatchObject({ type: 'welcome', deviceListVersion: 2, loginCount: 1 });
    await settle();
    expect(world.server.stats()).toMatchObject({ proved: 0, sessions: 3 });
    expect(bob.take('roster').flatMap(({ entries }) => entries.map(({ deviceList }) => deviceList))).toContainEqual(
      list,
    );
    expect(alice.take('own-profile')).toMatchObject([{ deviceListVersion: 2 }]);
    expect(alice.closed).toBe(false);
    laptop.wire.drop();
    expect(codeOf(await world.connect(laptop.device).resume())).toBe('welcome');
    const stored = (await world.store.accountByNumber(alice.account))!;
    expect(stored.sealedSeed).toEqual(recovery.sealedSeed);
  });

  it('[SV27] is told of to the other devices of an account that has no friends, too', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    await laptop.login('alice', PASSWORD, new Uint8Array(0));
    expect(await laptop.enroll(nextList(laptop, alice, 2))).toMatchObject({ type: 'welcome' });
    await settle();
    expect(alice.take('own-profile')).toMatchObject([{ deviceListVersion: 2 }]);
  });

  it('[SV27] is refused to enroll or ask without a proof, and may go on', async () => {
    const world = await TestWorld.start();
    await world.register('alice');
    const stranger = world.connect();
    expect(codeOf(await stranger.enroll(stranger.device.list()))).toBe('out-of-state');
    expect(codeOf(await stranger.request(ask(stranger)))).toBe('out-of-state');
    expect(codeOf(await stranger.login('alice', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(codeOf(await stranger.enroll(stranger.device.list()))).toBe('out-of-state');
    expect(stranger.closed).toBe(false);
  });

  it('[SV27] needs the next version, signed by the account key, with itself in it', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    await laptop.login('alice', PASSWORD, new Uint8Array(0));
    const { device } = laptop;
    expect(codeOf(await laptop.enroll(device.list([alice.device, device], 1)))).toBe('busy');
    expect(codeOf(await laptop.enroll(device.list([alice.device, device], 3)))).toBe('bad-device-list');
    expect(codeOf(await laptop.enroll(device.list([alice.device], 2)))).toBe('bad-device-list');
    expect(codeOf(await laptop.enroll(new Uint8Array(10)))).toBe('bad-device-list');
    const forged = nextList(laptop, alice, 2);
    forged[forged.length - 1]! ^= 1;
    expect(codeOf(await laptop.enroll(forged))).toBe('bad-device-list');
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('welcome');
  });

  it('[SV27] may bring a new account key only when it says so, which ends all other devices', async () => {
    const world = await TestWorld.start();
    const { alice, bob } = await aliceAndBob(world, recoveryOf(world));
    const laptop = world.connect();
    await laptop.login('alice');
    expect(codeOf(await laptop.enroll(laptop.device.list([laptop.device], 2)))).toBe('device-not-certified');
    const linked = laptop.device.list([laptop.device], 2, deviceListHash(alice.device.list()));
    expect(codeOf(await laptop.enroll(linked, { replaceKey: true }))).toBe('bad-device-list');
    const welcome = await laptop.enroll(laptop.device.list([laptop.device], 2), { replaceKey: true });
    expect(codeOf(welcome)).toBe('welcome');
    await settle();
    expect(alice.closeCode).toBe('revoked');
    const shown = bob.take('roster').flatMap(({ entries }) => entries);
    expect(shown.at(-1)).toMatchObject({ state: 'member', accountKey: laptop.device.accountKey.publicKey });
    const stored = (await world.store.accountByNumber(alice.account))!;
    expect(stored.sealedSeed).toHaveLength(0);
    expect(await auditOf(world)).toContain('device-enrolled new account key');
  });

  it('[SV27] gives the first device of an account that the operator made its key, with a recovery', async () => {
    const world = await TestWorld.start();
    await world.server.users.add({ name: 'carol', displayName: 'Carol', password: PASSWORD });
    const [one, two] = [world.connect(), world.connect()];
    for (const client of [one, two]) {
      expect(await client.login('carol')).toMatchObject({ type: 'enroll-needed', deviceListVersion: 0 });
    }
    expect(codeOf(await one.enroll(one.device.list()))).toBe('malformed');
    const answers = await Promise.all([one, two].map((c) => c.enroll(c.device.list(), recoveryOf(world, c.device))));
    expect(answers.map(codeOf)).toEqual(['welcome', 'busy']);
    expect(codeOf(await two.enroll(two.device.list(), recoveryOf(world, two.device)))).toBe('device-not-certified');
  });

  it('[SV27] loses its proof when the password changes, and is kept out while the account is locked', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    await laptop.login('alice', PASSWORD, new Uint8Array(0));
    await world.server.users.lock('alice');
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('account-locked');
    await world.server.users.unlock('alice');
    await world.server.users.setPassword('alice', NEW_PASSWORD);
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('out-of-state');
    expect(codeOf(await laptop.request(ask(laptop)))).toBe('out-of-state');
    expect(codeOf(await laptop.login('alice', NEW_PASSWORD, new Uint8Array(0)))).toBe('enroll-needed');
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('welcome');
  });

  it('[SV13] waits in bounded numbers, and gives its place back when it goes', async () => {
    const world = await TestWorld.start({ provedPerAccountMax: 2, provedMax: 3 });
    await world.register('alice');
    await world.register('bob');
    const waiting = [world.connect(), world.connect(), world.connect()];
    const codes = [];
    for (const client of waiting) codes.push(codeOf(await client.login('alice')));
    expect(codes).toEqual(['enroll-needed', 'enroll-needed', 'busy']);
    expect(codeOf(await waiting[0]!.login('alice'))).toBe('busy');
    const [one, two] = [world.connect(), world.connect()];
    expect(codeOf(await one.login('bob'))).toBe('enroll-needed');
    expect(codeOf(await two.login('bob'))).toBe('busy');
    waiting[0]!.wire.drop();
    await settle();
    expect(codeOf(await two.login('bob'))).toBe('enroll-needed');
    expect(world.server.stats().proved).toBe(3);
  });

  it('[SV13] takes no more than its share for one source', async () => {
    const world = await TestWorld.start({ provedPerSourceMax: 2 });
    for (const name of ['alice', 'bob', 'carol']) await world.register(name);
    const logIn = async (name: string, source: string) => codeOf(await world.connect(undefined, source).login(name));
    const codes = [];
    for (const name of ['alice', 'bob', 'carol']) codes.push(await logIn(name, '198.51.100.1'));
    expect(codes).toEqual(['enroll-needed', 'enroll-needed', 'busy']);
    expect(await logIn('carol', '198.51.100.2')).toBe('enroll-needed');
  });

  it.each([
    ['a new password', (world: TestWorld) => world.server.users.setPassword('alice', NEW_PASSWORD)],
    ['a lock', (world: TestWorld) => world.server.users.lock('alice')],
    ['the end of the account', (world: TestWorld) => world.server.users.delete('alice')],
  ])('[SV13] gives its place back at %s', async (_, change) => {
    const world = await TestWorld.start({ provedPerAccountMax: 1 });
    const alice = await world.register('alice');
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    await laptop.login('alice', PASSWORD, new Uint8Array(0));
    await change(world);
    expect(world.server.stats().proved).toBe(0);
    await world.server.users.unlock('alice');
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('out-of-state');
  });

  it('[SV13] has a minute, and is not closed as the oldest of those without a login', async () => {
    const world = await TestWorld.start({ anonymousMax: 2 });
    await world.register('alice');
    const laptop = world.connect();
    await laptop.login('alice');
    for (let i = 0; i < 5; i++) world.dial(`192.0.2.${i}`);
    await settle();
    expect(laptop.closed).toBe(false);
    await world.advance(59_000);
    expect(laptop.closed).toBe(false);
    await world.advance(2_000);
    expect(laptop.closeCode).toBe('idle-timeout');
  });
});

describe('approval by an old device (SV28)', () => {
  it('[SV28] shows the request to every session of the account, and brings back what one of them answers', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    const laptop = world.connect();
    await laptop.login('alice');
    expect(codeOf(await laptop.request(ask(laptop, 'laptop\u0007')))).toBe('done');
    await settle();
    const { exchange, signing } = laptop.device;
    const asked = { exchangeKey: exchange.publicKey, signKey: signing.publicKey, proof: new Uint8Array(32).fill(9) };
    expect(alice.take('approval-asked')).toMatchObject([{ ...asked, label: '' }]);
    expect(bob.take('approval-asked')).toEqual([]);
    const sealedSeed = new Uint8Array(80).fill(5);
    const approve = { type: 'approve', exchangeKey: exchange.publicKey, sealedSeed } as const;
    expect(codeOf(await bob.request(approve))).toBe('not-found');
    expect(codeOf(await alice.request({ ...approve, sealedSeed: new Uint8Array(79) }))).toBe('malformed');
    expect(codeOf(await alice.request(approve))).toBe('done');
    expect(laptop.take('approved')).toEqual([{ type: 'approved', sealedSeed }]);
    const seeded = new TestDevice(world.random, alice.device.accountKey);
    const list = seeded.list([alice.device, laptop.device], 2);
    const claim = { ...laptop.device.claim(list), accountKey: alice.device.accountKey.publicKey };
    const none = { recoveryKey: new Uint8Array(32), sealedSeed: new Uint8Array(0), replaceKey: false };
    expect(codeOf(await laptop.request({ type: 'enroll', ...claim, ...none }))).toBe('welcome');
    expect(codeOf(await alice.request(approve))).toBe('not-found');
  });

  it('[SV28] is refused as peer-gone when no device is here', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.wire.drop();
    await settle();
    const laptop = world.connect();
    await laptop.login('alice');
    expect(codeOf(await laptop.request(ask(laptop)))).toBe('peer-gone');
  });

  it('[SV13] has ten minutes from the first request on, and no more for later ones', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const laptop = world.connect();
    await laptop.login('alice');
    await laptop.request(ask(laptop));
    for (let i = 0; i < 20; i++) await staysAlive(world, alice, laptop, 14_000);
    expect(codeOf(await laptop.request(ask(laptop)))).toBe('done');
    for (let i = 0; i < 22; i++) await staysAlive(world, alice, laptop, 14_000);
    expect(laptop.closed).toBe(false);
    for (let i = 0; i < 2; i++) await staysAlive(world, alice, laptop, 14_000);
    expect(laptop.closeCode).toBe('idle-timeout');
  });

  it('[SV28] shows an account only so many requests an hour', async () => {
    const world = await TestWorld.start({ approvalAsksPerHour: 2 });
    const alice = await world.register('alice');
    const laptop = world.connect();
    await laptop.login('alice');
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push(codeOf(await laptop.request(ask(laptop))));
    expect(codes).toEqual(['done', 'done', 'rate-limited']);
    expect(alice.take('approval-asked')).toHaveLength(2);
  });
});

describe('the recovery code (SV29)', () => {
  it('[SV29] sets a new password, ends every session, and lets a new device enroll', async () => {
    const world = await TestWorld.start();
    const recovery = recoveryOf(world);
    const { alice } = await aliceAndBob(world, recovery);
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    expect(codeOf(await laptop.recover(' ALICE ', recovery.code, NEW_PASSWORD))).toBe('enroll-needed');
    await settle();
    expect(alice.closeCode).toBe('password-changed');
    expect(codeOf(await laptop.enroll(nextList(laptop, alice, 2)))).toBe('welcome');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('unknown-device');
    expect(codeOf(await world.connect(alice.device).login('alice', PASSWORD))).toBe('wrong-credentials');
    expect(codeOf(await world.connect(alice.device).login('alice', NEW_PASSWORD))).toBe('welcome');
    const audited = await auditOf(world);
    for (const action of ['recovery-used', 'password-change', 'device-enrolled']) expect(audited).toContain(action);
  });

  it('[SV29] lets a listed device in at once, and leaves the password when none is given', async () => {
    const world = await TestWorld.start();
    const recovery = recoveryOf(world);
    const { alice } = await aliceAndBob(world, recovery);
    await alice.request({ type: 'logout' });
    expect(codeOf(await world.connect(alice.device).recover('10001', recovery.code))).toBe('welcome');
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
  });

  it('[SV29] refuses a weak password before it looks at the code', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 1, passwordGuessesPerNamePerDay: 1 });
    const recovery = recoveryOf(world);
    await aliceAndBob(world, recovery);
    const wrong = newRecoveryCode(world.random);
    for (const account of ['alice', '10001']) {
      expect(codeOf(await world.connect().recover(account, wrong, 'password12'))).toBe('weak-password');
    }
    expect(codeOf(await world.connect().recover('10001', recovery.code, 'alicealice'))).toBe('weak-password');
    expect(codeOf(await world.connect().recover('alice', recovery.code, NEW_PASSWORD))).toBe('enroll-needed');
  });

  it('[SV29] refuses a wrong code, and a right one for another account, server, device or password', async () => {
    const world = await TestWorld.start();
    const recovery = recoveryOf(world);
    await aliceAndBob(world, recovery);
    const wrong = newRecoveryCode(world.random);
    for (const account of ['alice', '10001', 'bob', 'nobody_here', 'no name at all']) {
      expect(codeOf(await world.connect().recover(account, wrong, NEW_PASSWORD))).toBe('wrong-credentials');
    }
    const client = world.connect();
    const serverKey = world.staticKey.publicKey;
    const exchangeKey = client.device.exchange.publicKey;
    const claim = { serverKey, exchangeKey, account: 'alice', newPassword: '' };
    for (const change of [
      { serverKey: world.newDevice().exchange.publicKey },
      { exchangeKey: world.newDevice().exchange.publicKey },
      { account: 'bob' },
      { newPassword: NEW_PASSWORD },
    ]) {
      const signature = signRecovery(recovery.code, { ...claim, ...change });
      const request = { type: 'recover', account: 'alice', newPassword: '', signature } as const;
      expect(codeOf(await client.request(request))).toBe('wrong-credentials');
    }
    expect(codeOf(await client.recover('alice', recovery.code))).toBe('enroll-needed');
    expect(world.hasher.verifyCount).toBe(0);
  });

  it('[SV29] counts wrong codes with wrong passwords', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 2, passwordGuessesPerNamePerDay: 10 });
    const recovery = recoveryOf(world);
    await aliceAndBob(world, recovery);
    const wrong = newRecoveryCode(world.random);
    expect(codeOf(await world.connect().recover('alice', wrong))).toBe('wrong-credentials');
    expect(codeOf(await world.connect().login('alice', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(codeOf(await world.connect().recover('alice', recovery.code))).toBe('rate-limited');
  });

  it('[SV29] can be made anew by a session, after which the old one opens nothing', async () => {
    const world = await TestWorld.start();
    const old = recoveryOf(world);
    const { alice } = await aliceAndBob(world, old);
    const renewed = recoveryOf(world, alice.device);
    const { recoveryKey, sealedSeed } = renewed;
    expect(codeOf(await alice.request({ type: 'recovery-set', recoveryKey, sealedSeed: new Uint8Array(3) }))).toBe(
      'malformed',
    );
    expect(codeOf(await alice.request({ type: 'recovery-set', recoveryKey, sealedSeed }))).toBe('done');
    expect(codeOf(await world.connect().recover('alice', old.code))).toBe('wrong-credentials');
    expect(codeOf(await world.connect().recover('alice', renewed.code))).toBe('enroll-needed');
  });
});

/** Registers alice with a recovery, and makes bob her friend. */
async function aliceAndBob(world: TestWorld, recovery: ReturnType<typeof recoveryOf>) {
  const alice = world.connect();
  const { recoveryKey, sealedSeed } = recovery;
  await alice.register('alice', PASSWORD, { recoveryKey, sealedSeed });
  const bob = await world.register('bob');
  await world.befriend(alice, bob);
  bob.received.length = 0;
  alice.received.length = 0;
  return { alice, bob };
}

/** @param device whose account key is sealed; else some other */
function recoveryOf(world: TestWorld, device?: TestDevice) {
  const code = newRecoveryCode(world.random);
  const accountKey = device?.accountKey ?? newSigningKeyPair(world.random);
  const seed = accountKey.secretKey.subarray(0, 32);
  return { code, recoveryKey: recoveryKeyPair(code).publicKey, sealedSeed: sealSeed(code, seed) };
}

function nextList(client: TestClient, old: TestClient, version: number): Uint8Array {
  return client.device.list([old.device, client.device], version);
}

function ask(client: TestClient, label = 'laptop') {
  const signKey = client.device.signing.publicKey;
  return { type: 'approval-ask', signKey, label, proof: new Uint8Array(32).fill(9) } as const;
}

async function staysAlive(world: TestWorld, alice: TestClient, laptop: TestClient, ms: number): Promise<void> {
  await world.advance(ms);
  for (const client of [alice, laptop]) if (!client.closed) client.send({ type: 'ping', token: 1 });
  await settle();
}

async function auditOf(world: TestWorld): Promise<readonly string[]> {
  const entries = await world.server.users.audit({ before: 0, limit: 100 });
  return entries.map(({ action, detail }) => `${action} ${detail}`.trim());
}
