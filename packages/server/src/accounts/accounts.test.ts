import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, TestWorld } from '../session/test-world.ts';
import { parseDisplayName, passwordFault } from './credential-rules.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);

describe('registration (SV20)', () => {
  it('[SV20] gives numbers from 10001 up and says where the client is seen from', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice', '198.51.100.7');
    const bob = await world.register('bob');
    expect([alice.account, bob.account]).toEqual([10_001, 10_002]);
    expect(alice.welcome).toMatchObject({
      name: 'alice',
      loginCount: 1,
      rosterVersion: 0,
      observed: { address: '198.51.100.7' },
      udpPorts: [10_000, 10_001],
    });
  });

  it('[SV20] folds the case of a name, so that Alice and alice are one', async () => {
    const world = await TestWorld.start();
    await world.register('Alice');
    expect(codeOf(await world.connect().register('aLICE'))).toBe('name-taken');
  });

  it.each([
    ['al', 'bad-name'],
    ['1alice', 'bad-name'],
    ['al ice', 'bad-name'],
    ['爱丽丝', 'bad-name'],
  ])('[SV20] refuses the name %s', async (name, code) => {
    const world = await TestWorld.start();
    expect(codeOf(await world.connect().register(name))).toBe(code);
  });

  it('[SV20] lets the same connection try again after a refusal', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    expect(codeOf(await client.register('alice', 'short'))).toBe('weak-password');
    expect(codeOf(await client.register('alice'))).toBe('welcome');
  });

  it('[SV20] is closed when the operator closed it', async () => {
    const world = await TestWorld.start({}, { registration: 'closed' });
    expect(codeOf(await world.connect().register('alice'))).toBe('registration-closed');
  });

  it('[SV22] refuses a device list of another key, with another device, or with more than this one', async () => {
    const world = await TestWorld.start();
    const device = world.newDevice();
    const other = world.newDevice(device.accountKey);
    const stranger = world.newDevice();
    const lists = [other.list(), device.list([device, other]), stranger.list([device]), new Uint8Array(10)];
    for (const deviceList of lists) {
      const answer = await world.connect(device).request({ ...device.registration('alice'), deviceList });
      expect(codeOf(answer)).toBe('bad-device-list');
    }
  });

  it('[SV26] checks no signature for a source over its registrations, nor one over more than a device', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 2 });
    const device = world.newDevice();
    const forged = device.list();
    forged[forged.length - 1]! ^= 1;
    const two = world.newDevice(device.accountKey).list([device, world.newDevice(device.accountKey)]);
    two[two.length - 1]! ^= 1;
    const answers: Frame[] = [];
    for (const deviceList of [forged, two, forged]) {
      answers.push(await world.connect(device).request({ ...device.registration('alice'), deviceList }));
    }
    expect(answers).toMatchObject([
      { code: 'bad-device-list', detail: 'bad-signature' },
      { code: 'bad-device-list', detail: 'malformed' },
      { code: 'rate-limited' },
    ]);
  });

  it('[SV26] spends no registration on a bad name or a weak password', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 2 });
    await world.register('alice');
    expect(codeOf(await world.connect().register('a'))).toBe('bad-name');
    expect(codeOf(await world.connect().register('bob', 'short'))).toBe('weak-password');
    expect(codeOf(await world.connect().register('bob'))).toBe('welcome');
  });

  it('[SV26] allows so many registrations an hour and source', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 2 });
    await world.register('alice');
    await world.register('bob');
    const answer = await world.connect().register('carol');
    expect(answer).toMatchObject({ type: 'refused', code: 'rate-limited' });
    expect(codeOf(await world.connect(undefined, '203.0.113.9').register('carol'))).toBe('welcome');
    await world.advance(1_800_000);
    expect(codeOf(await world.connect().register('dave'))).toBe('welcome');
  });
});

