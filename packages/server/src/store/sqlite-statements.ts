import type { RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type BetterSqlite from 'better-sqlite3';
import type { SqliteDatabase } from './sqlite-open.ts';

export interface AccountRow {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly password_hash: string;
  readonly account_key: Uint8Array;
  readonly device_list: Uint8Array;
  readonly device_list_version: number;
  readonly roster_version: number;
}

export interface DeviceRow {
  readonly device: Uint8Array;
  readonly account: number;
  readonly exchange_key: Uint8Array;
  readonly sign_key: Uint8Array;
  readonly active: number;
  readonly epoch: number;
  readonly login_count: number;
}

export interface RosterColumns {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly state: RosterState;
  readonly version: number;
  readonly account_key: Uint8Array;
  readonly device_list: Uint8Array;
  readonly text: string;
}

export type Statements = ReturnType<typeof prepareStatements>;

/** Every SQL text of the server, prepared once per connection. */
export function prepareStatements(db: SqliteDatabase) {
  const rows = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> => db.prepare<P, R>(sql);
  const single = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> =>
    db.prepare<P, R>(sql).pluck() as BetterSqlite.Statement<P, R>;
  return {
    insertAccount: rows<[string, string, string, Uint8Array, Uint8Array, number, number], never>(
      `INSERT INTO accounts (name, display_name, password_hash, account_key, device_list, device_list_version, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    accountByName: rows<[string], AccountRow>('SELECT * FROM accounts WHERE name = ?'),
    accountByNumber: rows<[number], AccountRow>('SELECT * FROM accounts WHERE account = ?'),
    setDeviceList: rows<[Uint8Array, number, number], never>(
      'UPDATE accounts SET device_list = ?, device_list_version = ? WHERE account = ?',
    ),
    rosterVersion: single<[number], number>('SELECT roster_version FROM accounts WHERE account = ?'),
    nextRosterVersion: single<[number], number>(
      'UPDATE accounts SET roster_version = roster_version + 1 WHERE account = ? RETURNING roster_version',
    ),

    insertDevice: rows<[Uint8Array, number, Uint8Array, Uint8Array], never>(
      `INSERT INTO devices (device, account, exchange_key, sign_key, active, epoch, login_count)
       VALUES (?, ?, ?, ?, 1, 0, 0)`,
    ),
    deviceById: rows<[Uint8Array], DeviceRow>('SELECT * FROM devices WHERE device = ?'),
    deviceByExchangeKey: rows<[Uint8Array], DeviceRow>('SELECT * FROM devices WHERE exchange_key = ?'),
    devicesOf: rows<[number], DeviceRow>('SELECT * FROM devices WHERE account = ? ORDER BY device'),
    countDevices: single<[number], number>('SELECT count(*) FROM devices WHERE account = ?'),
    setDeviceActive: rows<[number, Uint8Array], never>('UPDATE devices SET active = ? WHERE device = ?'),
    claimSession: rows<[number, Uint8Array], DeviceRow>(
      `UPDATE devices SET epoch = max(epoch + 1, ?), login_count = login_count + 1
       WHERE device = ? AND active = 1 RETURNING *`,
    ),
    deactivateDevice: rows<[Uint8Array, number], never>(
      'UPDATE devices SET active = 0 WHERE device = ? AND active = 1 AND epoch = ?',
    ),
    forgetOldestDevice: rows<[number, Uint8Array], never>(
      `DELETE FROM devices WHERE device =
         (SELECT device FROM devices WHERE account = ? AND device <> ? ORDER BY epoch, device LIMIT 1)`,
    ),

    edge: rows<[number, number], { readonly state: RosterState; readonly text: string }>(
      'SELECT state, text FROM roster WHERE owner = ? AND other = ?',
    ),
    countOf: single<[number, RosterState], number>('SELECT count(*) FROM roster WHERE owner = ? AND state = ?'),
    friendsOf: single<[number], AccountNumber>(
      "SELECT other FROM roster WHERE owner = ? AND state = 'member' ORDER BY other",
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
    touchEdge: rows<[number, number, number], never>('UPDATE roster SET version = ? WHERE owner = ? AND other = ?'),
    rosterSince: rows<[number, number], RosterColumns>(
      `SELECT a.account, a.name, a.display_name, r.state, r.version, a.account_key, r.text,
              CASE r.state WHEN 'member' THEN a.device_list ELSE x'' END AS device_list
       FROM roster r JOIN accounts a ON a.account = r.other
       WHERE r.owner = ? AND r.version > ? ORDER BY r.version`,
    ),

    insertNotice: rows<[number, string], never>('INSERT INTO notices (at, text) VALUES (?, ?)'),
  };
}
