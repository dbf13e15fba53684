import { closeSync, constants, openSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations/all.ts';
import { copyDatabase } from './sqlite-backup.ts';
import { type StoreOpenCode, StoreOpenError } from './store-error.ts';

export type SqliteDatabase = Database.Database;

/** 'MGPS': marks a database as ours, so that another program's is never migrated. */
export const APPLICATION_ID = 0x4d47_5053;
/** A backup that copies the file holds a lock for moments; longer than this it is another server. */
const BUSY_MS_MAX = 2_000;
/** The leaves of the mailboxes in use, which each batch of mail touches: with the default of 2 MB it reads them anew. */
const CACHE_KIB = 32 * 1024;
/** Up to this size every page is checked at the start; beyond it that would delay the start by seconds. */
const QUICK_CHECK_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens the server's database, migrated where needed; `<path>.before-v<schema>` is then what it was before.
 * @param mayCreate makes one where there is none, or an empty one; otherwise that is `missing`
 * @throws StoreOpenError; the file is then as it was
 */
export function openDatabase(path: string, mayCreate = true): SqliteDatabase {
  let db: SqliteDatabase | undefined;
  try {
    probe(path, mayCreate);
    db = new Database(path, { timeout: BUSY_MS_MAX });
    checkIdentity(db, path, mayCreate);
    checkPages(db, path);
    configure(db);
    keepOld(db, path);
    migrate(db);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof StoreOpenError) throw cause;
    throw new StoreOpenError(openCodeOf(cause), path, cause instanceof Error ? cause.message : String(cause));
  }
}

/** The operating system's reason is clearer than SQLite's "unable to open database file". */
function probe(path: string, mayCreate: boolean): void {
  if (path === ':memory:') return;
  if (!mayCreate && !hasContent(path)) throw new StoreOpenError('missing', path, 'no file, or an empty one');
  const handle = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  closeSync(handle);
}

/** Asked before SQLite, which deletes what a killed server left in the log (-wal) of a file that was emptied. */
function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function checkIdentity(db: SqliteDatabase, path: string, mayCreate: boolean): void {
  const applicationId = db.pragma('application_id', { simple: true }) as number;
  const version = userVersion(db);
  const isEmpty = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (applicationId !== APPLICATION_ID && !(isEmpty && applicationId === 0 && version === 0)) {
    throw new StoreOpenError('foreign', path, `application_id ${applicationId}, user_version ${version}`);
  }
  if (isEmpty && !mayCreate) throw new StoreOpenError('missing', path, 'no tables');
  const known = MIGRATIONS.at(-1)!.version;
  if (version > known) {
    throw new StoreOpenError('newer-schema', path, `schema ${version}, this program knows ${known}`);
  }
}

function checkPages(db: SqliteDatabase, path: string): void {
  const pageCount = db.pragma('page_count', { simple: true }) as number;
  const pageBytes = db.pragma('page_size', { simple: true }) as number;
  if (pageCount * pageBytes > QUICK_CHECK_BYTES_MAX) return;
  const verdict = db.pragma('quick_check(1)', { simple: true }) as string;
  if (verdict !== 'ok') throw new StoreOpenError('corrupt', path, verdict);
}

function configure(db: SqliteDatabase): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma(`cache_size = ${-CACHE_KIB}`);
  // What was deleted (keys, texts, password hashes) is overwritten in the file.
  db.pragma('secure_delete = ON');
}

/** Without its copy nothing is migrated. */
function keepOld(db: SqliteDatabase, path: string): void {
  const [version, newest] = [userVersion(db), MIGRATIONS.at(-1)!.version];
  if (version === 0 || version === newest) return;
  const copy = `${path}.before-v${newest}`;
  try {
    copyDatabase(db, copy);
  } catch (cause) {
    const detail = `no copy could be kept as ${copy}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new StoreOpenError(openCodeOf(cause), path, detail);
  }
}

function migrate(db: SqliteDatabase): void {
  const missing = MIGRATIONS.filter(({ version }) => version > userVersion(db));
  if (missing.length === 0) return;
  db.transaction(() => {
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const migration of missing) {
      migration.apply(db);
      db.pragma(`user_version = ${migration.version}`);
    }
  }).immediate();
}

function userVersion(db: SqliteDatabase): number {
  return db.pragma('user_version', { simple: true }) as number;
}

function openCodeOf(cause: unknown): StoreOpenCode {
  const code = codeOf(cause);
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'corrupt';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'locked';
  if (/^SQLITE_(FULL|IOERR)/.test(code) || code === 'ENOSPC' || code === 'EIO') return 'disk';
  return 'unreadable';
}

/** The code of a SQLite or system error, or an empty text. */
export function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
