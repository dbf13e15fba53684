import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MemoryRows } from './memory-rows.ts';
import type { AuditEntry, Invite, Notice, StoredAuditEntry } from './store.ts';
import { type CallsOf, INVITES_MAX, pageOf } from './store-calls.ts';

/** Invitations, notices and the audit log of the memory store. */
export class MemoryLedger implements CallsOf<'ledger'> {
  readonly #rows: MemoryRows;

  constructor(rows: MemoryRows) {
    this.#rows = rows;
  }

  addInvite(invite: Invite): Result<void, 'too-many'> {
    for (const old of this.#rows.invites) if (old.expiresAt <= invite.createdAt) this.#rows.dropInvite(old);
    if (this.#rows.invites.length >= INVITES_MAX) return err('too-many');
    this.#rows.putInvite({ ...invite, hash: new Uint8Array(invite.hash) });
    return ok(undefined);
  }

  invites(now: WallMs): readonly Invite[] {
    return this.#rows.invites.filter((invite) => isGood(invite, now)).sort((a, b) => a.createdAt - b.createdAt);
  }

  inviteIsGood(hash: Uint8Array, now: WallMs): boolean {
    const invite = this.#rows.invite(hash);
    return invite !== undefined && isGood(invite, now);
  }

  /** One registration less; the last one ends it. */
  useInvite(hash: Uint8Array): void {
    const invite = this.#rows.invite(hash)!;
    if (invite.usesLeft === 1) this.#rows.dropInvite(invite);
    else this.#rows.putInvite({ ...invite, usesLeft: invite.usesLeft - 1 });
  }

  addNotice(text: string, now: WallMs): Notice {
    const notice: Notice = { id: this.latestNoticeId() + 1, at: now, text };
    this.#rows.putNotice(notice);
    return notice;
  }

  noticesAfter(after: number, limit: number): readonly Notice[] {
    const page = pageOf(limit);
    return page === 0 ? [] : this.#rows.notices.filter(({ id }) => id > after).slice(-page);
  }

  latestNoticeId(): number {
    return this.#rows.notices.at(-1)?.id ?? 0;
  }

  ackNotices(number: AccountNumber, upTo: number): void {
    const account = this.#rows.account(number);
    const acked = Math.min(upTo, this.latestNoticeId());
    if (account && acked > account.noticeAckedId) this.#rows.putAccount({ ...account, noticeAckedId: acked });
  }

  appendAudit(entry: AuditEntry): void {
    this.#rows.putAudit({ ...entry, id: (this.#rows.audit.at(-1)?.id ?? 0) + 1 });
  }

  audit(before: number, limit: number): readonly StoredAuditEntry[] {
    const older = before === 0 ? this.#rows.audit : this.#rows.audit.filter(({ id }) => id < before);
    return [...older].reverse().slice(0, pageOf(limit));
  }
}

function isGood(invite: Invite, now: WallMs): boolean {
  return invite.usesLeft > 0 && invite.expiresAt > now;
}
