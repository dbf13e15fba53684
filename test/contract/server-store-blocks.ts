import type { AccountNumber } from '@magpie/common/ids.ts';
import { BLOCKED_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { REQUESTS_OF_BLOCKED_MAX } from '@magpie/server/store/roster-rules.ts';
import type { Fence, Store } from '@magpie/server/store/store.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimedIn, friendsIn, list, NOW, rowIn, sessionIn } from './server-store-samples.ts';

const STRANGER = 99_999 as AccountNumber;

/** Blocks, policies and profiles: what the accounts see of each other. */
export function serverStoreBlocksContract(engine: string, open: () => Promise<Store>): void {
  describe(`blocks and policies in the server's store on ${engine}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.close());

    it('shows the blocked friend what a removal shows, to the last byte', async () => {
      const [alice, bob] = await friendsIn(store);
      const carol = await sessionIn(store, 'carol', 3);
      await store.friendAdd(alice, carol.account, '', NOW);
      await store.friendAnswer(carol, alice.account, true, NOW);
      expect(await store.friendRemove(alice, bob.account, NOW)).toMatchObject({ value: { friends: false } });
      expect(await store.block(alice, carol.account, NOW)).toEqual({
        ok: true,
        value: {
          friends: false,
          touched: [
            { account: alice.account, version: 6 },
            { account: carol.account, version: 3 },
          ],
        },
      });
      expect(await store.roster(carol.account, 0)).toEqual(await store.roster(bob.account, 0));
      expect(await rowIn(store, alice, carol)).toMatchObject({ state: 'blocked', deviceList: new Uint8Array(0) });
      expect(await store.areFriends(alice.account, carol.account)).toBe(false);
      expect(await store.rosterState(alice.account, carol.account)).toBe('blocked');
      expect(await store.rosterState(carol.account, alice.account)).toBe('removed');
      expect(await store.rosterState(carol.account, bob.account)).toBeUndefined();
      expect(await store.friendsOf(carol.account)).toEqual([]);
    });

    it.each([
      ['their request, as a rejection does', (a: Fence, b: Fence) => store.friendAdd(b, a.account, 'hi', NOW)],
      ['a request to them, as a withdrawal does', (a: Fence, b: Fence) => store.friendAdd(a, b.account, 'hi', NOW)],
    ])('ends %s', async (_what, ask) => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      await ask(alice, bob);
      await store.block(alice, bob.account, NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'removed', text: '', version: 2 });
    });

    it('makes no row and no version on the side of a stranger that is blocked', async () => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      const answer = await store.block(alice, bob.account, NOW);
      expect(answer).toEqual({
        ok: true,
        value: { friends: false, touched: [{ account: alice.account, version: 1 }] },
      });
      expect(await store.roster(bob.account, 0)).toEqual({ version: 0, rows: [] });
      const again = await store.block(alice, bob.account, NOW);
      expect(again).toEqual({ ok: true, value: { friends: false, touched: [] } });
    });

    it('keeps what a blocked account asks on its own side, with the answers that everybody gets', async () => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      await store.block(alice, bob.account, NOW);
      const before = await store.roster(alice.account, 0);
      expect(await store.friendAdd(bob, alice.account, 'please', NOW)).toEqual({
        ok: true,
        value: { friends: false, touched: [{ account: bob.account, version: 1 }] },
      });
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'asked', text: 'please' });
      await store.friendAdd(bob, alice.account, 'pretty please', NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'asked', text: 'pretty please', version: 2 });
      await store.friendRemove(bob, alice.account, NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'removed', version: 3 });
      expect(await store.roster(alice.account, 0)).toEqual(before);
    });

    it('shows after an unblock what was asked meanwhile, and tells the other side nothing', async () => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      await store.block(alice, bob.account, NOW);
      await store.friendAdd(bob, alice.account, 'please', NOW);
      const answer = await store.unblock(alice, bob.account, NOW);
      expect(answer).toEqual({
        ok: true,
        value: { friends: false, touched: [{ account: alice.account, version: 2 }] },
      });
      expect(await rowIn(store, alice, bob)).toMatchObject({ state: 'asking', text: 'please' });
      expect(await store.friendAnswer(alice, bob.account, true, NOW)).toMatchObject({ value: { friends: true } });
      expect(await store.areFriends(bob.account, alice.account)).toBe(true);
    });

    it('unblocks an account that asked nothing into a tombstone, and only one that is blocked', async () => {
      const [alice, bob] = await friendsIn(store);
      const notFound = { ok: false, error: 'not-found' };
      expect(await store.unblock(alice, bob.account, NOW)).toEqual(notFound);
      expect(await store.unblock(alice, STRANGER, NOW)).toEqual(notFound);
      await store.block(alice, bob.account, NOW);
      await store.unblock(alice, bob.account, NOW);
      expect(await rowIn(store, alice, bob)).toMatchObject({ state: 'removed' });
      expect(await store.friendAdd(alice, bob.account, '', NOW)).toMatchObject({ ok: true });
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'asking' });
    });

    it('lets two block each other, and each unblock alone', async () => {
      const [alice, bob] = await friendsIn(store);
      await store.block(alice, bob.account, NOW);
      await store.block(bob, alice.account, NOW);
      expect(await rowIn(store, alice, bob)).toMatchObject({ state: 'blocked' });
      await store.unblock(alice, bob.account, NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'blocked' });
      await store.friendAdd(alice, bob.account, 'sorry', NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'blocked', text: '' });
      await store.unblock(bob, alice.account, NOW);
      expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'asking', text: 'sorry' });
    });

    it('asks, answers and removes nobody that is blocked, and blocks neither oneself nor nobody', async () => {
      const [alice, bob] = await friendsIn(store);
      await store.block(alice, bob.account, NOW);
      expect(await store.friendAdd(alice, bob.account, '', NOW)).toEqual({ ok: false, error: 'blocked' });
      expect(await store.friendAnswer(alice, bob.account, true, NOW)).toEqual({ ok: false, error: 'not-found' });
      expect(await store.friendRemove(alice, bob.account, NOW)).toEqual({ ok: false, error: 'not-friends' });
      expect(await store.block(alice, alice.account, NOW)).toEqual({ ok: false, error: 'self' });
      expect(await store.block(alice, STRANGER, NOW)).toEqual({ ok: false, error: 'not-found' });
    });

    it('bounds the accounts that one blocks', async () => {
      const alice = await sessionIn(store, 'alice', 0);
      for (let first = 1; first <= BLOCKED_MAX; first += 100) {
        const seeds = Array.from({ length: 100 }, (_, i) => first + i);
        const others = await Promise.all(seeds.map((seed) => sessionIn(store, `user${seed}`, seed)));
        await Promise.all(others.map((other) => store.block(alice, other.account, NOW)));
      }
      const last = await sessionIn(store, 'last', BLOCKED_MAX + 1);
      expect(await store.block(alice, last.account, NOW)).toEqual({ ok: false, error: 'too-many' });
    }, 30_000);

    it('unblocks nobody whose request would be one too many', async () => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      const blocked = [bob, ...(await sessionsIn(store, REQUESTS_OF_BLOCKED_MAX))];
      for (const one of blocked) {
        await store.block(alice, one.account, NOW);
        await store.friendAdd(one, alice.account, '', NOW);
      }
      await askAll(store, await sessionsIn(store, REQUESTS_PENDING_MAX - REQUESTS_OF_BLOCKED_MAX, 300), alice);
      for (const one of blocked.slice(1)) {
        expect(await store.unblock(alice, one.account, NOW)).toMatchObject({ ok: true });
      }
      expect(await store.unblock(alice, bob.account, NOW)).toEqual({ ok: false, error: 'too-many' });
      expect(await rowIn(store, alice, bob)).toMatchObject({ state: 'blocked' });
    });

    it.each([false, true])('[SV35] lets nobody count requests to tell a block (blocked: %s)', async (blocked) => {
      const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
      if (blocked) await store.block(alice, bob.account, NOW);
      await askAll(store, await sessionsIn(store, REQUESTS_PENDING_MAX - 1), alice);
      expect(await store.friendAdd(bob, alice.account, '', NOW)).toMatchObject({ ok: true });
      const carol = await sessionIn(store, 'carol', 3);
      expect(await store.friendAdd(carol, alice.account, '', NOW)).toEqual({ ok: false, error: 'too-many' });
      await store.friendRemove(bob, alice.account, NOW);
      expect(await store.friendAdd(carol, alice.account, '', NOW)).toMatchObject({ ok: true });
    });

    it('[SV35] keeps half of the places for requests of those who are not blocked', async () => {
      const alice = await sessionIn(store, 'alice', 1);
      const blocked = await sessionsIn(store, REQUESTS_OF_BLOCKED_MAX + 5);
      for (const one of blocked) await store.block(alice, one.account, NOW);
      await askAll(store, blocked, alice);
      await askAll(store, await sessionsIn(store, REQUESTS_PENDING_MAX - REQUESTS_OF_BLOCKED_MAX, 300), alice);
      const last = await sessionIn(store, 'last', 3);
      expect(await store.friendAdd(last, alice.account, '', NOW)).toEqual({ ok: false, error: 'too-many' });
    });

    it('[R21] fences blocks, profiles, policies, recovery and device lists by the epoch of their session', async () => {
      const [alice, bob] = await friendsIn(store);
      await store.claimSession(alice.device, NOW);
      const stale = { ok: false, error: 'stale-epoch' };
      expect(await store.block(alice, bob.account, NOW)).toEqual(stale);
      expect(await store.unblock(alice, bob.account, NOW)).toEqual(stale);
      expect(await store.setProfile(alice, { displayName: 'x', signatureLine: 'x' })).toEqual(stale);
      expect(await store.setPolicy(alice, { ask: 'nobody', question: '', showLastSeen: false })).toEqual(stale);
      const recovery = { recoveryKey: new Uint8Array(32), sealedSeed: new Uint8Array(48) };
      expect(await store.setRecovery(alice, recovery)).toEqual(stale);
      expect(await store.replaceDeviceList(alice, list(9), 9, [alice.device])).toEqual(stale);
      expect(await store.accountByNumber(alice.account)).toMatchObject({
        displayName: 'alice 🐦',
        ask: 'anyone',
        deviceListVersion: 1,
      });
    });

    describe('policies', () => {
      it('asks for an answer under `question`, and takes no blank one', async () => {
        const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
        await store.setPolicy(alice, { ask: 'question', question: 'Which class?', showLastSeen: true });
        expect(await store.accountByNumber(alice.account)).toMatchObject({ ask: 'question', question: 'Which class?' });
        const needed = { ok: false, error: 'answer-needed' };
        expect(await store.friendAdd(bob, alice.account, '', NOW)).toEqual(needed);
        expect(await store.friendAdd(bob, alice.account, ' \n', NOW)).toEqual(needed);
        expect(await store.friendAdd(bob, alice.account, '3b', NOW)).toMatchObject({ ok: true });
        expect(await store.friendAdd(bob, alice.account, '', NOW)).toEqual(needed);
      });

      it('is unknown to strangers under `nobody`, also when one side has no room, and to those it blocked', async () => {
        const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
        await store.setPolicy(alice, { ask: 'nobody', question: '', showLastSeen: true });
        const notFound = await store.friendAdd(bob, STRANGER, 'hi', NOW);
        expect(await store.friendAdd(bob, alice.account, 'hi', NOW)).toEqual(notFound);
        expect(await store.block(bob, alice.account, NOW)).toEqual(notFound);
        await store.block(alice, bob.account, NOW);
        expect(await store.friendAdd(bob, alice.account, 'hi', NOW)).toEqual(notFound);
        expect(await store.roster(bob.account, 0)).toEqual({ version: 0, rows: [] });
      });

      it('lets those accept under `nobody` whom the account asked itself, and leaves its friends alone', async () => {
        const [alice, bob] = await friendsIn(store);
        const carol = await sessionIn(store, 'carol', 3);
        await store.setPolicy(alice, { ask: 'nobody', question: '', showLastSeen: true });
        await store.friendAdd(alice, carol.account, '', NOW);
        expect(await store.friendAdd(carol, alice.account, '', NOW)).toMatchObject({ value: { friends: true } });
        const already = { ok: false, error: 'already-friends' };
        expect(await store.friendAdd(bob, alice.account, '', NOW)).toEqual(already);
      });
    });

    describe('profiles', () => {
      it('shows a new profile to friends and in open requests, and its line to nobody else', async () => {
        const [alice, bob] = await friendsIn(store);
        const [carol, dave, erin] = [
          await sessionIn(store, 'carol', 3),
          await sessionIn(store, 'dave', 4),
          await sessionIn(store, 'erin', 5),
        ];
        await store.friendAdd(carol, alice.account, '', NOW);
        await store.friendAdd(alice, dave.account, '', NOW);
        await store.friendAdd(erin, alice.account, '', NOW);
        await store.friendRemove(erin, alice.account, NOW);
        const profile = { displayName: '爱丽丝', signatureLine: 'in the library' };
        expect(await store.setProfile(alice, profile)).toEqual({
          ok: true,
          value: {
            touched: [
              { account: bob.account, version: 3 },
              { account: carol.account, version: 2 },
              { account: dave.account, version: 2 },
            ],
          },
        });
        for (const viewer of [bob, carol, dave]) expect(await rowIn(store, viewer, alice)).toMatchObject(profile);
        expect(await rowIn(store, erin, alice)).toMatchObject({ state: 'removed', signatureLine: '', version: 2 });
        expect(await store.accountByNumber(alice.account)).toMatchObject(profile);
      });

      it('follows the rows of others, not its own: who was blocked after asking still gets what every asker gets', async () => {
        const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
        await store.block(alice, bob.account, NOW);
        await store.friendAdd(bob, alice.account, 'hi', NOW);
        const answer = await store.setProfile(alice, { displayName: 'A', signatureLine: 'line' });
        expect(answer).toMatchObject({ value: { touched: [{ account: bob.account, version: 2 }] } });
        expect(await rowIn(store, bob, alice)).toMatchObject({ state: 'asked', signatureLine: 'line' });
        expect(await rowIn(store, alice, bob)).toMatchObject({ state: 'blocked', signatureLine: '' });
        const back = await store.setProfile(bob, { displayName: 'B', signatureLine: 'line' });
        expect(back).toMatchObject({ value: { touched: [] } });
      });

      it('tells the friends of an account, and nobody else, when it was last seen', async () => {
        const [alice, bob] = await friendsIn(store);
        const carol = await sessionIn(store, 'carol', 3);
        const at = (offset: number): typeof NOW => (NOW + offset) as typeof NOW;
        await store.noteLastSeen([
          { account: bob.account, at: at(5) },
          { account: carol.account, at: at(6) },
          { account: STRANGER, at: at(7) },
        ]);
        await store.noteLastSeen([{ account: bob.account, at: at(3) }]);
        const asked = [carol.account, bob.account, STRANGER];
        expect(await store.lastSeen(alice.account, asked)).toEqual([{ account: bob.account, at: at(5) }]);
        expect(await store.lastSeen(alice.account, [])).toEqual([]);
        expect(await store.lastSeen(bob.account, [alice.account])).toEqual([]);
        await store.setPolicy(await claimedIn(store, 2), { ask: 'anyone', question: '', showLastSeen: false });
        expect(await store.lastSeen(alice.account, asked)).toEqual([]);
      });
    });
  });
}

function sessionsIn(store: Store, count: number, firstSeed = 10): Promise<readonly Fence[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => sessionIn(store, `user${firstSeed + i}`, firstSeed + i)));
}

async function askAll(store: Store, askers: readonly Fence[], of: Fence): Promise<void> {
  for (const asker of askers) {
    expect(await store.friendAdd(asker, of.account, '', NOW)).toMatchObject({ ok: true });
  }
}
