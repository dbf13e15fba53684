import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { AuditEntry, Invite, Store } from '@magpie/server/store/store.ts';
import { AUDIT_ENTRIES_MAX, INVITES_MAX, STORE_PAGE_MAX } from '@magpie/server/store/store-calls.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filled, NOW, newAccount, registeredIn } from './server-store-samples.ts';

/** Invitations, notices and the audit log. */
export function serverStoreLedgerContract(engine: string, open: () => Promise<Store>): void {
  describe(`invitations, notices and audit in the server's store on ${engine}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.close());

    describe('invitations', () => {
      it('lets as many in as it says, in the transactions of their registrations', async () => {
        await store.addInvite(invite(1, { usesLeft: 2 }));
        const answers = await Promise.all(
          [1, 2, 3].map((seed) => store.register({ ...newAccount(`user${seed}`, seed), inviteHash: hash(1) })),
        );
        expect(answers.map((answer) => (answer.ok ? 'in' : answer.error))).toEqual(['in', 'in', 'bad-invite']);
        expect(await store.inviteIsGood(hash(1), NOW)).toBe(false);
        expect(await store.accountByName('user3' as AccountName)).toBeUndefined();
      });

      it('is not used up by a registration that is refused, and needed by none that carries no code', async () => {
        await registeredIn(store, 'alice', 1);
        await store.addInvite(invite(1));
        const taken = await store.register({ ...newAccount('alice', 2), inviteHash: hash(1) });
        expect(taken).toEqual({ ok: false, error: 'name-taken' });
        expect(await store.invites(NOW)).toEqual([invite(1)]);
      });

      it('tells nobody without a good code whether a name is taken', async () => {
        await registeredIn(store, 'alice', 1);
        const answer = await store.register({ ...newAccount('alice', 2), inviteHash: hash(9) });
        expect(answer).toEqual({ ok: false, error: 'bad-invite' });
      });

      it('ends at its time, and lists what is still good, oldest first', async () => {
        await store.addInvite(invite(2, { createdAt: at(1) }));
        await store.addInvite(invite(1));
        await store.addInvite(invite(3, { createdAt: at(2), expiresAt: at(5) }));
        expect((await store.invites(at(4))).map((each) => each.hash)).toEqual([hash(1), hash(2), hash(3)]);
        expect((await store.invites(at(5))).map((each) => each.hash)).toEqual([hash(1), hash(2)]);
        expect(await store.inviteIsGood(hash(3), at(4))).toBe(true);
        expect(await store.inviteIsGood(hash(3), at(5))).toBe(false);
        const late = await store.register({ ...newAccount('late', 4), createdAt: at(5), inviteHash: hash(3) });
        expect(late).toEqual({ ok: false, error: 'bad-invite' });
      });

      it('are bounded, and expired ones make room', async () => {
        for (let first = 0; first < INVITES_MAX; first += 1_000) {
          const seeds = Array.from({ length: 1_000 }, (_, i) => first + i);
          await Promise.all(seeds.map((seed) => store.addInvite(invite(seed, { expiresAt: at(10) }))));
        }
        expect(await store.addInvite(invite(INVITES_MAX))).toEqual({ ok: false, error: 'too-many' });
        const next = invite(INVITES_MAX, { createdAt: at(10), expiresAt: at(20) });
        expect(await store.addInvite(next)).toEqual({ ok: true, value: undefined });
        expect(await store.invites(at(10))).toEqual([next]);
      }, 30_000);
    });

    describe('notices', () => {
      it('gives those above an id, of more than the limit the newest, ascending', async () => {
        expect(await store.latestNoticeId()).toBe(0);
        for (const text of ['1', '2', '3', '4']) await store.addNotice(text, NOW);
        const texts = async (after: number, limit: number): Promise<unknown> =>
          (await store.noticesAfter(after, limit)).map(({ text }) => text);
        expect(await texts(0, 10)).toEqual(['1', '2', '3', '4']);
        expect(await texts(1, 2)).toEqual(['3', '4']);
        expect(await texts(4, 10)).toEqual([]);
        expect(await texts(0, 0)).toEqual([]);
        expect(await store.noticesAfter(3, 1)).toEqual([{ id: 4, at: NOW, text: '4' }]);
        expect(await store.latestNoticeId()).toBe(4);
      });

      it('remembers what an account has, never backwards nor beyond the newest', async () => {
        const { account } = await registeredIn(store, 'alice', 1);
        for (const text of ['1', '2', '3']) await store.addNotice(text, NOW);
        const acked = async (upTo: number): Promise<unknown> => {
          await store.ackNotices(account, upTo);
          return (await store.accountByNumber(account))?.noticeAckedId;
        };
        expect(await acked(2)).toBe(2);
        expect(await acked(1)).toBe(2);
        expect(await acked(4_000_000_000)).toBe(3);
        await store.ackNotices(99_999 as AccountNumber, 1);
      });

      it('shows a new account nothing that is older than itself', async () => {
        await store.addNotice('old', NOW);
        expect(await registeredIn(store, 'alice', 1)).toMatchObject({ noticeAckedId: 1 });
        const fresh = { name: 'bob' as AccountName, displayName: 'bob', passwordHash: '', createdAt: NOW };
        expect(await store.addAccount(fresh)).toMatchObject({ value: { noticeAckedId: 1 } });
      });
    });

    describe('the audit log', () => {
      it('gives back what was written, newest first, page by page', async () => {
        const operator = entry('user-lock', { subject: 10_001 as AccountNumber, detail: '3 devices' });
        const own = entry('password-change', { actor: 10_001 as AccountNumber });
        await store.appendAudit(operator);
        await store.appendAudit(own);
        await store.appendAudit(entry('stop', {}));
        const newest = await store.audit(0, 2);
        expect(newest).toMatchObject([{ action: 'stop' }, own]);
        expect(await store.audit(newest.at(-1)!.id, 2)).toEqual([{ ...operator, id: newest.at(-1)!.id - 1 }]);
      });

      it('keeps the newest entries and bounds a page', async () => {
        let written = 0;
        while (written < AUDIT_ENTRIES_MAX + 10) {
          const batch = Array.from({ length: 5_000 }, () => store.appendAudit(entry(`a${written++}`, {})));
          await Promise.all(batch);
        }
        const newest = await store.audit(0, 10 * STORE_PAGE_MAX);
        expect(newest).toHaveLength(STORE_PAGE_MAX);
        expect(newest[0]).toMatchObject({ action: `a${written - 1}` });
        const oldestKept = newest[0]!.id - AUDIT_ENTRIES_MAX + 1;
        expect(await store.audit(oldestKept + 1, 10)).toMatchObject([{ id: oldestKept }]);
      }, 60_000);

      it('keeps what operators did, what accounts did and failed logins apart: none washes out the others', async () => {
        const own = entry('password-change', { actor: 10_001 as AccountNumber });
        await store.appendAudit(entry('user-lock', {}));
        await store.appendAudit(own);
        for (let written = 0; written < AUDIT_ENTRIES_MAX + 1; written += 5_000) {
          const flood = entry('login-failures', { actor: 10_001 as AccountNumber });
          await Promise.all(Array.from({ length: 5_000 }, () => store.appendAudit(flood)));
        }
        const [newest] = await store.audit(0, 1);
        const oldest = await store.audit(newest!.id - AUDIT_ENTRIES_MAX + 1, 10);
        expect(oldest).toMatchObject([own, { action: 'user-lock' }]);
      }, 60_000);
    });
  });
}

function hash(seed: number): Uint8Array {
  return filled(32, seed, 0x19);
}

function invite(seed: number, rest: Partial<Invite> = {}): Invite {
  return { hash: hash(seed), createdAt: NOW, expiresAt: at(1_000), usesLeft: 1, ...rest };
}

function entry(action: string, rest: Partial<AuditEntry>): AuditEntry {
  return { at: NOW, actor: 'operator', action, subject: undefined, detail: '', ...rest };
}

function at(ms: number): WallMs {
  return (NOW + ms) as WallMs;
}
