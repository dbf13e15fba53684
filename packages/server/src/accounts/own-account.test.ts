import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, type TestClient, TestWorld } from '../session/test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);
const NEW_PASSWORD = 'another quiet heron 4';

describe('a new password (SV100)', () => {
  it('[SV100] ends the sessions of all other devices at once, which friends see, and keeps this one', async () => {
    const world = await TestWorld.start();
    const { alice, laptop, bob } = await twoDevices(world);
    const before = world.clock.now();
    expect(codeOf(await changePassword(alice))).toBe('done');
    await settle();
    expect(world.clock.now() - before).toBeLessThan(1_000);
    expect(laptop.closeCode).toBe('password-changed');
    expect(alice.closed).toBe(false);
    await world.advance(2_000);
    const shown = bob.take('presence').flatMap(({ entries }) => entries);
    expect(shown.at(-1)?.devices.map(({ device }) => device)).toEqual([alice.device.id]);
    expect(codeOf(await world.connect(laptop.device).resume())).toBe('unknown-device');
    expect(codeOf(await world.connect(laptop.device).login('alice', PASSWORD))).toBe('wrong-credentials');
    expect(codeOf(await world.connect(laptop.device).login('alice', NEW_PASSWORD))).toBe('welcome');
    alice.wire.drop();
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
  });

  it('[SV100] wants the old one, by the budget of the device, and a good new one', async () => {
    const world = await TestWorld.start({ passwordGuessesPerDeviceBurst: 2, passwordGuessesPerDevicePerHour: 1 });
    const { alice, laptop } = await twoDevices(world);
    expect(codeOf(await changePassword(alice, PASSWORD, 'short'))).toBe('weak-password');
    expect(codeOf(await changePassword(alice, PASSWORD, 'alicealice'))).toBe('weak-password');
    for (let i = 0; i < 2; i++)
      expect(codeOf(await changePassword(alice, 'not the old one'))).toBe('wrong-credentials');
    expect(codeOf(await changePassword(alice))).toBe('rate-limited');
    expect(laptop.closed).toBe(false);
    expect(codeOf(await changePassword(laptop))).toBe('done');
  });

  it('[SV100] does not let in a login that crosses it with the old password', async () => {
    const world = await TestWorld.start();
    const { alice, laptop } = await twoDevices(world);
    laptop.wire.drop();
    await settle();
    const activateDevice = world.store.activateDevice.bind(world.store);
    let release: () => void = () => {};
    world.store.activateDevice = async (...given) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return activateDevice(...given);
    };
    const late = world.connect(laptop.device);
    await late.login('alice').catch(() => undefined);
    expect(codeOf(await changePassword(alice))).toBe('done');
    release();
    await settle();
    expect(late.take('refused')).toMatchObject([{ code: 'busy' }]);
    expect(codeOf(await world.connect(laptop.device).resume())).toBe('unknown-device');
  });

  it('[SV21] hashes a password anew at a login when hashes have become dearer', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const old = (await world.store.accountByNumber(alice.account))!.passwordHash;
    world.hasher.isOutdated = (phc) => phc === old;
    const hashed: string[] = [];
    world.hasher.hash = async (password) => {
      hashed.push(password);
      return `dear:${password}`;
    };
    world.hasher.verify = async (phc, password) => phc === `plain:${password}` || phc === `dear:${password}`;
    expect(codeOf(await world.connect(alice.device).login('alice', 'a wrong one 123'))).toBe('wrong-credentials');
    expect(hashed).toEqual([]);
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
    expect((await world.store.accountByNumber(alice.account))!.passwordHash).toBe(`dear:${PASSWORD}`);
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
    expect(hashed).toEqual([PASSWORD]);
  });
});

