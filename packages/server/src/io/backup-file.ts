import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, statSync } from 'node:fs';
import { type Pin, pinOf } from '@magpie/common/channel/pin.ts';
import Database from 'better-sqlite3';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { MIGRATIONS } from '../store/migrations/all.ts';
import { APPLICATION_ID } from '../store/sqlite-open.ts';
import { BackupError, backupErrorOf } from './backup-error.ts';
import { contentsOf, sameContents } from './database-contents.ts';
import { parseServerKey } from './server-key.ts';

/** 'MGPB': no server takes a backup for its database, and no restore takes a database for a backup. */
const BACKUP_APPLICATION_ID = 0x4d47_5042;
/** Rises when the table below or the digest changes. */
const FORMAT = 1;
const TABLE = 'magpie_backup';
/** From this schema on there are mailboxes. */
const MAILBOXES_SCHEMA = 4;

const backupInfo = z.strictObject({
  format: z.literal(FORMAT),
  /** ISO 8601 in UTC. */
  createdAt: z.string().max(64),
  /** Version of the program that made it. */
  program: z.string().max(64),
  /** `user_version` of the database. */
  schema: z.int().min(1),
  rows: z.record(z.string(), z.int().min(0)),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** The server's key file, whole. */
  key: z.string().max(1_024),
});
type BackupInfo = z.infer<typeof backupInfo>;

/** A backup that has been checked. */
export interface Backup extends Omit<BackupInfo, 'key' | 'format'> {
  readonly keyText: string;
  /** What clients know the server by. */
  readonly pin: Pin;
  readonly bytes: number;
}

/**
 * Makes a backup out of a private copy of a server's database: the key goes in, with the time and a checksum of it all.
 * @throws BackupError
 */
export function sealBackup(path: string, keyText: string): void {
  try {
    const db = new Database(path, { fileMustExist: true });
    try {
      // One file, which can be read where nothing can be written beside it.
      db.pragma('journal_mode = DELETE');
      db.pragma('synchronous = FULL');
      const info: BackupInfo = {
        format: FORMAT,
        createdAt: new Date().toISOString(),
        program: packageJson.version,
        schema: db.pragma('user_version', { simple: true }) as number,
        ...contentsOf(db, TABLE),
        key: keyText,
      };
      const text = JSON.stringify(info);
      db.transaction(() => {
        db.exec(`CREATE TABLE ${TABLE} (info TEXT NOT NULL, checksum TEXT NOT NULL) STRICT`);
        db.prepare(`INSERT INTO ${TABLE} (info, checksum) VALUES (?, ?)`).run(text, checksumOf(text));
        db.pragma(`application_id = ${BACKUP_APPLICATION_ID}`);
      })();
    } finally {
      db.close();
    }
    syncFile(path);
  } catch (cause) {
    throw backupErrorOf(cause, path);
  }
}

/** Reads a backup and checks everything in it. @throws BackupError */
export function verifyBackup(path: string): Backup {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) throw new BackupError('missing', path);
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true });
    try {
      db.pragma('trusted_schema = OFF');
      return { ...checkBackup(db, path), bytes };
    } finally {
      db.close();
    }
  } catch (cause) {
    // What SQLite cannot read at all was never a backup; what it cannot read from some page on is damaged.
    if ((cause as { code?: unknown }).code === 'SQLITE_NOTADB') throw new BackupError('not-a-backup', path);
    throw backupErrorOf(cause, path);
  }
}

/**
 * Turns a private copy of a backup into the database it was made of, and checks that. Its mailboxes get another id, by
 * which clients learn that what they put there since may be gone. @throws BackupError
 */
export function unsealBackup(path: string, backup: Backup): void {
  try {
    const db = new Database(path, { fileMustExist: true });
    try {
      db.pragma('synchronous = FULL');
      // The key must not stay behind in a free page.
      db.pragma('secure_delete = ON');
      db.transaction(() => {
        db.exec(`DROP TABLE ${TABLE}`);
        db.pragma(`application_id = ${APPLICATION_ID}`);
      })();
      requireSound(db, path);
      if (!sameContents(contentsOf(db, TABLE), backup)) throw new BackupError('damaged', path, 'contents');
      // An older one gets its first id when it is migrated.
      if (backup.schema >= MAILBOXES_SCHEMA) db.prepare('UPDATE mail_positions SET id = ?').run(randomBytes(8));
    } finally {
      db.close();
    }
    syncFile(path);
  } catch (cause) {
    throw backupErrorOf(cause, path);
  }
}

/** Waits until the file is on the disk. */
export function syncFile(path: string): void {
  const handle = openSync(path, constants.O_RDWR);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function checkBackup(db: Database.Database, path: string): Omit<Backup, 'bytes'> {
  if (db.pragma('application_id', { simple: true }) !== BACKUP_APPLICATION_ID) {
    throw new BackupError('not-a-backup', path);
  }
  requireSound(db, path);
  const { key: keyText, format: _, ...info } = readInfo(db, path);
  if (info.schema > MIGRATIONS.at(-1)!.version) throw new BackupError('newer', path, `schema ${info.schema}`);
  if (info.schema !== db.pragma('user_version', { simple: true })) throw new BackupError('damaged', path, 'schema');
  if (!sameContents(contentsOf(db, TABLE), info)) throw new BackupError('damaged', path, 'contents');
  const key = parseServerKey(keyText);
  if (!key) throw new BackupError('damaged', path, 'key');
  return { ...info, keyText, pin: pinOf(key.publicKey) };
}

function requireSound(db: Database.Database, path: string): void {
  const verdict = db.pragma('integrity_check(1)', { simple: true }) as string;
  if (verdict !== 'ok') throw new BackupError('damaged', path, verdict.slice(0, 200));
  if ((db.pragma('foreign_key_check') as readonly unknown[]).length > 0) {
    throw new BackupError('damaged', path, 'foreign keys');
  }
}

function readInfo(db: Database.Database, path: string): BackupInfo {
  const raw = readSealed(db);
  if (raw === undefined) throw new BackupError('damaged', path, 'checksum');
  const format = z.object({ format: z.int() }).safeParse(raw).data?.format;
  if (format !== undefined && format > FORMAT) throw new BackupError('newer', path, `format ${format}`);
  const info = backupInfo.safeParse(raw);
  if (!info.success) throw new BackupError('damaged', path, 'info');
  return info.data;
}

/** @returns undefined when it is not what was written */
function readSealed(db: Database.Database): unknown {
  try {
    const { info, checksum } = db.prepare(`SELECT info, checksum FROM ${TABLE}`).get() as Record<string, string>;
    return checksum === checksumOf(info!) ? JSON.parse(info!) : undefined;
  } catch {
    return undefined;
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
