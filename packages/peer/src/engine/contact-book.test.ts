import type { AccountName, AccountNumber, SessionEpoch } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { type Contact, NO_NOTES } from '../store/store.ts';
import { ContactBook, isSelf, keyChanged } from './contact-book.ts';
import { type DeviceKeys, deviceKeysOf } from './device-keys.ts';
import { newIdentity } from './test-world.ts';

const bobKeys = keysOf('bob');
const carolKeys = keysOf('carol');
const BOB = 10_002 as AccountNumber;

describe('finding somebody', () => {
  it('takes a number, or a name in any case', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    for (const who of ['bob', 'BOB', ' Bob ', '10002'])
      expect(book.find(who)).toMatchObject({ value: { account: BOB } });
    for (const who of ['', 'bo', 'bobb', '10003', '2', 'Bob Smith']) {
      expect(book.find(who)).toEqual({ ok: false, error: { code: 'NOT_FOUND', detail: { who } } });
    }
  });

  it('[ID20] takes a name that two numbers have for nobody, and each by its number', () => {
    const carol = 10_003 as AccountNumber;
    const book = bookOf(contact('bob', BOB, bobKeys), contact('bob', carol, carolKeys));
    expect(book.find('bob')).toMatchObject({ error: { code: 'AMBIGUOUS' } });
    expect(book.find('10003')).toMatchObject({ value: { account: carol } });
  });

  it('for a message finds friends only', () => {
    for (const state of ['asked', 'asking', 'removed'] as const) {
      const book = bookOf({ ...contact('bob', BOB, bobKeys), state });
      expect(book.find('bob').ok).toBe(true);
      expect(book.findFriend('bob')).toMatchObject({ error: { code: 'NOT_FRIENDS' } });
    }
    expect(bookOf(contact('bob', BOB, bobKeys)).findFriend('bob').ok).toBe(true);
  });

  it('knows oneself by number and by name in any case', () => {
    const profile = { name: 'bob' as AccountName, account: BOB } as Parameters<typeof isSelf>[1];
    expect(['bob', ' BOB ', '10002'].map((who) => isSelf(who, profile))).toEqual([true, true, true]);
    expect(isSelf('alice', profile)).toBe(false);
  });
});

describe('devices (R6)', () => {
  it('are those that the pinned account key has signed', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    expect(book.devicesOf(BOB)).toEqual([
      { device: bobKeys.device, account: BOB, exchangeKey: bobKeys.exchange.publicKey, listVersion: 1 },
    ]);
    expect(book.device(bobKeys.device)?.account).toBe(BOB);
  });

  it.each([
    ['a list signed by somebody else', { deviceList: carolKeys.deviceList }],
    ['a forged list', { deviceList: flipped(bobKeys.deviceList) }],
    ['no list', { deviceList: new Uint8Array(0) }],
    [
      'an account key that is not the pinned one',
      { accountKey: carolKeys.accountKey, deviceList: carolKeys.deviceList },
    ],
    ['a request that nobody has accepted', { state: 'asking' as const }],
  ])('there are none with %s', (_, patch) => {
    const book = bookOf({ ...contact('bob', BOB, bobKeys), ...patch });
    expect(book.devicesOf(BOB)).toEqual([]);
    expect(book.device(bobKeys.device)).toBeUndefined();
    expect(book.device(carolKeys.device)).toBeUndefined();
  });

  it('go with the friendship, and when the account key changes', () => {
    for (const patch of [
      { state: 'removed' as const, deviceList: new Uint8Array(0) },
      { accountKey: carolKeys.accountKey, deviceList: carolKeys.deviceList },
    ]) {
      const book = bookOf(contact('bob', BOB, bobKeys));
      expect(book.load([{ ...contact('bob', BOB, bobKeys), ...patch, version: 2 }])).toEqual([BOB]);
      expect(book.devicesOf(BOB)).toEqual([]);
    }
  });

  it('say when the key changed', () => {
    const bob = contact('bob', BOB, bobKeys);
    expect(keyChanged(bob)).toBe(false);
    expect(keyChanged({ ...bob, accountKey: carolKeys.accountKey })).toBe(true);
    expect(keyChanged({ ...bob, pinnedKey: new Uint8Array(0) })).toBe(false);
  });

  it('[ID6] zeros are no key: not a changed one, and none that certifies a device', () => {
    const bob = { ...contact('bob', BOB, bobKeys), accountKey: new Uint8Array(32) };
    expect(keyChanged(bob)).toBe(false);
    expect(bookOf(bob).devicesOf(BOB)).toEqual([]);
  });
});

describe('who is meant', () => {
  const carol = contact('carol', 10_003 as AccountNumber, carolKeys);
  const remarked = (of: Contact, remark: string): Contact => ({ ...of, local: { ...NO_NOTES, remark } });

  it('is told by number, name or remark, in any case', () => {
    const book = bookOf(remarked(contact('bob', BOB, bobKeys), 'Uncle Bob'), carol);
    for (const who of ['10002', 'BOB', ' uncle bob ']) expect(book.find(who)).toMatchObject({ value: { name: 'bob' } });
    expect(book.find('uncle')).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(book.find('')).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('is the one of that name, whatever remark somebody else has', () => {
    const book = bookOf(remarked(contact('bob', BOB, bobKeys), 'carol'), carol);
    expect(book.find('carol')).toMatchObject({ value: { name: 'carol' } });
  });

  it('is not guessed when two have the same remark', () => {
    const book = bookOf(remarked(contact('bob', BOB, bobKeys), 'boss'), remarked(carol, 'Boss'));
    expect(book.find('boss')).toMatchObject({ error: { code: 'AMBIGUOUS' } });
    book.load([{ ...remarked(carol, 'Boss'), state: 'removed', version: 2 }]);
    expect(book.find('boss')).toMatchObject({ value: { name: 'bob' } });
  });
});

describe('what changed', () => {
  it('is what has another version than before', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    const carol = contact('carol', 10_003 as AccountNumber, carolKeys);
    expect(book.load([contact('bob', BOB, bobKeys), carol])).toEqual([10_003]);
    expect(book.load([contact('bob', BOB, bobKeys), carol])).toEqual([]);
    book.addUnread(BOB, 2);
    expect(book.get(BOB)?.unread).toBe(2);
  });

  it('counts no message twice that a load has seen before it was told of', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    book.load([{ ...contact('bob', BOB, bobKeys), version: 9, unread: 3 }]);
    book.addUnread(BOB, 3);
    expect(book.get(BOB)?.unread).toBe(3);
    book.addUnread(BOB, -2);
    expect(book.get(BOB)?.unread).toBe(1);
  });
});

