import { newRecoveryCode, recoveryKeyPair, sealSeed } from '@magpie/common/channel/recovery-code.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, type TestDevice, TestWorld } from '../session/test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);
const NEW_PASSWORD = 'another quiet heron 4';

describe('what crosses a change of the password (SV100)', () => {
  it('[SV100] is no login with the old one, nor a login by key in between', async () => {
    const world = await TestWorld.start();
    const { alice, laptop } = await twoDevices(world);
    const late = await heldIn(world.hasher, 'verify', world.connect(laptop.device), (client) => login(client));
    expect(codeOf(await changePassword(alice))).toBe('done');
    const activateDevice = world.store.activateDevice.bind(world.store);
    const between = world.connect(laptop.device);
    let resumed: Promise<Frame> | undefined;
    world.store.activateDevice = async (...given) => {
      const activated = await activateDevice(...given);
      resumed = between.resume();
      await settle();
      return activated;
    };
    expect(codeOf(await late())).toBe('busy');
    expect(codeOf((await resumed)!)).toBe('unknown-device');
    expect(codeOf(await world.connect(laptop.device).resume())).toBe('unknown-device');
  });

  it('[SV27] is no enrollment by the old one: list, key and recovery stay', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const before = await world.store.accountByNumber(alice.account);
    const thief = world.connect();
    expect(codeOf(await thief.login('alice'))).toBe('enroll-needed');
    const late = await heldIn(world.store, 'enroll', thief, (client) => enroll(client, client.device));
    expect(codeOf(await changePassword(alice))).toBe('done');
    expect(codeOf(await late())).toBe('out-of-state');
    const { passwordHash: _, ...after } = (await world.store.accountByNumber(alice.account))!;
    expect(before).toMatchObject(after);
    expect(alice.closed).toBe(false);
  });

  it('[SV27] is no enrollment in an account that has been locked meanwhile', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const thief = world.connect();
    await thief.login('alice');
    const late = await heldIn(world.store, 'enroll', thief, (client) => enroll(client, client.device));
    await world.server.users.lock('alice');
    expect(codeOf(await late())).toBe('account-locked');
    expect((await world.store.accountByNumber(alice.account))!.deviceListVersion).toBe(1);
  });

  it('[SV29] is no recovery by a code that has been replaced', async () => {
    const world = await TestWorld.start();
    const { alice, code } = await aliceWithCode(world);
    const { recoveryKey, sealedSeed } = recoveryOf(world, alice.device);
    const thief = world.connect();
    const late = await heldIn(world.hasher, 'hash', thief, (client) => client.recover('alice', code, NEW_PASSWORD));
    expect(codeOf(await alice.request({ type: 'recovery-set', recoveryKey, sealedSeed }))).toBe('done');
    expect(codeOf(await late())).toBe('busy');
    expect((await world.store.accountByNumber(alice.account))!.passwordHash).toBe(`plain:${PASSWORD}`);
    expect(alice.closed).toBe(false);
  });

  it('[SV105] leaves the password that an operator has set meanwhile', async () => {
    const world = await TestWorld.start();
    const { code } = await aliceWithCode(world);
    const thief = world.connect();
    const late = await heldIn(world.hasher, 'hash', thief, (client) => client.recover('alice', code, NEW_PASSWORD));
    await world.server.users.setPassword('alice', `${PASSWORD}!`);
    expect(codeOf(await late())).toBe('busy');
    expect((await world.store.accountByName('alice' as never))!.passwordHash).toBe(`plain:${PASSWORD}!`);
  });
});

describe('what crosses the end of a session (SV5)', () => {
  it.each([
    { type: 'password-change', oldPassword: PASSWORD, newPassword: NEW_PASSWORD },
    { type: 'account-delete', password: PASSWORD },
  ] as const)('[SV5] is no $type of a session that is not its newest any more', async (request) => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.store.claimSession(alice.device.id, world.clock.wallNow());
    expect(await alice.refusal(request)).toBe('stale-epoch');
    expect(await world.store.accountByNumber(alice.account)).toMatchObject({
      state: 'active',
      passwordHash: `plain:${PASSWORD}`,
    });
  });
});

