import type BetterSqlite from 'better-sqlite3';
import type { MailLoad } from './mail-rules.ts';
import type { SqliteDatabase } from './sqlite-open.ts';
import type { MailKeyId } from './store.ts';

export type MailStatements = ReturnType<typeof prepareMailStatements>;

export interface BoxColumns extends MailLoad, MailKeyId {
  readonly box: number;
  /** Whose device it is. */
  readonly account: number;
  readonly newest: number;
}

export interface MailColumns {
  readonly position: number;
  readonly account: number;
  readonly device: Uint8Array;
  readonly at: number;
  readonly envelope: Uint8Array;
}

/** A mail with what it counts in: the share of the account that it was sent from, whoever has its device now. */
export interface CountedColumns {
  readonly position: number;
  readonly box: number;
  readonly account: number;
  readonly device: Uint8Array;
  readonly isSlot: number;
  readonly bytes: number;
}

const COUNTED = 'position, box, account, device, is_slot AS isSlot, length(envelope) AS bytes';

/** Every SQL text of the mailboxes, prepared once per connection. */
export function prepareMailStatements(db: SqliteDatabase) {
  const rows = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> => db.prepare<P, R>(sql);
  const single = <P extends unknown[], R>(sql: string): BetterSqlite.Statement<P, R> =>
    db.prepare<P, R>(sql).pluck() as BetterSqlite.Statement<P, R>;
  return {
    id: single<[], Buffer>('SELECT id FROM mail_positions'),
    reserve: single<[{ readonly floor: number; readonly count: number }], number>(
      'UPDATE mail_positions SET next = max(next, @floor) + @count RETURNING next - @count',
    ),

    // One table each: with a join SQLite plans anew for every pair of values (STAT4), which takes twenty times as long.
    box: rows<[Uint8Array], BoxColumns>(
      `SELECT box, account, generation, step, newest, messages, bytes, slots, slot_bytes AS slotBytes
       FROM mailboxes WHERE device = ?`,
    ),
    activeOwner: single<[Uint8Array], number>('SELECT account FROM devices WHERE device = ? AND active = 1'),
    sender: rows<
      [{ readonly box: number; readonly account: number; readonly device: Uint8Array }],
      MailLoad & { readonly deviceSlots: number }
    >(
      `SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(slots), 0) AS slots,
         coalesce(sum(slot_bytes), 0) AS slotBytes,
         coalesce(sum(slots) FILTER (WHERE device = @device), 0) AS deviceSlots
       FROM mail_senders WHERE box = @box AND account = @account`,
    ),
    mailNamed: rows<[number, Uint8Array, Uint8Array], CountedColumns>(
      `SELECT ${COUNTED} FROM mails WHERE box = ? AND device = ? AND id = ?`,
    ),
    insertMail: rows<
      [number, number, number, Uint8Array, Uint8Array, number, number, number, number, number, Uint8Array],
      never
    >(
      `INSERT INTO mails (position, box, account, device, id, is_slot, generation, step, at, expires_at, envelope)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (box, device, id) DO NOTHING`,
    ),
    dropMail: rows<[number], never>('DELETE FROM mails WHERE position = ?'),

    addToBox: rows<
      [newest: number, messages: number, bytes: number, slots: number, slotBytes: number, box: number],
      never
    >(
      `UPDATE mailboxes SET newest = max(newest, ?), messages = messages + ?, bytes = bytes + ?, slots = slots + ?,
         slot_bytes = slot_bytes + ? WHERE box = ?`,
    ),
    // Clamped: a sum that is wrong must not keep what it counts from being forgotten.
    takeFromBox: rows<[messages: number, bytes: number, slots: number, slotBytes: number, box: number], never>(
      `UPDATE mailboxes SET messages = max(0, messages - ?), bytes = max(0, bytes - ?), slots = max(0, slots - ?),
         slot_bytes = max(0, slot_bytes - ?) WHERE box = ?`,
    ),
    addToSender: rows<
      [
        ...[box: number, account: number, device: Uint8Array],
        ...[messages: number, bytes: number, slots: number, slotBytes: number],
      ],
      never
    >(
      `INSERT INTO mail_senders VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, bytes = bytes + excluded.bytes,
         slots = slots + excluded.slots, slot_bytes = slot_bytes + excluded.slot_bytes`,
    ),
    takeFromSender: rows<
      [
        ...[messages: number, bytes: number, slots: number, slotBytes: number],
        ...[box: number, account: number, device: Uint8Array],
      ],
      never
    >(
      `UPDATE mail_senders SET messages = max(0, messages - ?), bytes = max(0, bytes - ?), slots = max(0, slots - ?),
         slot_bytes = max(0, slot_bytes - ?) WHERE box = ? AND account = ? AND device = ?`,
    ),
    dropIdleSender: rows<[number, number, Uint8Array], never>(
      'DELETE FROM mail_senders WHERE box = ? AND account = ? AND device = ? AND messages = 0 AND slots = 0',
    ),

    mailAfter: rows<[number, number, number], MailColumns>(
      `SELECT position, account, device, at, envelope FROM mails
       WHERE box = ? AND position > ? AND expires_at > ? ORDER BY position`,
    ),
    boxOf: single<[Uint8Array], number>('SELECT box FROM mailboxes WHERE device = ?'),
    mailsUpTo: rows<[number, number, number], CountedColumns>(
      `SELECT ${COUNTED} FROM mails WHERE box = ? AND position <= ? ORDER BY position LIMIT ?`,
    ),
    left: single<[number], number>('SELECT messages + slots FROM mailboxes WHERE box = ?'),
    // Keys only get newer, and so do positions: the oldest mail has the oldest key.
    oldest: rows<[number], MailKeyId & { readonly position: number }>(
      'SELECT generation, step, position FROM mails WHERE box = ? ORDER BY position LIMIT 1',
    ),

    publishedKey: rows<[Uint8Array], MailKeyId & { readonly key: Uint8Array }>(
      `SELECT b.generation, b.step, k.key FROM mailboxes b JOIN mailbox_keys k ON k.box = b.box WHERE b.device = ?`,
    ),
    putBox: single<[{ readonly device: Uint8Array; readonly account: number } & MailKeyId], number>(
      `INSERT INTO mailboxes (device, account, generation, step) VALUES (@device, @account, @generation, @step)
       ON CONFLICT (device) DO UPDATE SET generation = excluded.generation, step = excluded.step RETURNING box`,
    ),
    putKey: rows<[number, Uint8Array], never>('INSERT OR REPLACE INTO mailbox_keys (box, key) VALUES (?, ?)'),
    keysOf: rows<[number], { readonly device: Uint8Array; readonly key: Uint8Array }>(
      `SELECT b.device, k.key FROM devices d JOIN mailboxes b ON b.device = d.device JOIN mailbox_keys k ON k.box = b.box
       WHERE d.account = ? ORDER BY b.device`,
    ),
    dropKey: rows<[Uint8Array], never>(
      'DELETE FROM mailbox_keys WHERE box = (SELECT box FROM mailboxes WHERE device = ?)',
    ),
    abandonBox: rows<[Uint8Array], never>('UPDATE mailboxes SET device = NULL WHERE device = ?'),
    abandonedBox: single<[], number>('SELECT box FROM mailboxes WHERE device IS NULL LIMIT 1'),
    dropBox: rows<[number], never>('DELETE FROM mailboxes WHERE box = ?'),

    expired: rows<[number, number], CountedColumns>(
      `SELECT ${COUNTED} FROM mails WHERE expires_at <= ? ORDER BY expires_at, position LIMIT ?`,
    ),
  };
}