describe('password rules (R25)', () => {
  it.each(['kurz', 'Password123', '1234567890', 'aaaaaaaaaaaa', 'x'.repeat(129)])('refuses %s', (password) => {
    expect(passwordFault(password, 'alice')).toBeDefined();
  });

  it('counts code points, not bytes or UTF-16 units', () => {
    expect(passwordFault('喜鹊桥上见喜鹊桥上见', 'alice')).toBeUndefined();
    expect(passwordFault('🐦🌉🌙⭐🎋🪶🐂🧵', 'alice')).toBeDefined();
    expect(passwordFault('🐦🌉🌙⭐🎋🪶🐂🧵🌊🏮', 'alice')).toBeUndefined();
  });

  it('refuses the name itself', () => {
    expect(passwordFault('AliceLiddell', 'aliceliddell')).toBeDefined();
  });
});

describe('display names', () => {
  it('are trimmed and may be in any script', () => {
    expect(parseDisplayName('  爱丽丝 🐇 ')).toBe('爱丽丝 🐇');
  });

  it.each(['', '   ', 'a\u0000b', 'a\u202eb', 'x'.repeat(65)])('refuses %j', (text) => {
    expect(parseDisplayName(text)).toBeUndefined();
  });

  it.each([
    ['a zero-width space', 'ali\u200bce'],
    ['a zero-width joiner between letters', 'ali\u200dce'],
    ['a zero-width joiner at the end of an emoji', '👩\u200d'],
    ['a word joiner', 'ali\u2060ce'],
    ['a soft hyphen', 'ali\u00adce'],
    ['a byte order mark', 'ali\ufeffce'],
    ['a left-to-right mark', 'alice\u200e'],
    ['an Arabic letter mark', '\u061calice'],
    ['a tag', 'alice\u{e0041}'],
    ['the Hangul fillers', 'ali\u115fce'],
    ['the other Hangul filler', 'ali\u1160ce'],
    ['the Hangul letter filler', '\u3164'],
    ['the half-width Hangul filler', 'ali\uffa0ce'],
    ['only combining marks', '\u0301\u0302'],
    ['only a variation selector', '\ufe0f'],
    ['only a blank Braille pattern', '\u2800'],
    ['only spaces of other kinds', 'x\u3000'.slice(1)],
  ])('refuse %s', (_what, text) => {
    expect(parseDisplayName(text)).toBeUndefined();
  });

  it.each(['👩\u200d💻 Ada', '👨‍👩‍👧‍👦', '🏳️‍🌈', '👩🏽‍🚀', '❤️', 'Zoë', '!', '桥', 'ไทย', 'नमस्ते', '김철수'])(
    'accept %s',
    (text) => {
      expect(parseDisplayName(text)).toBe(text.normalize('NFC'));
    },
  );
});