describe('what the user changes', () => {
  it('[ID6] gives the devices back when the new key was taken, although the server said nothing new', () => {
    const bob = contact('bob', BOB, bobKeys);
    const changed = { ...bob, pinnedKey: carolKeys.accountKey };
    const book = bookOf(changed);
    expect(book.devicesOf(BOB)).toEqual([]);
    expect(book.load([bob])).toEqual([BOB]);
    expect(book.devicesOf(BOB)).toHaveLength(1);
  });

  it('takes the devices away while their list does not follow from the one known', () => {
    const bob = contact('bob', BOB, bobKeys);
    const book = bookOf(bob);
    const broken = { ...bob, local: { ...NO_NOTES, listBroken: true } };
    expect(keyChanged(broken)).toBe(true);
    expect(book.load([broken])).toEqual([BOB]);
    expect(book.device(bobKeys.device)).toBeUndefined();
    expect(book.load([bob])).toEqual([BOB]);
    expect(book.device(bobKeys.device)).toBeDefined();
  });

  it('is told once', () => {
    const bob = contact('bob', BOB, bobKeys);
    const book = bookOf(bob);
    const noted = { ...bob, local: { ...NO_NOTES, group: 'work', neverDirect: true } };
    expect(book.load([noted])).toEqual([BOB]);
    expect(book.load([{ ...noted, local: { ...noted.local } }])).toEqual([]);
  });
});

describe('last seen', () => {
  const entry = (status: 'online' | 'offline', lastSeenWallMs: number) =>
    ({ account: BOB, status, devices: [], text: '', lastSeenWallMs }) as const;

  it('is that of a friend who is offline and tells', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    book.beginPresence();
    expect(book.lastSeenOf(BOB)).toBeUndefined();
    book.setPresence(entry('offline', 600_000));
    expect(book.lastSeenOf(BOB)).toBe(600_000);
    book.setPresence(entry('online', 0));
    expect(book.lastSeenOf(BOB)).toBeUndefined();
    book.setPresence(entry('offline', 0));
    expect(book.lastSeenOf(BOB)).toBeUndefined();
  });

  it('of an answer counts only while the friend is offline, and no longer than the link', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    book.beginPresence();
    book.setPresence(entry('online', 0));
    book.setLastSeen(BOB, 600_000);
    expect(book.presenceOf(BOB)).toBe('online');
    book.setPresence(entry('offline', 0));
    book.setLastSeen(BOB, 600_000);
    expect(book.lastSeenOf(BOB)).toBe(600_000);
    book.forgetPresence();
    expect(book.lastSeenOf(BOB)).toBeUndefined();
  });
});

describe('presence', () => {
  it('[SV41] is unknown until the server tells, then offline for whom it does not name', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    expect(book.presenceOf(BOB)).toBe('unknown');
    expect(book.beginPresence()).toBe(true);
    expect(book.presenceOf(BOB)).toBe('offline');
    expect(book.beginPresence()).toBe(false);
    book.setPresence({ account: BOB, status: 'away', devices: [], text: '', lastSeenWallMs: 0 });
    expect(book.presenceOf(BOB)).toBe('away');
    book.forgetPresence();
    expect(book.presenceOf(BOB)).toBe('unknown');
  });

  it('[SV41] names devices that logged in anew, by a higher epoch', () => {
    const book = bookOf(contact('bob', BOB, bobKeys));
    const tell = (epoch: number) =>
      book.setPresence({
        account: BOB,
        status: 'online',
        devices: [{ device: bobKeys.device, epoch: epoch as SessionEpoch }],
        text: '',
        lastSeenWallMs: 0,
      });
    expect(tell(5)).toEqual([bobKeys.device]);
    expect(tell(5)).toEqual([]);
    expect(tell(6)).toEqual([bobKeys.device]);
    book.forgetPresence();
    expect(tell(6)).toEqual([bobKeys.device]);
  });
});

function bookOf(...contacts: readonly Contact[]): ContactBook {
  const book = new ContactBook();
  book.load(contacts);
  return book;
}

function contact(name: string, account: AccountNumber, keys: DeviceKeys): Contact {
  return {
    account,
    name: name as AccountName,
    displayName: name,
    state: 'member',
    version: 1,
    accountKey: keys.accountKey,
    deviceList: keys.deviceList,
    text: '',
    pinnedKey: keys.accountKey,
    unread: 0,
    signatureLine: '',
    local: NO_NOTES,
  };
}

function keysOf(name: string): DeviceKeys {
  return deviceKeysOf(newIdentity(new SeededRandom(1, name)));
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[50] = copy[50]! ^ 1;
  return copy;
}