describe('what crosses a hash that is made anew (SV21)', () => {
  it('[SV21] is another login with the same password: both are let in, and no device is put out', async () => {
    const world = await TestWorld.start();
    const { alice, laptop } = await twoDevices(world);
    let salt = 0;
    world.hasher.isOutdated = (phc) => phc.startsWith('plain:');
    world.hasher.hash = async (password) => `dear:${salt++}:${password}`;
    world.hasher.verify = async (phc, password) => phc.split(':').at(-1) === password;
    const both = [alice, laptop].map(({ device }) => world.connect(device));
    const answers = await Promise.all(both.map((client) => client.login('alice', PASSWORD, new Uint8Array(0))));
    expect(answers.map(codeOf)).toEqual(['welcome', 'welcome']);
    for (const { device } of both) expect(codeOf(await world.connect(device).resume())).toBe('welcome');
  });
});

describe('what a failure leaves behind (SV27)', () => {
  it('[SV27] tells friends of a key and a list that are stored, though the session could not begin', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const fresh = world.connect();
    await fresh.login('alice');
    const { claimSession } = world.store;
    world.store.claimSession = () => Promise.reject(new Error('disk full'));
    expect(codeOf(await enroll(fresh, fresh.device))).toBe('internal');
    world.store.claimSession = claimSession;
    await settle();
    const shown = bob.take('roster').flatMap(({ entries }) => entries);
    expect(shown.at(-1)?.accountKey).toEqual(fresh.device.accountKey.publicKey);
    expect(alice.closeCode).toBe('revoked');
  });
});

/**
 * Sends a request and holds it at the first call of `method`.
 * @returns what lets it go on, and gives its answer
 */
async function heldIn<M extends string, T extends Record<M, (...given: never[]) => Promise<unknown>>>(
  port: T,
  method: M,
  client: TestClient,
  send: (client: TestClient) => Promise<Frame>,
): Promise<() => Promise<Frame>> {
  const original = port[method];
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  port[method] = (async (...given: never[]) => {
    port[method] = original;
    await released;
    return original.apply(port, given);
  }) as T[M];
  await send(client).catch(() => undefined);
  return async () => {
    release();
    await settle();
    await settle();
    return client.received.find((frame) => 'requestId' in frame && frame.requestId !== (0 as RequestId))!;
  };
}

/** Alice with two devices. */
async function twoDevices(world: TestWorld) {
  const alice = await world.register('alice');
  const laptop = world.connect(world.newDevice(alice.device.accountKey));
  await laptop.login('alice', PASSWORD, laptop.device.list([alice.device, laptop.device], 2));
  return { alice, laptop };
}

async function aliceWithCode(world: TestWorld) {
  const alice = world.connect();
  const { code, ...recovery } = recoveryOf(world, alice.device);
  await alice.register('alice', PASSWORD, recovery);
  return { alice, code };
}

function recoveryOf(world: TestWorld, { accountKey }: TestDevice) {
  const code = newRecoveryCode(world.random);
  const sealedSeed = sealSeed(code, accountKey.secretKey.subarray(0, 32));
  return { code, recoveryKey: recoveryKeyPair(code).publicKey, sealedSeed };
}

function login(client: TestClient): Promise<Frame> {
  return client.login('alice', PASSWORD, new Uint8Array(0));
}

/** Under a key of its own. */
function enroll(client: TestClient, device: TestDevice): Promise<Frame> {
  return client.enroll(device.list([device], 2), { replaceKey: true });
}

function changePassword(client: TestClient): Promise<Frame> {
  return client.request({ type: 'password-change', oldPassword: PASSWORD, newPassword: NEW_PASSWORD });
}