describe('login by password (SV21)', () => {
  it('[SV21] works by name and by number, and the login count rises', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.wire.drop();
    const byName = world.connect(alice.device);
    expect(await byName.login('ALICE')).toMatchObject({ type: 'welcome', loginCount: 2 });
    const byNumber = world.connect(alice.device);
    expect(await byNumber.login(' 10001 ')).toMatchObject({ type: 'welcome', loginCount: 3 });
  });

  it('[SV21] answers an unknown name and a wrong password with the same bytes and the same work', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const device = world.newDevice();
    const answers: { sizes: number[]; work: number; frame: Frame }[] = [];
    for (const name of ['alice', 'nobody_here', '99999', 'no name at all']) {
      const client = world.connect(device);
      await settle();
      const before = world.hasher.verifyCount;
      const written = client.wire.serverWrote.length;
      const frame = await client.login(name, 'not the password');
      const sizes = client.wire.serverWrote.slice(written).map((bytes) => bytes.length);
      answers.push({ sizes, work: world.hasher.verifyCount - before, frame });
    }
    expect(codeOf(answers[0]!.frame)).toBe('wrong-credentials');
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]!.work).toBe(1);
    expect(world.hasher.verifiedAgainst).toBe(world.hasher.decoyHash);
    expect(alice.closed).toBe(false);
  });

  it('[SV22] takes a new device with a newer list, and friends get the list', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const second = world.newDevice(alice.device.accountKey);
    const list = second.list([alice.device, second], 2);
    expect(codeOf(await world.connect(second).login('alice', PASSWORD, list))).toBe('welcome');
    await settle();
    const entries = bob.take('roster').flatMap((frame) => frame.entries);
    expect(entries.map((entry) => Buffer.from(entry.deviceList).equals(list))).toContain(true);
    expect(alice.closed).toBe(false);
  });

  it('[SV22] keeps the newer list when a listed device comes with the older one', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const second = world.newDevice(alice.device.accountKey);
    const list = second.list([alice.device, second], 2);
    await world.connect(second).login('alice', PASSWORD, list);
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
    const stored = (await world.store.accountByNumber(alice.account))!;
    expect(stored.deviceListVersion).toBe(2);
    const third = world.newDevice(alice.device.accountKey);
    expect(codeOf(await world.connect(third).login('alice', PASSWORD, third.list([third], 1)))).toBe('enroll-needed');
    expect(codeOf(await world.connect(third).login('alice', PASSWORD, new Uint8Array(70)))).toBe('bad-device-list');
  });

  it('[SV22] ends the session of a device that the list holds no more, and forgets its key', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const second = world.newDevice(alice.device.accountKey);
    const other = world.connect(second);
    expect(codeOf(await other.login('alice', PASSWORD, second.list([second], 2)))).toBe('welcome');
    await settle();
    expect(alice.closeCode).toBe('revoked');
    expect(other.closed).toBe(false);
    await world.advance(2_000);
    const shown = bob.take('presence').flatMap((frame) => frame.entries);
    expect(shown.at(-1)?.devices.map(({ device }) => device)).toEqual([second.id]);
    expect(codeOf(await world.connect(alice.device).resume())).toBe('unknown-device');
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('enroll-needed');
    bob.relay(alice.device.id, Uint8Array.of(1));
    await settle();
    expect(bob.take('relay-refused')).toHaveLength(1);
  });

  it('[SV22] ends the grace of a lost device that is revoked', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    alice.wire.drop();
    await settle();
    const second = world.newDevice(alice.device.accountKey);
    await world.connect(second).login('alice', PASSWORD, second.list([second], 2));
    await world.advance(2_000);
    const shown = bob.take('presence').flatMap((frame) => frame.entries);
    expect(shown.at(-1)?.devices.map(({ device }) => device)).toEqual([second.id]);
  });

  it('[SV22] never lets in a device whose login crosses its revocation', async () => {
    const world = await TestWorld.start();
    const [alice] = await world.friends();
    alice.wire.drop();
    await world.advance(20_000);
    const claimSession = world.store.claimSession.bind(world.store);
    let release: () => void = () => {};
    world.store.claimSession = async (device, now) => {
      const claimed = await claimSession(device, now);
      if (device === alice.device.id) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return claimed;
    };
    const late = world.connect(alice.device);
    await late.resume().catch(() => undefined);
    const second = world.newDevice(alice.device.accountKey);
    const answer = await world.connect(second).login('alice', PASSWORD, second.list([second], 2));
    expect(codeOf(answer)).toBe('welcome');
    release();
    await settle();
    expect(late.closeCode).toBe('revoked');
    expect(late.received.map((frame) => frame.type)).not.toContain('welcome');
  });

  it('[SV22] judges a login anew when another one has changed the list meanwhile', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const newDevice = () => world.newDevice(alice.device.accountKey);
    const [second, third, fourth] = [newDevice(), newDevice(), newDevice()];
    const answers = await Promise.all([
      world.connect(second).login('alice', PASSWORD, second.list([alice.device, second, third], 3)),
      world.connect(third).login('alice', PASSWORD, third.list([alice.device, third], 2)),
      world.connect(fourth).login('alice', PASSWORD, fourth.list([alice.device, fourth], 2)),
    ]);
    expect(answers.map(codeOf)).toEqual(['welcome', 'welcome', 'enroll-needed']);
    expect((await world.store.devicesOf(alice.account)).map(({ active }) => active)).toEqual([true, true, true]);
  });

  it('[SV26] limits password logins by source, but neither keys nor devices that the account knows', async () => {
    const world = await TestWorld.start({ passwordLoginsPerSourcePerMinute: 2 });
    const alice = await world.register('alice');
    for (let i = 0; i < 2; i++) expect(codeOf(await world.connect().login('alice'))).toBe('enroll-needed');
    expect(await world.connect().login('alice')).toMatchObject({ code: 'rate-limited' });
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
    await world.advance(31_000);
    expect(codeOf(await world.connect().login('alice'))).toBe('enroll-needed');
  });

  it('[SV26] limits guesses at one name from anywhere, known or not', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 2, passwordGuessesPerNamePerDay: 100 });
    await world.register('alice');
    for (const name of ['alice', 'nobody_here']) {
      const device = world.newDevice();
      const codes: string[] = [];
      for (let i = 0; i < 3; i++) {
        codes.push(codeOf(await world.connect(device, `192.0.2.${i}`).login(name, 'not the password')));
      }
      expect(codes).toEqual(['wrong-credentials', 'wrong-credentials', 'rate-limited']);
    }
  });

  it('[SV26] counts guesses that run at the same time', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 2, passwordGuessesPerNamePerDay: 100 });
    await world.register('alice');
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) => world.connect(undefined, `192.0.2.${i}`).login('alice', 'not the password')),
    );
    expect(answers.map(codeOf).toSorted()).toEqual([
      ...Array<string>(4).fill('rate-limited'),
      ...Array<string>(2).fill('wrong-credentials'),
    ]);
    expect(world.hasher.verifyCount).toBe(2);
  });

  it('[SV26] counts neither right passwords nor tries that were turned away unread', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 1, passwordGuessesPerNamePerDay: 1 });
    const alice = await world.register('alice');
    for (let i = 0; i < 3; i++) expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
    const { verify } = world.hasher;
    world.hasher.verify = () => Promise.reject(new Error('out of memory'));
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('internal');
    world.hasher.verify = verify;
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
  });

  it('[SV26] does not lock out a device of the account when others guess', async () => {
    const world = await TestWorld.start({ passwordGuessesPerNameBurst: 1, passwordGuessesPerNamePerDay: 1 });
    const alice = await world.register('alice');
    await alice.request({ type: 'logout' });
    for (const name of ['alice', '10001']) {
      await world.connect(undefined, '192.0.2.66').login(name, 'not the password');
    }
    expect(await world.connect().login('alice')).toMatchObject({ code: 'rate-limited' });
    expect(codeOf(await world.connect(alice.device).login('alice'))).toBe('welcome');
  });

  it('says busy, with a time, when the password queue is full', async () => {
    const world = await TestWorld.start();
    await world.register('alice');
    world.hasher.verify = () => new Promise(() => {});
    const device = world.newDevice();
    const pending = Array.from({ length: 3 }, () =>
      world
        .connect(device)
        .login('alice')
        .catch(() => undefined),
    );
    const third = world.connect(device);
    const answer = third.login('alice').catch(() => undefined);
    await Promise.all([...pending, answer]);
    await world.advance(4_000);
    expect(third.take('refused')).toMatchObject([{ code: 'busy', retryAfterMs: 3_000 }]);
  });
});

