import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What a server has on disk, looked at from outside and only read. `data` is its data folder. */
export function readServerDatabase<T>(data: string, read: (db: Database.Database) => T): T {
  return readDatabase(join(data, 'server.db'), read);
}

export function readDatabase<T>(file: string, read: (db: Database.Database) => T): T {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** Mails for a device that hold states instead of a message (R18). */
export function waitingSlots(data: string, device: string): number {
  return readServerDatabase(data, (db) => countMails(db, device, 1));
}

/** Messages that wait for a device. */
export function waitingMails(data: string, device: string): number {
  return readServerDatabase(data, (db) => countMails(db, device, 0));
}

function countMails(db: Database.Database, device: string, isSlot: 0 | 1): number {
  const count = db.prepare(
    'SELECT count(*) FROM mails JOIN mailboxes USING (box) WHERE mailboxes.device = ? AND is_slot = ?',
  );
  return count.pluck().get(Buffer.from(device, 'hex'), isSlot) as number;
}
