import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type BetterSqlite from 'better-sqlite3';
import type { SqliteDatabase } from './sqlite-open.ts';
import type {
  AccountColumns,
  AuditColumns,
  DeviceColumns,
  InviteColumns,
  NoticeColumns,
  RosterColumns,
  SessionAccountColumns,
  SessionDeviceColumns,
  SummaryColumns,
} from './sqlite-rows.ts';
import type { AccountState, StoreCounts } from './store.ts';
import type { AuditKind } from './store-calls.ts';

export type Statements = ReturnType<typeof prepareStatements>;

/** `auditKindOf` in SQL. */
const AUDIT_KIND =
  "CASE WHEN actor IS NULL THEN 'operator' WHEN action = 'login-failures' THEN 'failures' ELSE 'account' END";

/** Every SQL text of the server but those of the mailboxes, prepared once per connection. */
export function prepareStatements(db: SqliteDatabase) {
  // SQLite folds the case of ASCII only.
  db.function('folded', { deterministic: true }, (text) => (text as string).toLowerCase());
  const rows = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> => db.prepare<P, R>(sql);
  const single = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> =>
    db.prepare<P, R>(sql).pluck() as BetterSqlite.Statement<P, R>;
  return {
    insertAccount: single<
      [
        {
          readonly name: string;
          readonly displayName: string;
          readonly passwordHash: string;
          readonly accountKey: Uint8Array;
          readonly deviceList: Uint8Array;
          readonly deviceListVersion: number;
          readonly recoveryKey: Uint8Array;
          readonly sealedSeed: Uint8Array;
          readonly createdAt: number;
        },
      ],
      AccountNumber
    >(
      `INSERT INTO accounts (name, display_name, password_hash, account_key, device_list, device_list_version,
         recovery_key, sealed_seed, created_at, notice_acked)
       VALUES (@name, @displayName, @passwordHash, @accountKey, @deviceList, @deviceListVersion,
         @recoveryKey, @sealedSeed, @createdAt, (SELECT coalesce(max(id), 0) FROM notices))
       RETURNING account`,
    ),
    accountByName: rows<[string], AccountColumns>('SELECT * FROM accounts WHERE name = ?'),
    accountByNumber: rows<[number], AccountColumns>('SELECT * FROM accounts WHERE account = ?'),
    accounts: rows<[{ readonly after: number; readonly limit: number; readonly text: string }], SummaryColumns>(
      `SELECT account, name, display_name, state, created_at,
         (SELECT coalesce(max(last_login_at), 0) FROM devices d WHERE d.account = a.account) AS last_login_at,
         (SELECT count(*) FROM devices d WHERE d.account = a.account AND d.active = 1) AS devices
       FROM accounts a
       WHERE account > @after
         AND (@text = '' OR instr(name, folded(@text)) > 0 OR instr(folded(display_name), folded(@text)) > 0)
       ORDER BY account LIMIT @limit`,
    ),
    setPassword: rows<[string, number], never>(
      "UPDATE accounts SET password_hash = ? WHERE account = ? AND state <> 'deleted'",
    ),
    rehashPassword: rows<[string, number, string], never>(
      "UPDATE accounts SET password_hash = ? WHERE account = ? AND password_hash = ? AND state <> 'deleted'",
    ),
    setRecovery: rows<[Uint8Array, Uint8Array, number], never>(
      'UPDATE accounts SET recovery_key = ?, sealed_seed = ? WHERE account = ?',
    ),
    setProfile: rows<[string, string, number], never>(
      'UPDATE accounts SET display_name = ?, signature_line = ? WHERE account = ?',
    ),
    setPolicy: rows<[AskPolicy, string, number, number], never>(
      'UPDATE accounts SET ask = ?, question = ?, show_last_seen = ? WHERE account = ?',
    ),
    setState: rows<[AccountState, number], never>(
      "UPDATE accounts SET state = ? WHERE account = ? AND state <> 'deleted'",
    ),
    eraseAccount: rows<[number], never>(
      `UPDATE accounts SET state = 'deleted', display_name = name, password_hash = '', account_key = zeroblob(32),
         device_list = x'', device_list_version = 0, signature_line = '', ask = 'anyone', question = '',
         show_last_seen = 1, recovery_key = zeroblob(32), sealed_seed = x'', last_seen_at = 0,
         notice_acked = (SELECT coalesce(max(id), 0) FROM notices)
       WHERE account = ? AND state <> 'deleted'`,
    ),
    askPolicy: single<[number], AskPolicy>("SELECT ask FROM accounts WHERE account = ? AND state <> 'deleted'"),
    noteLastSeen: rows<[{ readonly account: number; readonly at: number }], never>(
      `UPDATE accounts SET last_seen_at = @at
       WHERE account = @account AND last_seen_at < @at AND state <> 'deleted'`,
    ),
    lastSeen: single<[number], number>(
      'SELECT last_seen_at FROM accounts WHERE account = ? AND show_last_seen = 1 AND last_seen_at > 0',
    ),
    counts: rows<[], StoreCounts>(
      `SELECT (SELECT count(*) FROM accounts WHERE state <> 'deleted') AS accounts,
         (SELECT count(*) FROM accounts WHERE state = 'locked') AS locked,
         (SELECT count(*) FROM accounts WHERE state = 'deleted') AS deleted,
         (SELECT count(*) FROM devices WHERE active = 1) AS devices,
         (SELECT count(*) FROM roster WHERE state = 'member') / 2 AS friendships,
         (SELECT count(*) FROM notices) AS notices,
         (SELECT count(*) FROM invites) AS invites,
         (SELECT coalesce(sum(messages + slots), 0) FROM mailboxes WHERE device IS NOT NULL) AS mails,
         (SELECT coalesce(sum(bytes + slot_bytes), 0) FROM mailboxes WHERE device IS NOT NULL) AS mailBytes`,
    ),

    insertDevice: rows<[Uint8Array, number, Uint8Array, Uint8Array, string], never>(
      `INSERT INTO devices (device, account, exchange_key, sign_key, active, epoch, login_count, label)
       VALUES (?, ?, ?, ?, 1, 0, 0, ?)`,
    ),
    deviceById: rows<[Uint8Array], DeviceColumns>('SELECT * FROM devices WHERE device = ?'),
    deviceByExchangeKey: rows<[Uint8Array], DeviceColumns>('SELECT * FROM devices WHERE exchange_key = ?'),
    devicesOf: rows<[number], DeviceColumns>('SELECT * FROM devices WHERE account = ? ORDER BY device'),
    countDevices: single<[number], number>('SELECT count(*) FROM devices WHERE account = ?'),
    isCurrent: single<[Uint8Array, number, number], number>(
      'SELECT 1 FROM devices WHERE device = ? AND account = ? AND epoch = ? AND active = 1',
    ),
    reactivateDevice: rows<[string, Uint8Array], never>('UPDATE devices SET active = 1, label = ? WHERE device = ?'),
    revokeDevice: rows<[Uint8Array], never>('UPDATE devices SET active = 0 WHERE device = ?'),
    claimSession: rows<[{ readonly now: number; readonly device: Uint8Array }], DeviceColumns>(
      `UPDATE devices SET epoch = max(epoch + 1, @now), login_count = login_count + 1, last_login_at = @now
       WHERE device = @device AND active = 1
         AND (SELECT a.state FROM accounts a WHERE a.account = devices.account) = 'active'
       RETURNING *`,
    ),
    resumeSession: rows<[{ readonly now: number; readonly exchangeKey: Uint8Array }], SessionDeviceColumns>(
      `UPDATE devices SET epoch = max(epoch + 1, @now), login_count = login_count + 1, last_login_at = @now
       WHERE exchange_key = @exchangeKey AND active = 1
         AND (SELECT a.state FROM accounts a WHERE a.account = devices.account) = 'active'
       RETURNING device, account, epoch, login_count`,
    ),
    sessionAccount: rows<[number], SessionAccountColumns>(
      `SELECT account, name, display_name, signature_line, roster_version, device_list_version, show_last_seen, notice_acked
       FROM accounts WHERE account = ?`,
    ),
    isActiveDevice: single<[Uint8Array], number>('SELECT 1 FROM devices WHERE device = ? AND active = 1'),
    deactivateDevice: rows<[Uint8Array, number], never>(
      'UPDATE devices SET active = 0 WHERE device = ? AND active = 1 AND epoch = ?',
    ),
    dropDevice: rows<[Uint8Array], never>('DELETE FROM devices WHERE device = ?'),
    dropDevices: rows<[number], never>('DELETE FROM devices WHERE account = ?'),

    setDeviceList: rows<[Uint8Array, number, number], never>(
      'UPDATE accounts SET device_list = ?, device_list_version = ? WHERE account = ?',
    ),
    setAccountKey: rows<[Uint8Array, number], never>('UPDATE accounts SET account_key = ? WHERE account = ?'),
    appendToChain: rows<[number, number, Uint8Array], never>(
      'INSERT INTO device_lists (account, version, list) VALUES (?, ?, ?)',
    ),
    trimChain: rows<[{ readonly account: number; readonly kept: number }], never>(
      `DELETE FROM device_lists WHERE account = @account AND version <=
         (SELECT version FROM device_lists WHERE account = @account ORDER BY version DESC LIMIT 1 OFFSET @kept)`,
    ),
    chain: single<[number, number, number], Uint8Array>(
      'SELECT list FROM device_lists WHERE account = ? AND version > ? ORDER BY version LIMIT ?',
    ),
    dropChain: rows<[number], never>('DELETE FROM device_lists WHERE account = ?'),

    edge: rows<[number, number], { readonly state: RosterState; readonly text: string }>(
      'SELECT state, text FROM roster WHERE owner = ? AND other = ?',
    ),
    countOf: single<[number, RosterState], number>('SELECT count(*) FROM roster WHERE owner = ? AND state = ?'),
    blockedAskersOf: single<[number], number>(
      `SELECT count(*) FROM roster mine JOIN roster theirs ON theirs.owner = mine.other AND theirs.other = mine.owner
       WHERE mine.owner = ? AND mine.state = 'blocked' AND theirs.state = 'asked'`,
    ),
    friendsOf: single<[number], AccountNumber>(
      "SELECT other FROM roster WHERE owner = ? AND state = 'member' ORDER BY other",
    ),
    viewersOf: single<[number], AccountNumber>(
      `SELECT theirs.owner FROM roster mine JOIN roster theirs ON theirs.owner = mine.other AND theirs.other = mine.owner
       WHERE mine.owner = ? AND theirs.state IN ('member', 'asked', 'asking') ORDER BY theirs.owner`,
    ),
    rosterVersion: single<[number], number>('SELECT roster_version FROM accounts WHERE account = ?'),
    nextRosterVersion: single<[number], number>(
      'UPDATE accounts SET roster_version = roster_version + 1 WHERE account = ? RETURNING roster_version',
    ),
    putEdge: single<[number, number, RosterState, number, string, number, number], number>(
      `INSERT INTO roster (owner, other, state, version, text, changed_at, befriended)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (owner, other) DO UPDATE SET
         state = excluded.state, version = excluded.version, text = excluded.text, changed_at = excluded.changed_at,
         befriended = max(befriended, excluded.befriended)
       RETURNING befriended`,
    ),
    dropOldTombstones: rows<[{ owner: number; befriended: number; kept: number }], never>(
      `DELETE FROM roster WHERE owner = @owner AND state = 'removed' AND befriended = @befriended AND version <=
         (SELECT version FROM roster WHERE owner = @owner AND state = 'removed' AND befriended = @befriended
          ORDER BY version DESC LIMIT 1 OFFSET @kept)`,
    ),
    dropEdgesOf: rows<[number], never>('DELETE FROM roster WHERE owner = ?'),
    touchEdge: rows<[number, number, number], never>('UPDATE roster SET version = ? WHERE owner = ? AND other = ?'),
    rosterSince: rows<[number, number], RosterColumns>(
      `SELECT a.account, a.name, a.display_name, r.state, r.version, a.account_key, r.text,
              CASE r.state WHEN 'member' THEN a.device_list ELSE x'' END AS device_list,
              CASE WHEN r.state IN ('member', 'asked', 'asking') THEN a.signature_line ELSE '' END AS signature_line
       FROM roster r JOIN accounts a ON a.account = r.other
       WHERE r.owner = ? AND r.version > ? ORDER BY r.version`,
    ),

    putInvite: rows<[Uint8Array, number, number, number], never>('INSERT OR REPLACE INTO invites VALUES (?, ?, ?, ?)'),
    dropExpiredInvites: rows<[number], never>('DELETE FROM invites WHERE expires_at <= ?'),
    countInvites: single<[], number>('SELECT count(*) FROM invites'),
    invites: rows<[number], InviteColumns>('SELECT * FROM invites WHERE expires_at > ? ORDER BY created_at, hash'),
    inviteIsGood: single<[Uint8Array, number], number>('SELECT 1 FROM invites WHERE hash = ? AND expires_at > ?'),
    dropLastUse: rows<[Uint8Array], never>('DELETE FROM invites WHERE hash = ? AND uses_left = 1'),
    useInvite: rows<[Uint8Array], never>('UPDATE invites SET uses_left = uses_left - 1 WHERE hash = ?'),

    insertNotice: rows<[number, string], never>('INSERT INTO notices (at, text) VALUES (?, ?)'),
    noticesAfter: rows<[number, number], NoticeColumns>(
      'SELECT * FROM (SELECT * FROM notices WHERE id > ? ORDER BY id DESC LIMIT ?) ORDER BY id',
    ),
    latestNoticeId: single<[], number>('SELECT coalesce(max(id), 0) FROM notices'),
    ackNotices: rows<[{ readonly account: number; readonly upTo: number }], never>(
      `UPDATE accounts SET notice_acked = max(notice_acked, min(@upTo, (SELECT coalesce(max(id), 0) FROM notices)))
       WHERE account = @account`,
    ),

    insertAudit: rows<[number, number | null, string, number | null, string], never>(
      'INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)',
    ),
    auditCounts: rows<[], { readonly kind: AuditKind; readonly count: number }>(
      `SELECT ${AUDIT_KIND} AS kind, count(*) AS count FROM audit GROUP BY 1`,
    ),
    oldestAudit: single<[number, AuditKind], number>(
      `SELECT id FROM audit WHERE id > ? AND ${AUDIT_KIND} = ? ORDER BY id LIMIT 1`,
    ),
    dropAudit: rows<[number], never>('DELETE FROM audit WHERE id = ?'),
    audit: rows<[number, number], AuditColumns>('SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?'),
  };
}
