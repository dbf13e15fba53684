import type { Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { describe, expect, it } from 'vitest';
import { InProcessBus } from '../bus/bus.ts';
import { Directory } from '../bus/directory.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { PASSWORD, settle, type TestDevice, TestWorld } from '../session/test-world.ts';
import { Accounts } from './accounts.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);
const HOUR_MS = 3_600_000;
const requestId = 1 as RequestId;

describe('guessing a password (SV26)', () => {
  it('[SV26] has at most 120 guesses in 24 h looked at, from 10,000 sources, and never locks out a known device', async () => {
    const world = await TestWorld.start();
    const accounts = accountsOf(world);
    const [alice, mallory] = [world.newDevice(), world.newDevice()];
    const owner = { exchangeKey: alice.exchange.publicKey, source: '198.51.100.7' };
    const logIn = (device: TestDevice, source: string, account: string, password: string) =>
      accounts.logins.logIn(
        { exchangeKey: device.exchange.publicKey, source },
        { ...device.claim(), type: 'login', requestId, account, password },
      );
    const registered = await accounts.registration.register(owner, { ...alice.registration('alice'), requestId });
    expect(registered.ok).toBe(true);
    let guesses = 0;
    let knownLogins = 0;
    for (let source = 0; source < 10_000; source++) {
      const before = world.hasher.verifyCount;
      const account = source % 2 === 0 ? 'alice' : '10001';
      await logIn(mallory, `10.0.${source >> 8}.${source & 255}`, account, `guess number ${source}`);
      guesses += world.hasher.verifyCount - before;
      if (source % 100 !== 0) continue;
      await world.advance((24 * HOUR_MS) / 100);
      // Behind the same address as some who guess, and with a device that has logged out.
      const known = await logIn(alice, `10.0.${source >> 8}.${source & 255}`, 'alice', PASSWORD);
      if (!known.ok || !('device' in known.value)) continue;
      knownLogins += 1;
      await world.store.deactivateDevice(alice.id, known.value.device.epoch);
    }
    expect(guesses).toBeLessThanOrEqual(120);
    expect(guesses).toBeGreaterThan(100);
    expect(knownLogins).toBe(100);
  });

  it('[SV26] checks right passwords of one device, of a login or a change, so many times an hour', async () => {
    const world = await TestWorld.start({ passwordChecksPerDeviceBurst: 3, passwordChecksPerDevicePerHour: 1 });
    const alice = await world.register('alice');
    const change = () => alice.request({ type: 'password-change', oldPassword: PASSWORD, newPassword: PASSWORD });
    expect([await change(), await change()].map(codeOf)).toEqual(['done', 'done']);
    const again = world.connect(alice.device);
    expect(codeOf(await again.login('alice'))).toBe('welcome');
    const request = { type: 'password-change', oldPassword: PASSWORD, newPassword: PASSWORD } as const;
    expect(await again.refusal(request)).toBe('rate-limited');
    const before = world.hasher.verifyCount;
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('rate-limited');
    expect(world.hasher.verifyCount).toBe(before);
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
    await world.advance(HOUR_MS);
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
  });

  it('[SV21] answers a wrong password for the same work when the hash of the account was cheaper', async () => {
    const world = await TestWorld.start();
    await world.register('alice');
    world.hasher.isOutdated = (phc) => phc !== world.hasher.decoyHash;
    const verified: string[] = [];
    world.hasher.remainderOf = () => 'plain:remainder';
    world.hasher.verify = async (phc, password) => {
      verified.push(phc);
      return phc === `plain:${password}`;
    };
    expect(codeOf(await world.connect().login('alice', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(codeOf(await world.connect().login('nobody', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(verified).toEqual([`plain:${PASSWORD}`, 'plain:remainder', world.hasher.decoyHash]);
  });

  it('[SV26] lets a known device in while strangers fill the password queue', async () => {
    const world = await TestWorld.start({ passwordHashesRunningMax: 2, passwordHashesWaitingMax: 4 });
    const alice = await world.register('alice');
    const verifying: (() => void)[] = [];
    const { verify } = world.hasher;
    world.hasher.verify = async (phc, password) => {
      await new Promise<void>((resolve) => verifying.push(resolve));
      return verify.call(world.hasher, phc, password);
    };
    const strangers = Array.from({ length: 20 }, (_, i) => world.connect(undefined, `192.0.2.${i}`));
    const refused: string[] = [];
    for (const [i, stranger] of strangers.entries()) {
      void stranger.login(`somebody_${i}`, 'a wrong one 123').then(
        (answer) => refused.push(codeOf(answer)),
        () => {},
      );
    }
    for (let i = 0; i < 10; i++) await settle();
    expect(refused).toEqual(Array(14).fill('busy'));
    const known = world.connect(alice.device);
    void known.login('alice').catch(() => undefined);
    for (let i = 0; i < 10; i++) await settle();
    verifying.shift()!();
    for (let i = 0; i < 10; i++) await settle();
    verifying.at(-1)!();
    for (let i = 0; i < 10; i++) await settle();
    expect(known.take('welcome')).toHaveLength(1);
  });

  it('[SV21] answers unknown, wrong, locked and deleted alike: the same bytes for the same number of hashes', async () => {
    const world = await TestWorld.start();
    for (const name of ['alice', 'locked_one', 'deleted_one']) await world.register(name);
    await world.server.users.lock('locked_one');
    await world.server.users.delete('deleted_one');
    const device = world.newDevice();
    const answers = [];
    for (const name of ['alice', 'locked_one', 'deleted_one', 'nobody_here', '10003', '4294967295', '爱丽丝']) {
      answers.push(await answerTo(world, device, name));
      const isHere = name === 'alice' || name === 'locked_one';
      expect(world.hasher.verifiedAgainst === world.hasher.decoyHash).toBe(!isHere);
    }
    expect(answers[0]).toMatchObject({ hashes: 1, codes: ['wrong-credentials'] });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('[SV21] says that an account is locked only to its password', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.server.users.lock('alice');
    await settle();
    expect(alice.closeCode).toBe('account-locked');
    expect(codeOf(await world.connect().login('alice', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(codeOf(await world.connect().login('alice'))).toBe('account-locked');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('account-locked');
    await world.server.users.unlock('alice');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
  });

  it('[SV26] does not throttle accounts for what is tried on names of nobody', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 1, passwordGuessesPerNamePerDay: 1 });
    await world.register('alice');
    for (let i = 0; i < 300; i++) {
      const client = world.connect(undefined, `10.1.${i >> 8}.${i & 255}`);
      await client.login(`nobody_${i}`, 'a wrong one 123');
      client.wire.drop();
    }
    expect(codeOf(await world.connect().login('alice'))).toBe('enroll-needed');
  });

  it('[SV26] holds a device to the budget of its source when it tries another account than its own', async () => {
    const world = await TestWorld.start({ passwordLoginsPerSourcePerMinute: 1 });
    await world.register('alice');
    const mallory = await world.register('mallory');
    expect(codeOf(await world.connect().login('alice'))).toBe('enroll-needed');
    expect(codeOf(await world.connect(mallory.device).login('alice', 'a wrong one 123'))).toBe('rate-limited');
    expect(codeOf(await world.connect(mallory.device).login('mallory'))).toBe('welcome');
  });

  it('[SV26] takes a device that was revoked for a stranger', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 1, passwordGuessesPerNamePerDay: 1 });
    const alice = await world.register('alice');
    const laptop = world.connect(world.newDevice(alice.device.accountKey));
    await laptop.login('alice', PASSWORD, laptop.device.list([alice.device, laptop.device], 2));
    const deviceList = alice.device.list([alice.device], 3);
    await alice.request({ type: 'device-list-set', deviceList });
    await world.connect().login('alice', 'a wrong one 123');
    expect(codeOf(await world.connect(laptop.device).login('alice'))).toBe('rate-limited');
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
  });

  it('audits a burst of failures once an hour, with its count', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    for (let i = 0; i < 30; i++) await world.connect(undefined, `192.0.2.${i}`).login('alice', 'a wrong one 123');
    await world.advance(HOUR_MS);
    for (let i = 0; i < 5; i++) await world.connect(undefined, `192.0.2.${i}`).login('alice', 'a wrong one 123');
    const entries = await world.server.users.audit({ before: 0, limit: 10 });
    const failures = entries.filter(({ action }) => action === 'login-failures');
    expect(failures).toMatchObject([
      { subject: alice.account, detail: '5 wrong, 20 turned away' },
      { subject: alice.account, detail: '5 wrong, 0 turned away' },
    ]);
  });
});

/** The service alone: ten thousand handshakes would show nothing more. */
function accountsOf(world: TestWorld): Accounts {
  const { store, hasher, clock, random } = world;
  const ports = { store, hasher, clock, random, log: silentLog, bus: new InProcessBus(), directory: new Directory() };
  return new Accounts({ ...ports, serverKey: world.staticKey.publicKey }, 'open', DEFAULT_LIMITS);
}

/** The sizes of all that the server writes, what it says, and the hashes it computes. */
async function answerTo(world: TestWorld, device: TestDevice, name: string) {
  const client = world.connect(device);
  await settle();
  const written = client.wire.serverWrote.length;
  const before = world.hasher.verifyCount;
  const answer = await client.login(name, 'a wrong one 123');
  const sizes = client.wire.serverWrote.slice(written).map((bytes) => bytes.length);
  client.wire.drop();
  return { sizes, codes: [codeOf(answer)], answer, hashes: world.hasher.verifyCount - before };
}