describe('login by device key (SV23)', () => {
  it('[SV23] needs no password', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.wire.drop();
    const before = world.hasher.verifyCount;
    const again = world.connect(alice.device);
    expect(await again.resume()).toMatchObject({ type: 'welcome', account: alice.account, loginCount: 2 });
    expect(again.welcome!.epoch).toBeGreaterThan(alice.welcome!.epoch);
    expect(world.hasher.verifyCount).toBe(before);
  });

  it('[SV23] refuses a key that never logged in', async () => {
    const world = await TestWorld.start();
    expect(codeOf(await world.connect().resume())).toBe('unknown-device');
  });

  it('[SV24] refuses a key after its logout, until a password login', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    expect(codeOf(await alice.request({ type: 'logout' }))).toBe('done');
    expect(alice.closed).toBe(true);
    const again = world.connect(alice.device);
    expect(codeOf(await again.resume())).toBe('unknown-device');
    expect(codeOf(await again.login('alice'))).toBe('welcome');
    again.wire.drop();
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
  });

  it('[SV22] never lets one device key serve two accounts', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const accountKey = newSigningKeyPair(world.random);
    const again = world.connect(alice.device);
    expect(codeOf(await again.register('alice_two'))).toBe('bad-device-list');
    expect(accountKey.publicKey).not.toEqual(alice.device.accountKey.publicKey);
  });
});
