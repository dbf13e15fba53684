export type StoreOpenCode =
  /** Not there, or without a single table, where an old one was expected. */
  | 'missing'
  /** Damaged, or not a SQLite database. */
  | 'corrupt'
  /** Another program holds it. */
  | 'locked'
  /** Cannot be opened at all: no folder, no right, not a file. */
  | 'unreadable'
  /** A SQLite database of another program. */
  | 'foreign'
  /** Written by a newer version of this program. */
  | 'newer-schema'
  /** The disk is full or failing. */
  | 'disk';

/** Why a server database cannot be used. Nothing was changed on disk. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  readonly code: StoreOpenCode;
  readonly path: string;
  /** What the database said, in its own words. */
  readonly detail: string;

  constructor(code: StoreOpenCode, path: string, detail: string) {
    super(`${code}: ${path}: ${detail}`);
    this.code = code;
    this.path = path;
    this.detail = detail;
  }
}

/** Why a call failed: a code of SQLite such as SQLITE_FULL, or one of ours. */
export type StoreFailure = `SQLITE_${string}` | 'sync-failed' | 'backup-failed' | 'overloaded' | 'closed' | 'internal';

/** One call failed and changed nothing; the store goes on. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code = 'store-failed';
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, detail = '') {
    super(`store-failed: ${failure}${detail && `: ${detail}`}`);
    this.failure = failure;
  }
}
