import type { AccountName, AccountNumber, SessionEpoch } from '@magpie/common/ids.ts';
import { FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Account, DeviceKeys, Fence, Store } from '@magpie/server/store/store.ts';
import {
  DEVICES_REMEMBERED_MAX,
  FRIEND_TOMBSTONES_MAX,
  REQUEST_TOMBSTONES_MAX,
} from '@magpie/server/store/store-calls.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  deviceKeys,
  filled,
  list,
  NOW,
  newAccount,
  PASSWORD_HASH,
  registeredIn,
  sessionIn,
} from './server-store-samples.ts';

/** Every implementation of the server's Store passes these. */
export function serverStoreContract(engine: string, open: () => Promise<Store>): void {
  describe(`the server's store on ${engine}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.close());

    describe('accounts', () => {
      it('numbers accounts from 10001 up and finds them by name and number', async () => {
        const alice = await registered('alice');
        const bob = await registered('bob');
        expect([alice.account, bob.account]).toEqual([10_001, 10_002]);
        expect(await store.accountByName('alice' as AccountName)).toEqual(alice);
        expect(await store.accountByNumber(bob.account)).toEqual(bob);
        expect(await store.accountByName('carol' as AccountName)).toBeUndefined();
        expect(await store.accountByNumber(10_003 as AccountNumber)).toBeUndefined();
      });

      it('gives back what was registered, whatever the caller does with its buffers', async () => {
        const fresh = newAccount('alice', 1);
        const expected = { ...fresh, accountKey: fresh.accountKey.slice(), deviceList: fresh.deviceList.slice() };
        const answer = await store.register(fresh);
        fresh.accountKey.fill(0);
        fresh.deviceList.fill(0);
        expect(answer).toMatchObject({ ok: true, value: { rosterVersion: 0 } });
        expect(await store.accountByName('alice' as AccountName)).toEqual({
          account: 10_001,
          name: 'alice',
          displayName: 'alice 🐦',
          passwordHash: '$argon2id$x',
          accountKey: expected.accountKey,
          deviceList: expected.deviceList,
          deviceListVersion: 1,
          rosterVersion: 0,
          state: 'active',
          signatureLine: '',
          ask: 'anyone',
          question: '',
          showLastSeen: true,
          recoveryKey: filled(32, 1, 0x4e),
          sealedSeed: filled(48, 1, 0x5e),
          noticeAckedId: 0,
          createdAt: NOW,
        });
      });

      it('refuses a taken name and a device that belongs to somebody, and uses up no number for it', async () => {
        await registered('alice', 1);
        expect(await store.register(newAccount('alice', 2))).toEqual({ ok: false, error: 'name-taken' });
        expect(await store.register(newAccount('bob', 1))).toEqual({ ok: false, error: 'device-taken' });
        expect((await registered('carol', 3)).account).toBe(10_002);
      });

      it('lets one of two registrations of a name at the same time win', async () => {
        const answers = await Promise.all([1, 2, 3].map((seed) => store.register(newAccount('alice', seed))));
        expect(answers.map((answer) => answer.ok)).toEqual([true, false, false]);
      });
    });

    describe('devices and sessions', () => {
      it('knows a registered device by its exchange key', async () => {
        const { account } = await registered('alice', 1);
        const keys = deviceKeys(1);
        const rest = { active: true, epoch: 0, loginCount: 0, label: "alice's laptop", lastLoginAt: 0 };
        const expected = { ...keys, account, ...rest };
        expect(await store.deviceByExchangeKey(keys.exchangeKey)).toEqual(expected);
        expect(await store.devicesOf(account)).toEqual([expected]);
        expect(await store.deviceByExchangeKey(deviceKeys(2).exchangeKey)).toBeUndefined();
      });

      it('[R21] raises the epoch with every claim, also when the clock stands or steps back', async () => {
        await registered('alice', 1);
        const { device } = deviceKeys(1);
        const epochs: number[] = [];
        for (const now of [NOW, NOW, NOW - 5_000, NOW + 9]) {
          const claimed = await store.claimSession(device, now as WallMs);
          if (typeof claimed !== 'object') throw new Error('no session');
          epochs.push(claimed.device.epoch);
        }
        expect(epochs).toEqual([NOW, NOW + 1, NOW + 2, NOW + 9]);
        expect(await store.deviceByExchangeKey(deviceKeys(1).exchangeKey)).toMatchObject({ loginCount: 4 });
      });

      it('claims a session with the account it belongs to, and none for an unknown device', async () => {
        const alice = await registered('alice', 1);
        const claimed = await store.claimSession(deviceKeys(1).device, NOW);
        expect(claimed).toMatchObject({ account: alice, device: { loginCount: 1, epoch: NOW } });
        expect(await store.claimSession(deviceKeys(2).device, NOW)).toBeUndefined();
      });

      it('resumes by the key of an active device: a claim, its account and its friends in one', async () => {
        const [alice, bob] = await friends();
        const { device, exchangeKey } = deviceKeys(1);
        const stored = (await store.accountByNumber(alice.account))!;
        const { account, name, displayName, signatureLine, rosterVersion, deviceListVersion } = stored;
        const { showLastSeen, noticeAckedId } = stored;
        expect(await store.resumeSession(exchangeKey, NOW)).toEqual({
          account: {
            ...{ account, name, displayName, signatureLine, rosterVersion, deviceListVersion },
            ...{ showLastSeen, noticeAckedId },
          },
          device: { device, epoch: alice.epoch + 1, loginCount: 2 },
          friends: [bob.account],
        });
        expect(await store.resumeSession(deviceKeys(3).exchangeKey, NOW)).toBeUndefined();
        await store.setLocked(account, true);
        expect(await store.resumeSession(exchangeKey, NOW)).toBe('locked');
        await store.setLocked(account, false);
        await store.setPassword(account, 'another', undefined);
        expect(await store.resumeSession(exchangeKey, NOW)).toBeUndefined();
      });

      it('forgets the key of a device only for its newest session', async () => {
        await registered('alice', 1);
        const { device } = deviceKeys(1);
        await store.claimSession(device, NOW);
        await store.claimSession(device, NOW);
        expect(await store.deactivateDevice(device, NOW as number as SessionEpoch)).toBe(false);
        expect(await store.deactivateDevice(device, (NOW + 1) as SessionEpoch)).toBe(true);
        expect(await store.deactivateDevice(device, (NOW + 1) as SessionEpoch)).toBe(false);
        expect(await store.claimSession(device, NOW)).toBeUndefined();
        expect(await store.deviceByExchangeKey(deviceKeys(1).exchangeKey)).toMatchObject({ active: false });
      });

      it('activates a device again, or a second one, and keeps the epoch running', async () => {
        const { account } = await registered('alice', 1);
        const { device } = deviceKeys(1);
        await store.claimSession(device, NOW);
        await store.deactivateDevice(device, NOW as number as SessionEpoch);
        expect(await activate(account, 1, 1, [1])).toEqual({ ok: true, value: { touched: [], revoked: [] } });
        expect(await store.claimSession(device, 1 as WallMs)).toMatchObject({ device: { epoch: NOW + 1 } });
        expect(await activate(account, 2, 2, [1, 2])).toMatchObject({ ok: true, value: { revoked: [] } });
        expect((await store.devicesOf(account)).map((d) => d.active)).toEqual([true, true]);
      });

      it('replaces the signed list only by a newer one, and activates nothing by an older or another one', async () => {
        const { account } = await registered('alice', 1);
        await activate(account, 1, 3, [1]);
        const older = { ok: false, error: 'older-list' };
        expect(await activate(account, 2, 2, [1, 2])).toEqual(older);
        const { device } = deviceKeys(2);
        expect(await store.activateDevice(account, deviceKeys(2), list(9), 3, [device], '', PASSWORD_HASH)).toEqual(
          older,
        );
        expect(await store.accountByNumber(account)).toMatchObject({ deviceList: list(3), deviceListVersion: 3 });
        expect((await store.devicesOf(account)).map((d) => [d.device, d.active])).toEqual([
          [deviceKeys(1).device, true],
        ]);
      });

      it('[R21] forgets the keys of devices that the list holds no more, of this account only', async () => {
        const { account } = await registered('alice', 1);
        await registered('bob', 5);
        await activate(account, 2, 2, [1, 2]);
        await activate(account, 3, 3, [1, 2, 3]);
        await store.claimSession(deviceKeys(1).device, NOW);
        const revoked = [{ device: deviceKeys(1).device, epoch: NOW }];
        expect(await activate(account, 3, 4, [2, 3])).toEqual({ ok: true, value: { touched: [], revoked } });
        expect((await store.devicesOf(account)).map((d) => d.active)).toEqual([false, true, true]);
        expect(await store.claimSession(deviceKeys(1).device, NOW)).toBeUndefined();
        expect(await store.claimSession(deviceKeys(5).device, NOW)).toBeDefined();
        expect(await activate(account, 3, 5, [3])).toMatchObject({
          value: { revoked: [{ device: deviceKeys(2).device }] },
        });
        expect(await activate(account, 1, 6, [1, 3])).toMatchObject({ value: { revoked: [] } });
        expect(await store.claimSession(deviceKeys(1).device, NOW)).toMatchObject({ device: { epoch: NOW + 1 } });
      });

      it('refuses a device of another account, and known keys under another id', async () => {
        const { account } = await registered('alice', 1);
        await registered('bob', 2);
        const taken = { ok: false, error: 'device-taken' };
        expect(await activate(account, 2, 2, [1, 2])).toEqual(taken);
        const mixed: DeviceKeys = { ...deviceKeys(3), exchangeKey: deviceKeys(1).exchangeKey };
        expect(await store.activateDevice(account, mixed, list(2), 2, [mixed.device], '', PASSWORD_HASH)).toEqual(
          taken,
        );
        expect(await store.deviceByExchangeKey(deviceKeys(1).exchangeKey)).toMatchObject({ active: true });
        expect(await store.accountByNumber(account)).toMatchObject({ deviceListVersion: 1 });
      });

      it('remembers a bounded number of devices: of those off the list the oldest login goes first', async () => {
        const { account } = await registered('alice', 0);
        await store.claimSession(deviceKeys(0).device, NOW);
        for (let seed = 1; seed <= DEVICES_REMEMBERED_MAX; seed++) {
          await activate(account, seed, seed + 1, [0, 1, seed]);
          if (seed !== 1 && seed !== 5) await store.claimSession(deviceKeys(seed).device, (NOW + seed) as WallMs);
        }
        const devices = await store.devicesOf(account);
        expect(devices).toHaveLength(DEVICES_REMEMBERED_MAX);
        expect(await store.deviceByExchangeKey(deviceKeys(5).exchangeKey)).toBeUndefined();
        for (const seed of [0, 1, 2, DEVICES_REMEMBERED_MAX]) {
          expect(await store.deviceByExchangeKey(deviceKeys(seed).exchangeKey)).toBeDefined();
        }
        const both = await store.setLocked(account, true);
        expect(both!.revoked.map(({ device }) => device)).toEqual(
          [0, 1, DEVICES_REMEMBERED_MAX].map((seed) => deviceKeys(seed).device),
        );
      });
    });

    describe('friends', () => {
      it('shows a request on both sides, with its text and the next version of each list', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        expect(await store.friendAdd(alice, bob.account, 'it is me', NOW)).toEqual(touched(alice, 1, bob, 1));
        expect(await store.roster(alice.account, 0)).toEqual({
          version: 1,
          rows: [row('bob', bob, 2, { state: 'asked', version: 1, text: 'it is me' })],
        });
        expect(await store.roster(bob.account, 0)).toEqual({
          version: 1,
          rows: [row('alice', alice, 1, { state: 'asking', version: 1, text: 'it is me' })],
        });
        expect(await store.areFriends(alice.account, bob.account)).toBe(false);
      });

      it('makes friends by an accepted request: the text goes, the signed list comes', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        await store.friendAdd(alice, bob.account, 'it is me', NOW);
        expect(await store.friendAnswer(bob, alice.account, true, NOW)).toEqual(touched(bob, 2, alice, 2, true));
        expect(await store.roster(alice.account, 1)).toEqual({
          version: 2,
          rows: [row('bob', bob, 2, { state: 'member', version: 2, deviceList: list(2) })],
        });
        expect(await store.areFriends(alice.account, bob.account)).toBe(true);
        expect(await store.areFriends(bob.account, alice.account)).toBe(true);
        expect(await store.friendsOf(bob.account)).toEqual([alice.account]);
      });

      it('takes a request against a request as yes, also when both come at once', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        const answers = await Promise.all([
          store.friendAdd(alice, bob.account, 'a', NOW),
          store.friendAdd(bob, alice.account, 'b', NOW),
        ]);
        expect(answers).toMatchObject([{ value: { friends: false } }, { value: { friends: true } }]);
        expect(await store.areFriends(alice.account, bob.account)).toBe(true);
      });

      it('replaces the text of a repeated request, and touches nothing when it is the same', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        await store.friendAdd(alice, bob.account, 'a', NOW);
        expect(await store.friendAdd(alice, bob.account, 'a', NOW)).toEqual({
          ok: true,
          value: { friends: false, touched: [] },
        });
        expect(await store.friendAdd(alice, bob.account, 'b', NOW)).toEqual(touched(alice, 2, bob, 2));
        expect((await store.roster(bob.account, 0)).rows).toMatchObject([{ state: 'asking', text: 'b', version: 2 }]);
      });

      it.each([
        ['rejected', (store: Store, a: Fence, b: Fence) => store.friendAnswer(b, a.account, false, NOW)],
        ['withdrawn', (store: Store, a: Fence, b: Fence) => store.friendRemove(a, b.account, NOW)],
      ])('leaves a tombstone on both sides of a %s request, which can be made again', async (_how, end) => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        await store.friendAdd(alice, bob.account, 'a', NOW);
        expect(await end(store, alice, bob)).toMatchObject({ ok: true });
        for (const side of [alice, bob]) {
          expect((await store.roster(side.account, 1)).rows).toMatchObject([
            { state: 'removed', version: 2, text: '' },
          ]);
        }
        expect(await store.friendAdd(bob, alice.account, '', NOW)).toMatchObject({ ok: true });
        expect((await store.roster(alice.account, 2)).rows).toMatchObject([{ state: 'asking' }]);
      });

      it('keeps the newest tombstones of requests, beside those of friends, however many accounts ask and withdraw', async () => {
        const [alice, bob] = await friends();
        await store.friendRemove(bob, alice.account, NOW);
        const askers = await sessions('asker', REQUEST_TOMBSTONES_MAX + 3, 10);
        for (const asker of askers) {
          await store.friendAdd(asker, alice.account, '', NOW);
          await store.friendRemove(asker, alice.account, NOW);
        }
        const { version, rows } = await store.roster(alice.account, 0);
        expect(rows.map((r) => r.account)).toEqual([bob, ...askers.slice(3)].map(({ account }) => account));
        expect(rows.every((r) => r.state === 'removed')).toBe(true);
        expect(version).toBe(3 + 2 * askers.length);
        expect((await store.roster(askers[0]!.account, 0)).rows).toMatchObject([{ state: 'removed' }]);
        expect(await store.friendAdd(alice, askers[0]!.account, '', NOW)).toMatchObject({ ok: true });
      });

      it('keeps the newest tombstones of friends, and what a friend asks later makes none of them less', async () => {
        const alice = await session('alice', 1);
        const others = await sessions('other', FRIEND_TOMBSTONES_MAX + 2, 10);
        for (const batch of [others.slice(0, FRIENDS_MAX), others.slice(FRIENDS_MAX)]) {
          await Promise.all(
            batch.flatMap((other) => [
              store.friendAdd(other, alice.account, '', NOW),
              store.friendAnswer(alice, other.account, true, NOW),
            ]),
          );
          await Promise.all(batch.map((other) => store.friendRemove(other, alice.account, NOW)));
        }
        await store.friendAdd(others.at(-1)!, alice.account, '', NOW);
        await store.friendRemove(others.at(-1)!, alice.account, NOW);
        const { rows } = await store.roster(alice.account, 0);
        expect(rows.map((r) => r.account)).toEqual(others.slice(2).map(({ account }) => account));
      }, 30_000);

      it('removes a friend on both sides, without the signed list', async () => {
        const [alice, bob] = await friends();
        expect(await store.friendRemove(alice, bob.account, NOW)).toEqual(touched(alice, 3, bob, 3));
        expect(await store.areFriends(alice.account, bob.account)).toBe(false);
        expect(await store.friendsOf(alice.account)).toEqual([]);
        for (const side of [alice, bob]) {
          expect((await store.roster(side.account, 0)).rows).toMatchObject([
            { state: 'removed', deviceList: new Uint8Array(0) },
          ]);
        }
      });

      it('lists what changed since a version, ascending', async () => {
        const alice = await session('alice', 1);
        const others = [await session('bob', 2), await session('carol', 3), await session('dave', 4)];
        for (const other of others) await store.friendAdd(alice, other.account, 'x', NOW);
        await store.friendAdd(alice, others[0]!.account, 'y', NOW);
        const versions = async (since: number): Promise<unknown> =>
          (await store.roster(alice.account, since)).rows.map((r) => [r.name, r.version]);
        expect(await versions(0)).toEqual([
          ['carol', 2],
          ['dave', 3],
          ['bob', 4],
        ]);
        expect(await versions(3)).toEqual([['bob', 4]]);
        expect(await versions(4)).toEqual([]);
        expect((await store.roster(alice.account, 99)).version).toBe(4);
      });

      it('shows a newer device list to friends, and to nobody else', async () => {
        const [alice, bob] = await friends();
        const carol = await session('carol', 3);
        await store.friendAdd(carol, alice.account, '', NOW);
        expect(await activate(alice.account, 9, 9, [1, 9])).toEqual({
          ok: true,
          value: { touched: [{ account: bob.account, version: 3 }], revoked: [] },
        });
        expect((await store.roster(bob.account, 2)).rows).toMatchObject([{ name: 'alice', deviceList: list(9) }]);
        expect((await store.roster(carol.account, 0)).version).toBe(1);
      });

      it.each([
        ['oneself', 'self'],
        ['nobody', 'not-found'],
        ['a friend', 'already-friends'],
      ] as const)('refuses a request to %s', async (whom, error) => {
        const [alice, bob] = await friends();
        const to = { oneself: alice.account, nobody: 99_999 as AccountNumber, 'a friend': bob.account }[whom];
        expect(await store.friendAdd(alice, to, '', NOW)).toEqual({ ok: false, error });
      });

      it('refuses answers to requests that are not there, and removals of strangers', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        expect(await store.friendAnswer(alice, bob.account, true, NOW)).toEqual({ ok: false, error: 'not-found' });
        expect(await store.friendRemove(alice, bob.account, NOW)).toEqual({ ok: false, error: 'not-friends' });
        await store.friendAdd(alice, bob.account, '', NOW);
        expect(await store.friendAnswer(alice, bob.account, true, NOW)).toEqual({ ok: false, error: 'not-found' });
        expect(await store.friendRemove(bob, alice.account, NOW)).toEqual({ ok: false, error: 'not-friends' });
        expect((await store.roster(alice.account, 0)).version).toBe(1);
      });

      it('never tells by a removal or an answer whether a number is taken', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        for (const accept of [true, false]) {
          const answers = [bob.account, 99_999 as AccountNumber].map((number) =>
            store.friendAnswer(alice, number, accept, NOW),
          );
          expect(await answers[0]).toEqual(await answers[1]);
        }
        const removals = [bob.account, 99_999 as AccountNumber].map((number) => store.friendRemove(alice, number, NOW));
        expect(await removals[0]).toEqual(await removals[1]);
      });

      it('[R21] fences every write by the epoch of its session', async () => {
        const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
        await store.friendAdd(bob, alice.account, '', NOW);
        await store.claimSession(alice.device, NOW);
        const stale = { ok: false, error: 'stale-epoch' };
        expect(await store.friendAdd(alice, bob.account, '', NOW)).toEqual(stale);
        expect(await store.friendAnswer(alice, bob.account, true, NOW)).toEqual(stale);
        expect(await store.friendRemove(alice, bob.account, NOW)).toEqual(stale);
        const foreign: Fence = { ...bob, account: alice.account };
        expect(await store.friendAnswer(foreign, bob.account, true, NOW)).toEqual(stale);
        await store.deactivateDevice(bob.device, bob.epoch);
        expect(await store.friendRemove(bob, alice.account, NOW)).toEqual(stale);
        expect((await store.roster(alice.account, 0)).version).toBe(1);
      });

      it('bounds the requests that wait on either side', async () => {
        const alice = await session('alice', 0);
        const others = await Promise.all(
          Array.from({ length: REQUESTS_PENDING_MAX + 1 }, (_, i) => session(`user${i}`, i + 1)),
        );
        const [last, ...rest] = others;
        for (const other of rest)
          expect(await store.friendAdd(alice, other.account, '', NOW)).toMatchObject({ ok: true });
        expect(await store.friendAdd(alice, last!.account, '', NOW)).toEqual({ ok: false, error: 'too-many' });
        await store.friendRemove(alice, rest[0]!.account, NOW);
        expect(await store.friendAdd(alice, last!.account, '', NOW)).toMatchObject({ ok: true });

        const bob = await session('bob', 200);
        for (const other of rest)
          expect(await store.friendAdd(other, bob.account, '', NOW)).toMatchObject({ ok: true });
        expect(await store.friendAdd(last!, bob.account, '', NOW)).toEqual({ ok: false, error: 'too-many' });
      });
    });

    it('numbers notices', async () => {
      expect(await store.addNotice('公告 1', NOW)).toEqual({ id: 1, at: NOW, text: '公告 1' });
      expect(await store.addNotice('two', NOW)).toMatchObject({ id: 2 });
    });

    it('answers what was asked before close, refuses what comes after, and closes twice', async () => {
      const before = store.register(newAccount('alice', 1));
      const closed = store.close();
      await expect(before).resolves.toMatchObject({ ok: true });
      await closed;
      await store.close();
      await expect(store.areFriends(1 as AccountNumber, 2 as AccountNumber)).rejects.toMatchObject({
        code: 'store-failed',
        failure: 'closed',
      });
    });

    function registered(name: string, seed = name.length * 31 + name.charCodeAt(0)): Promise<Account> {
      return registeredIn(store, name, seed);
    }

    function session(name: string, seed: number): Promise<Fence> {
      return sessionIn(store, name, seed);
    }

    /** A login of the device `seed` by a list of the devices `listed`; lists of one version are one list. */
    function activate(
      account: AccountNumber,
      seed: number,
      version: number,
      listed: readonly number[],
    ): ReturnType<Store['activateDevice']> {
      const ids = listed.map((each) => deviceKeys(each).device);
      return store.activateDevice(
        account,
        deviceKeys(seed),
        list(version),
        version,
        ids,
        `device ${seed}`,
        PASSWORD_HASH,
      );
    }

    /** Accounts `<name>0`, `<name>1`, …, logged in. */
    function sessions(name: string, count: number, firstSeed: number): Promise<readonly Fence[]> {
      return Promise.all(Array.from({ length: count }, (_, i) => session(`${name}${i}`, firstSeed + i)));
    }

    async function friends(): Promise<readonly [Fence, Fence]> {
      const [alice, bob] = [await session('alice', 1), await session('bob', 2)];
      await store.friendAdd(alice, bob.account, '', NOW);
      await store.friendAnswer(bob, alice.account, true, NOW);
      return [alice, bob];
    }
  });
}

function row(name: string, of: Fence, seed: number, rest: object): object {
  const shown = { displayName: `${name} 🐦`, accountKey: filled(32, seed, 0xa1), deviceList: new Uint8Array(0) };
  return { account: of.account, name, text: '', signatureLine: '', ...shown, ...rest };
}

/** What a change of a pair gives: the new versions of both lists, and whether the two are friends now. */
function touched(a: Fence, aVersion: number, b: Fence, bVersion: number, friends = false): object {
  return {
    ok: true,
    value: {
      friends,
      touched: [
        { account: a.account, version: aVersion },
        { account: b.account, version: bVersion },
      ],
    },
  };
}
