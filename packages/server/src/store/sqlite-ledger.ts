import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { auditEntryOf, inviteOf, noticeOf } from './sqlite-rows.ts';
import type { Statements } from './sqlite-statements.ts';
import type { AuditEntry, Invite, Notice, StoredAuditEntry } from './store.ts';
import { AUDIT_ENTRIES_MAX, type AuditKind, auditKindOf, type CallsOf, INVITES_MAX, pageOf } from './store-calls.ts';

/** Invitations, notices and the audit log in SQL. */
export class SqliteLedger implements CallsOf<'ledger'> {
  readonly #sql: Statements;
  /** Read at the first entry. After an entry that was undone it may count one more, and then one fewer is kept. */
  #audit: Map<AuditKind, { count: number; droppedId: number }> | undefined;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  addInvite(invite: Invite): Result<void, 'too-many'> {
    this.#sql.dropExpiredInvites.run(invite.createdAt);
    if (this.#sql.countInvites.get()! >= INVITES_MAX) return err('too-many');
    this.#sql.putInvite.run(invite.hash, invite.createdAt, invite.expiresAt, invite.usesLeft);
    return ok(undefined);
  }

  invites(now: WallMs): readonly Invite[] {
    return this.#sql.invites.all(now).map(inviteOf);
  }

  inviteIsGood(hash: Uint8Array, now: WallMs): boolean {
    return this.#sql.inviteIsGood.get(hash, now) === 1;
  }

  /** One registration less; the last one ends it. */
  useInvite(hash: Uint8Array): void {
    if (this.#sql.dropLastUse.run(hash).changes === 0) this.#sql.useInvite.run(hash);
  }

  addNotice(text: string, now: WallMs): Notice {
    return { id: Number(this.#sql.insertNotice.run(now, text).lastInsertRowid), at: now, text };
  }

  noticesAfter(after: number, limit: number): readonly Notice[] {
    return this.#sql.noticesAfter.all(after, pageOf(limit)).map(noticeOf);
  }

  latestNoticeId(): number {
    return this.#sql.latestNoticeId.get()!;
  }

  ackNotices(account: AccountNumber, upTo: number): void {
    this.#sql.ackNotices.run({ account, upTo });
  }

  appendAudit({ at, actor, action, subject, detail }: AuditEntry): void {
    const by = actor === 'operator' ? null : actor;
    const kind = auditKindOf({ actor, action });
    const kept = this.#auditOf(kind);
    this.#sql.insertAudit.run(at, by, action, subject ?? null, detail);
    kept.count += 1;
    if (kept.count <= AUDIT_ENTRIES_MAX) return;
    kept.count -= 1;
    const oldest = this.#sql.oldestAudit.get(kept.droppedId, kind);
    if (oldest === undefined) return;
    this.#sql.dropAudit.run(oldest);
    kept.droppedId = oldest;
  }

  audit(before: number, limit: number): readonly StoredAuditEntry[] {
    const above = before === 0 ? Number.MAX_SAFE_INTEGER : before;
    return this.#sql.audit.all(above, pageOf(limit)).map(auditEntryOf);
  }

  #auditOf(kind: AuditKind) {
    this.#audit ??= new Map(this.#sql.auditCounts.all().map(({ kind, count }) => [kind, { count, droppedId: 0 }]));
    const kept = this.#audit.get(kind) ?? { count: 0, droppedId: 0 };
    this.#audit.set(kind, kept);
    return kept;
  }
}