describe('profile and policy (SV103)', () => {
  it('[SV103] goes to friends and to the own devices', async () => {
    const world = await TestWorld.start();
    const { alice, laptop, bob } = await twoDevices(world);
    const profile = { displayName: '  爱丽丝 ', signatureLine: 'down the hole' };
    expect(codeOf(await alice.request({ type: 'profile-set', ...profile }))).toBe('done');
    await settle();
    const shown = bob.take('roster').flatMap(({ entries }) => entries);
    expect(shown).toMatchObject([{ account: alice.account, displayName: '爱丽丝', signatureLine: 'down the hole' }]);
    expect(laptop.take('own-profile')).toMatchObject([{ displayName: '爱丽丝', signatureLine: 'down the hole' }]);
    laptop.wire.drop();
    const again = world.connect(laptop.device);
    expect(await again.resume()).toMatchObject({ displayName: '爱丽丝', signatureLine: 'down the hole' });
  });

  it.each([
    [{ displayName: '', signatureLine: '' }, 'bad-display-name'],
    [{ displayName: 'a\u202eb', signatureLine: '' }, 'bad-display-name'],
    [{ displayName: 'Alice', signatureLine: 'x'.repeat(81) }, 'bad-text'],
    [{ displayName: 'Alice', signatureLine: '桥'.repeat(80) }, 'done'],
    [{ displayName: 'Alice', signatureLine: 'two\nlines' }, 'bad-text'],
    [{ displayName: 'Alice', signatureLine: 'hid\u200bden' }, 'bad-text'],
    [{ displayName: 'Alice', signatureLine: '' }, 'done'],
  ])('[SV103] answers the profile %j with %s', async (profile, code) => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    expect(codeOf(await alice.request({ type: 'profile-set', ...profile }))).toBe(code);
  });

  it('[SV103] changes so many times an hour, counted when it is well-formed', async () => {
    const world = await TestWorld.start({ profileChangesPerHour: 2 });
    const alice = await world.register('alice');
    const set = async (signatureLine: string) =>
      codeOf(await alice.request({ type: 'profile-set', displayName: 'Alice', signatureLine }));
    const codes = [await set('a\nb'), await set('one'), await set('two'), await set('three')];
    expect(codes).toEqual(['bad-text', 'done', 'done', 'rate-limited']);
    await world.advance(1_801_000);
    const again = world.connect(alice.device);
    await again.resume();
    expect(codeOf(await again.request({ type: 'profile-set', displayName: 'A', signatureLine: 'four' }))).toBe('done');
  });

  it('[SV103] keeps a policy, and wants a question where one is to be asked', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const set = async (question: string) =>
      codeOf(await alice.request({ type: 'policy-set', ask: 'question', question, showLastSeen: false }));
    expect(await alice.request({ type: 'policy-get' })).toMatchObject({
      ask: 'anyone',
      question: '',
      showLastSeen: true,
    });
    expect([await set('  '), await set('x'.repeat(81)), await set('who\u0007?')]).toEqual(Array(3).fill('bad-text'));
    expect(await set(' Which class? ')).toBe('done');
    const policy = { ask: 'question', question: 'Which class?', showLastSeen: false };
    expect(await alice.request({ type: 'policy-get' })).toMatchObject(policy);
  });

  it('[SV5] refuses every change of a session that is not its newest any more', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.store.claimSession(alice.device.id, world.clock.wallNow());
    const key = newSigningKeyPair(world.random).publicKey;
    for (const request of [
      { type: 'profile-set', displayName: 'A', signatureLine: '' },
      { type: 'policy-set', ask: 'nobody', question: '', showLastSeen: true },
      { type: 'recovery-set', recoveryKey: key, sealedSeed: new Uint8Array(48) },
      { type: 'device-list-set', deviceList: alice.device.list([alice.device], 2) },
    ] as const) {
      expect(codeOf(await alice.request(request))).toBe('stale-epoch');
    }
  });
});

describe('the end of an account (SV104)', () => {
  it('[SV104] is answered, ends all its sessions and friendships, and gives nothing away afterwards', async () => {
    const world = await TestWorld.start();
    const { alice, laptop, bob } = await twoDevices(world);
    expect(codeOf(await alice.request({ type: 'account-delete', password: 'not the right one' }))).toBe(
      'wrong-credentials',
    );
    expect(codeOf(await alice.request({ type: 'account-delete', password: PASSWORD }))).toBe('done');
    await settle();
    expect([alice.closeCode, laptop.closeCode]).toEqual(['account-deleted', 'account-deleted']);
    const shown = bob.take('roster').flatMap(({ entries }) => entries);
    expect(shown.at(-1)).toMatchObject({ account: alice.account, state: 'removed' });
    expect(
      bob
        .take('presence')
        .flatMap(({ entries }) => entries)
        .at(-1),
    ).toMatchObject({ status: 'offline' });
    expect(await bob.refusal({ type: 'device-list-get', account: alice.account })).toBe('not-friends');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('unknown-device');
    for (const name of ['alice', '10001']) {
      expect(codeOf(await world.connect(alice.device).login(name))).toBe('wrong-credentials');
    }
    expect(codeOf(await world.connect().register('alice'))).toBe('name-taken');
    const [entry] = await world.server.users.audit({ before: 0, limit: 1 });
    expect(entry).toMatchObject({ action: 'account-deleted', actor: alice.account, subject: alice.account });
  });
});

/** Alice with two devices, and bob, her friend. */
async function twoDevices(world: TestWorld) {
  const [alice, bob] = await world.friends();
  const laptop = world.connect(world.newDevice(alice.device.accountKey));
  const { device } = laptop;
  await laptop.login('alice', PASSWORD, device.list([alice.device, device], 2));
  await world.advance(3_000);
  for (const client of [alice, laptop, bob]) client.received.length = 0;
  return { alice, laptop, bob };
}

function changePassword(client: TestClient, oldPassword = PASSWORD, newPassword = NEW_PASSWORD): Promise<Frame> {
  return client.request({ type: 'password-change', oldPassword, newPassword });
}
