import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import {
  type Enrollment,
  type Fence,
  NO_ACCOUNT_KEY,
  type PasswordCondition,
  type Store,
} from '@magpie/server/store/store.ts';
import { STORE_PAGE_MAX } from '@magpie/server/store/store-calls.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  claimedIn,
  deviceKeys,
  filled,
  friendsIn,
  list,
  NOW,
  newAccount,
  PASSWORD_HASH,
  registeredIn,
  rowIn,
  sessionIn,
} from './server-store-samples.ts';

const STRANGER = 99_999 as AccountNumber;

/** Passwords, locks, deletion, second computers and the chain of their lists. */
export function serverStoreAccountsContract(engine: string, open: () => Promise<Store>): void {
  describe(`accounts and devices in the server's store on ${engine}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.close());

    describe('accounts of the operator', () => {
      it('[R32] makes an account without keys, which its first device gives it', async () => {
        const account = await keyless('alice');
        expect(await store.accountByName('alice' as AccountName)).toMatchObject({
          accountKey: NO_ACCOUNT_KEY,
          deviceList: new Uint8Array(0),
          deviceListVersion: 0,
          sealedSeed: new Uint8Array(0),
          state: 'active',
        });
        expect(await store.deviceChain(account, 0, 10)).toEqual([]);
        const first = enrollment(1, { expectedAccountKey: NO_ACCOUNT_KEY, deviceListVersion: 1, listed: ids(1) });
        expect(await store.enroll(account, first)).toEqual({ ok: true, value: { touched: [], revoked: [] } });
        const second = enrollment(2, { expectedAccountKey: NO_ACCOUNT_KEY, deviceListVersion: 1, listed: ids(2) });
        expect(await store.enroll(account, second)).toEqual({ ok: false, error: 'key-changed' });
        expect((await claimedIn(store, 1)).account).toBe(account);
        expect(await store.accountByNumber(account)).toMatchObject({
          accountKey: first.accountKey,
          deviceListVersion: 1,
        });
      });

      it('numbers both kinds of accounts in one row, and refuses a taken name', async () => {
        await registeredIn(store, 'alice', 1);
        expect(await keyless('bob')).toBe(10_002);
        const taken = { ok: false, error: 'name-taken' };
        const fresh = { name: 'alice' as AccountName, displayName: '', passwordHash: '', createdAt: NOW };
        expect(await store.addAccount(fresh)).toEqual(taken);
        expect(await store.register(newAccount('bob', 2))).toEqual(taken);
      });

      it('lists accounts by number, finds them by part of a name in any case, and bounds a page', async () => {
        const alice = await sessionIn(store, 'alice', 1);
        await registeredIn(store, 'bob_a', 2);
        await store.setProfile(alice, { displayName: 'Ärztin 李', signatureLine: '' });
        await store.setLocked(10_002 as AccountNumber, true);
        expect(await store.accounts(0, 10, '')).toEqual([
          {
            account: 10_001,
            name: 'alice',
            displayName: 'Ärztin 李',
            state: 'active',
            createdAt: NOW,
            lastLoginAt: NOW,
            devices: 1,
          },
          {
            account: 10_002,
            name: 'bob_a',
            displayName: 'bob_a 🐦',
            state: 'locked',
            createdAt: NOW,
            lastLoginAt: 0,
            devices: 1,
          },
        ]);
        const found = async (after: number, limit: number, text: string): Promise<unknown> =>
          (await store.accounts(after, limit, text)).map(({ account }) => account);
        expect(await found(10_001, 10, '')).toEqual([10_002]);
        expect(await found(0, 1, '')).toEqual([10_001]);
        expect(await found(0, 10, 'äRZTIN')).toEqual([10_001]);
        expect(await found(0, 10, 'BOB_')).toEqual([10_002]);
        expect(await found(0, 10, '%')).toEqual([]);
        expect(await found(0, -1, '')).toEqual([]);
        const names = Array.from({ length: STORE_PAGE_MAX }, (_, i) => keyless(`user${i}`));
        await Promise.all(names);
        expect(await store.accounts(0, 10 * STORE_PAGE_MAX, '')).toHaveLength(STORE_PAGE_MAX);
      });

      it('counts what there is', async () => {
        const [alice] = await friendsIn(store);
        await registeredIn(store, 'carol', 3);
        const dave = await registeredIn(store, 'dave', 4);
        await store.setLocked(10_003 as AccountNumber, true);
        await store.deleteAccount(dave.account, NOW);
        await store.deactivateDevice(alice.device, alice.epoch);
        await store.addNotice('hello', NOW);
        await store.addInvite({ hash: filled(32, 1, 1), createdAt: NOW, expiresAt: later(1), usesLeft: 1 });
        const expected = {
          accounts: 3,
          locked: 1,
          deleted: 1,
          devices: 2,
          friendships: 1,
          notices: 1,
          invites: 1,
          mails: 0,
          mailBytes: 0,
        };
        expect(await store.counts()).toEqual(expected);
      });
    });

    describe('passwords', () => {
      it('[R21] changes a password: all devices but the one that did it must give it, and stay listed', async () => {
        const { account } = await registeredIn(store, 'alice', 1);
        await activate(account, 2, 2, ids(1, 2));
        await claimedIn(store, 1);
        const kept = await claimedIn(store, 2);
        const condition = { by: kept, passwordHash: PASSWORD_HASH };
        expect(await store.setPassword(account, 'new', condition)).toEqual({
          ok: true,
          value: { revoked: [{ device: deviceKeys(1).device, epoch: NOW }] },
        });
        expect(await store.accountByNumber(account)).toMatchObject({ passwordHash: 'new', deviceListVersion: 2 });
        expect(await store.claimSession(deviceKeys(1).device, NOW)).toBeUndefined();
        expect(await store.claimSession(kept.device, NOW)).toBeDefined();
        const [again, nothing] = [await activate(account, 1, 2, ids(1, 2), 'new'), { touched: [], revoked: [] }];
        expect(again).toEqual({ ok: true, value: nothing });
        expect(await store.claimSession(deviceKeys(1).device, NOW)).toMatchObject({ device: { epoch: NOW + 1 } });
        const byOperator = await store.setPassword(account, 'newer', undefined);
        expect(byOperator.ok && byOperator.value.revoked).toHaveLength(2);
        expect(await store.setPassword(STRANGER, 'x', undefined)).toEqual({ ok: false, error: 'password-changed' });
      });

      it('[SV5] changes a password only while session, password, recovery key and account are what they were', async () => {
        const old = await sessionIn(store, 'alice', 1);
        const { account } = old;
        const alice = await claimedAgain(old);
        const { recoveryKey } = newAccount('alice', 1);
        const passwordHash = PASSWORD_HASH;
        const refused = (condition: PasswordCondition) => store.setPassword(account, 'new', condition);
        expect(await refused({ by: old, passwordHash })).toEqual({ ok: false, error: 'stale-epoch' });
        expect(await refused({ by: alice, passwordHash: 'x' })).toEqual({ ok: false, error: 'password-changed' });
        const other = { passwordHash, recoveryKey: filled(32, 9, 9) };
        expect(await refused(other)).toEqual({ ok: false, error: 'password-changed' });
        await store.setLocked(account, true);
        expect(await refused({ by: alice, passwordHash })).toEqual({ ok: false, error: 'locked' });
        expect(await store.deleteAccount(account, NOW, alice)).toBeUndefined();
        await store.setLocked(account, false);
        expect(await store.accountByNumber(account)).toMatchObject({ passwordHash });
        expect(await store.deleteAccount(account, NOW, old)).toBeUndefined();
        expect(await refused({ passwordHash, recoveryKey })).toMatchObject({ value: { revoked: [{}] } });
        expect(await store.deleteAccount(account, NOW, alice)).toBeUndefined();
        expect(await store.accountByNumber(account)).toMatchObject({ passwordHash: 'new', state: 'active' });
      });

      it('[SV100] lets no device in by a password that holds no longer, nor into a locked account', async () => {
        const { account, accountKey } = await registeredIn(store, 'alice', 1);
        const before = [await store.accountByNumber(account), await store.devicesOf(account)];
        const enroll = (expectedPasswordHash: string) =>
          store.enroll(
            account,
            enrollment(8, { expectedAccountKey: accountKey, expectedPasswordHash, deviceListVersion: 2 }),
          );
        const changed = { ok: false, error: 'password-changed' };
        expect(await activate(account, 2, 2, ids(2), 'another')).toEqual(changed);
        expect(await enroll('another')).toEqual(changed);
        expect([await store.accountByNumber(account), await store.devicesOf(account)]).toEqual(before);
        await store.setLocked(account, true);
        expect(await activate(account, 2, 2, ids(2))).toEqual({ ok: false, error: 'locked' });
        expect(await enroll(PASSWORD_HASH)).toEqual({ ok: false, error: 'locked' });
        expect(await store.devicesOf(account)).toEqual(before[1]);
      });

      it('rehashes only the password that was given', async () => {
        const { account, passwordHash } = await registeredIn(store, 'alice', 1);
        expect(await store.rehashPassword(account, 'another', 'wrong')).toBe(false);
        expect(await store.accountByNumber(account)).toMatchObject({ passwordHash });
        expect(await store.rehashPassword(account, passwordHash, 'stronger')).toBe(true);
        expect(await store.accountByNumber(account)).toMatchObject({ passwordHash: 'stronger' });
      });

      it('keeps the newest recovery', async () => {
        const alice = await sessionIn(store, 'alice', 1);
        const recovery = { recoveryKey: filled(32, 7, 7), sealedSeed: filled(48, 7, 7) };
        expect(await store.setRecovery(alice, recovery)).toEqual({ ok: true, value: undefined });
        expect(await store.accountByNumber(alice.account)).toMatchObject(recovery);
      });
    });

    describe('locks and deletion', () => {
      it('lets no device of a locked account in, and all of them after the unlock', async () => {
        const alice = await sessionIn(store, 'alice', 1);
        const { account, device, epoch } = alice;
        expect(await store.setLocked(account, true)).toEqual({ revoked: [{ device, epoch }] });
        expect(await store.claimSession(device, NOW)).toBe('locked');
        expect(await store.deviceByExchangeKey(deviceKeys(1).exchangeKey)).toMatchObject({ epoch, loginCount: 1 });
        expect(await store.claimSession(deviceKeys(2).device, NOW)).toBeUndefined();
        expect(await store.setLocked(account, false)).toEqual({ revoked: [] });
        expect(await store.claimSession(device, NOW)).toMatchObject({ device: { epoch: NOW + 1 } });
        expect(await store.setLocked(STRANGER, true)).toBeUndefined();
      });

      it('leaves of a deleted account its name and number, a tombstone with its friends, and nothing else', async () => {
        const [alice, bob] = await friendsIn(store);
        const [carol, dave] = [await sessionIn(store, 'carol', 3), await sessionIn(store, 'dave', 4)];
        await store.friendAdd(carol, alice.account, 'hi', NOW);
        await store.block(alice, dave.account, NOW);
        await store.friendAdd(dave, alice.account, 'hi', NOW);
        await store.noteLastSeen([{ account: alice.account, at: NOW }]);
        expect(await store.deleteAccount(alice.account, NOW)).toEqual({
          friends: [bob.account],
          touched: [
            { account: bob.account, version: 3 },
            { account: carol.account, version: 2 },
            { account: dave.account, version: 2 },
          ],
          revoked: [{ device: alice.device, epoch: alice.epoch }],
        });
        expect(await store.accountByName('alice' as AccountName)).toMatchObject({
          account: alice.account,
          displayName: 'alice',
          passwordHash: '',
          accountKey: NO_ACCOUNT_KEY,
          deviceList: new Uint8Array(0),
          sealedSeed: new Uint8Array(0),
          state: 'deleted',
        });
        expect(await store.devicesOf(alice.account)).toEqual([]);
        expect(await store.deviceChain(alice.account, 0, 10)).toEqual([]);
        expect((await store.roster(alice.account, 0)).rows).toEqual([]);
        for (const other of [bob, carol, dave]) {
          expect(await rowIn(store, other, alice)).toMatchObject({ state: 'removed', name: 'alice', text: '' });
        }
        expect(await store.claimSession(alice.device, NOW)).toBeUndefined();
        expect(await store.friendAdd(alice, bob.account, '', NOW)).toEqual({ ok: false, error: 'stale-epoch' });
      });

      it('gives neither the name nor the number of a deleted account again, and changes it no more', async () => {
        const [alice, bob] = await friendsIn(store);
        await store.deleteAccount(alice.account, NOW);
        expect(await store.register(newAccount('alice', 9))).toEqual({ ok: false, error: 'name-taken' });
        expect((await registeredIn(store, 'carol', 1)).account).toBe(10_003);
        expect(await store.deleteAccount(alice.account, NOW)).toBeUndefined();
        expect(await store.deleteAccount(STRANGER, NOW)).toBeUndefined();
        expect(await store.setLocked(alice.account, false)).toBeUndefined();
        expect(await store.setPassword(alice.account, 'x', undefined)).toMatchObject({ ok: false });
        expect(await store.rehashPassword(alice.account, '', 'x')).toBe(false);
        expect(await activate(alice.account, 8, 8, ids(8))).toEqual({ ok: false, error: 'device-taken' });
        const back = enrollment(8, { expectedAccountKey: NO_ACCOUNT_KEY, deviceListVersion: 8, listed: ids(8) });
        expect(await store.enroll(alice.account, back)).toEqual({ ok: false, error: 'key-changed' });
        const notFound = { ok: false, error: 'not-found' };
        expect(await store.friendAdd(bob, alice.account, '', NOW)).toEqual(notFound);
        expect(await store.block(bob, alice.account, NOW)).toEqual(notFound);
        expect(await store.accountByNumber(alice.account)).toMatchObject({ passwordHash: '', state: 'deleted' });
      });
    });

    describe('second computers', () => {
      it('[R7] takes a device into the list, keeps the recovery, and shows the list to friends', async () => {
        const [alice, bob] = await friendsIn(store);
        const { accountKey, recoveryKey, sealedSeed } = (await store.accountByNumber(alice.account))!;
        const second = enrollment(8, { expectedAccountKey: accountKey, accountKey, deviceListVersion: 2 });
        expect(await store.enroll(alice.account, { ...second, listed: ids(1, 8) })).toEqual({
          ok: true,
          value: { touched: [{ account: bob.account, version: 3 }], revoked: [] },
        });
        expect(await store.accountByNumber(alice.account)).toMatchObject({
          accountKey,
          deviceList: second.deviceList,
          deviceListVersion: 2,
          recoveryKey,
          sealedSeed,
        });
        expect(await rowIn(store, bob, alice)).toMatchObject({ deviceList: second.deviceList });
        expect((await claimedIn(store, 8)).account).toBe(alice.account);
        expect(await store.deviceChain(alice.account, 0, 10)).toEqual([list(1), second.deviceList]);
        expect(await store.deviceChain(alice.account, 1, 10)).toEqual([second.deviceList]);
      });

      it('[R7] begins a new chain with a new account key, revokes what the list does not hold, and tells all who see it', async () => {
        const [alice, bob] = await friendsIn(store);
        const carol = await sessionIn(store, 'carol', 3);
        await store.friendAdd(carol, alice.account, '', NOW);
        const { accountKey } = (await store.accountByNumber(alice.account))!;
        const recovery = { recoveryKey: filled(32, 9, 1), sealedSeed: filled(48, 9, 2) };
        const fresh = enrollment(8, { expectedAccountKey: accountKey, deviceListVersion: 2, listed: ids(8), recovery });
        expect(await store.enroll(alice.account, fresh)).toEqual({
          ok: true,
          value: {
            touched: [
              { account: bob.account, version: 3 },
              { account: carol.account, version: 2 },
            ],
            revoked: [{ device: alice.device, epoch: alice.epoch }],
          },
        });
        expect(await store.accountByNumber(alice.account)).toMatchObject({ ...recovery, accountKey: fresh.accountKey });
        expect(await store.deviceChain(alice.account, 0, 10)).toEqual([fresh.deviceList]);
        expect(await rowIn(store, carol, alice)).toMatchObject({ accountKey: fresh.accountKey });
        expect(await store.claimSession(alice.device, NOW)).toBeUndefined();
      });

      it('enrolls nothing by an older list, under another key, or with the keys of another account', async () => {
        const { account, accountKey } = await registeredIn(store, 'alice', 1);
        await registeredIn(store, 'bob', 2);
        const good = enrollment(8, { expectedAccountKey: accountKey, accountKey, deviceListVersion: 2 });
        const before = [await store.accountByNumber(account), await store.devicesOf(account)];
        const refused = async (change: Partial<Enrollment>): Promise<unknown> =>
          store.enroll(account, { ...good, ...change });
        expect(await refused({ deviceListVersion: 1 })).toEqual({ ok: false, error: 'older-list' });
        expect(await refused({ expectedAccountKey: filled(32, 9, 9) })).toEqual({ ok: false, error: 'key-changed' });
        expect(await refused(deviceKeys(2))).toEqual({ ok: false, error: 'device-taken' });
        const mixed = { exchangeKey: deviceKeys(1).exchangeKey };
        expect(await refused(mixed)).toEqual({ ok: false, error: 'device-taken' });
        expect(await store.enroll(STRANGER, good)).toEqual({ ok: false, error: 'key-changed' });
        expect([await store.accountByNumber(account), await store.devicesOf(account)]).toEqual(before);
        expect(await store.deviceChain(account, 0, 10)).toEqual([list(1)]);
      });

      it('lets a device that is logged in publish a newer list, which revokes the others', async () => {
        const [alice, bob] = await friendsIn(store);
        await activate(alice.account, 8, 2, ids(1, 8));
        const second = await claimedIn(store, 8);
        const older = { ok: false, error: 'older-list' };
        expect(await store.replaceDeviceList(alice, list(3), 2, ids(1))).toEqual(older);
        expect(await store.replaceDeviceList(alice, list(3), 3, ids(1))).toEqual({
          ok: true,
          value: {
            touched: [{ account: bob.account, version: 4 }],
            revoked: [{ device: second.device, epoch: second.epoch }],
          },
        });
        expect(await store.claimSession(second.device, NOW)).toBeUndefined();
        expect(await rowIn(store, bob, alice)).toMatchObject({ deviceList: list(3) });
      });

      it('[R6] keeps the newest lists of a chain, in the order of their versions', async () => {
        const alice = await sessionIn(store, 'alice', 1);
        const count = DEVICE_CHAIN_MAX + 3;
        const versions = Array.from({ length: count - 1 }, (_, i) => i + 2);
        await Promise.all(versions.map((v) => store.replaceDeviceList(alice, list(v), v, ids(1))));
        expect(await store.deviceChain(alice.account, 0, 2)).toEqual([list(4), list(5)]);
        expect(await store.deviceChain(alice.account, count - 1, 32)).toEqual([list(count)]);
        expect(await store.deviceChain(alice.account, count, 32)).toEqual([]);
      });

      it('remembers label and last login of a device', async () => {
        const { account } = await registeredIn(store, 'alice', 1);
        await store.claimSession(deviceKeys(1).device, NOW);
        await store.claimSession(deviceKeys(1).device, later(-5));
        expect(await store.devicesOf(account)).toMatchObject([
          { label: "alice's laptop", lastLoginAt: NOW - 5, epoch: NOW + 1 },
        ]);
        await activate(account, 1, 1, ids(1));
        expect(await store.devicesOf(account)).toMatchObject([{ label: 'device 1' }]);
        await store.deactivateDevice(deviceKeys(1).device, (NOW + 1) as SessionEpoch);
        expect(await store.accounts(0, 1, '')).toMatchObject([{ devices: 0, lastLoginAt: NOW - 5 }]);
      });
    });

    async function keyless(name: string): Promise<AccountNumber> {
      const fresh = { name: name as AccountName, displayName: name, passwordHash: PASSWORD_HASH, createdAt: NOW };
      const answer = await store.addAccount(fresh);
      if (!answer.ok) throw new Error(answer.error);
      return answer.value.account;
    }

    function activate(
      account: AccountNumber,
      seed: number,
      version: number,
      listed: readonly DeviceId[],
      hash = PASSWORD_HASH,
    ) {
      const blob = list(version);
      return store.activateDevice(account, deviceKeys(seed), blob, version, listed, `device ${seed}`, hash);
    }

    /** The next session of the device. */
    async function claimedAgain(by: Fence): Promise<Fence> {
      const claimed = await store.claimSession(by.device, NOW);
      if (typeof claimed !== 'object') throw new Error('no session');
      return { ...by, epoch: claimed.device.epoch };
    }
  });
}

function enrollment(seed: number, rest: Partial<Enrollment>): Enrollment {
  return {
    ...deviceKeys(seed),
    label: `device ${seed}`,
    expectedAccountKey: NO_ACCOUNT_KEY,
    expectedPasswordHash: PASSWORD_HASH,
    accountKey: filled(32, seed, 0xc1),
    deviceList: filled(90, seed, 0xc2),
    deviceListVersion: 1,
    listed: ids(seed),
    ...rest,
  };
}

function ids(...seeds: readonly number[]): readonly DeviceId[] {
  return seeds.map((seed) => deviceKeys(seed).device);
}

function later(ms: number): WallMs {
  return (NOW + ms) as WallMs;
}
