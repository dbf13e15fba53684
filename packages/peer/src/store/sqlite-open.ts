import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { BUSY_TIMEOUT_MS, CHECKED_AT_OPEN_BYTES_MAX, OPEN_BUSY_TIMEOUT_MS } from './limits.ts';
import { storeOpenErrorOf } from './sqlite-failure.ts';
import { giveKey, sqliteLibrary } from './sqlite-library.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from './sqlite-schema.ts';
import { keepIndexed } from './sqlite-search.ts';
import { StoreOpenError } from './store-error.ts';

/**
 * Opens a profile database, or makes a new one: checked, migrated, WAL, every commit synced.
 * @param key of a profile with a passphrase (R30), 32 bytes
 * @param options.encrypted by the SQLite that can encrypt, whether this file is encrypted or not
 * @throws StoreOpenError, with nothing changed
 */
export function openDatabase(
  path: string,
  key?: Uint8Array,
  options: { readonly encrypted: boolean } = { encrypted: key !== undefined },
): Sqlite.Database {
  let db: Sqlite.Database | undefined;
  try {
    if (key && isPlain(path)) throw new StoreOpenError('half-encrypted', path);
    db = new (sqliteLibrary(options))(path, { timeout: OPEN_BUSY_TIMEOUT_MS });
    if (key) giveKey(db, key);
    keepTemporaryInMemory(db);
    check(db, path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('trusted_schema = OFF');
    db.pragma('journal_size_limit = 16777216');
    // What was deleted or recalled is overwritten, not only forgotten.
    db.pragma('secure_delete = ON');
    migrate(db);
    keepIndexed(db);
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return db;
  } catch (error) {
    db?.close();
    throw storeOpenErrorOf(error, path);
  }
}

/** SQLite's temporary files are never encrypted, nor overwritten when they go: journals of statements, what is being sorted. */
export function keepTemporaryInMemory(db: Sqlite.Database): void {
  db.pragma('temp_store = MEMORY');
}

const TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";

function check(db: Sqlite.Database, path: string): void {
  const isEmpty = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  const applicationId = db.pragma('application_id', { simple: true });
  if (!isEmpty && applicationId !== APPLICATION_ID) {
    throw new StoreOpenError('foreign', `${path} is the database of another program`);
  }
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new StoreOpenError('newer-schema', `${path} has schema ${version}, this program knows ${SCHEMA_VERSION}`);
  }
  if (path === ':memory:' || statSync(path).size > CHECKED_AT_OPEN_BYTES_MAX) return;
  // Table by table, because a check of all also reads what the search index means, which takes five times as long.
  for (const name of db.prepare<[], string>(TABLES).pluck().all()) {
    const found = db.pragma(`quick_check("${name.replaceAll('"', '""')}")`, { simple: true });
    if (found !== 'ok') throw new StoreOpenError('corrupt', `${path} is damaged`);
  }
}

const PLAIN_HEADER = 'SQLite format 3\0';

/** Whether the file begins as every database does that is not encrypted. */
export function isPlain(path: string): boolean {
  const header = Buffer.alloc(PLAIN_HEADER.length);
  const file = openSync(path, 'r');
  try {
    return readSync(file, header, 0, header.length, 0) === header.length && header.toString('latin1') === PLAIN_HEADER;
  } finally {
    closeSync(file);
  }
}
