import { statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { BUSY_TIMEOUT_MS, CHECKED_AT_OPEN_BYTES_MAX, OPEN_BUSY_TIMEOUT_MS } from './limits.ts';
import { storeOpenErrorOf } from './sqlite-failure.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from './sqlite-schema.ts';
import { keepIndexed } from './sqlite-search.ts';
import { StoreOpenError } from './store-error.ts';

/**
 * Opens a profile database, or makes a new one: checked, migrated, WAL, every commit synced.
 * @throws StoreOpenError, with nothing changed
 */
export function openDatabase(path: string): Sqlite.Database {
  let db: Sqlite.Database | undefined;
  try {
    db = new Sqlite(path, { timeout: OPEN_BUSY_TIMEOUT_MS });
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
  const found = db.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw new StoreOpenError('corrupt', `${path} is damaged`);
}
