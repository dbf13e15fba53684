import type Sqlite from 'better-sqlite3';

export const SEARCH_TIDY_SCHEMA = `
  -- Present while the search index still has terms of erased messages, only marked as such.
  CREATE TABLE search_tidy (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    begun INTEGER NOT NULL CHECK (begun IN (0, 1))
  ) STRICT;
`;

/** Pages of the index that one step writes, some 50 ms. */
const PAGES_PER_STEP = 500;

/**
 * Takes the terms of many erased messages out of the search index. To erase each where it stands would take minutes: they
 * are marked, and then the index is written anew without them, step by step. Plain calls on an open database; the caller
 * brings the transactions. What is left to do is in the file, and goes on after a restart.
 */
export class SqliteSearchTidy {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  isDue(): boolean {
    return this.#sql.begun.get() !== undefined;
  }

  /** Terms that are erased within are marked only. */
  marking(erase: () => void): void {
    this.#sql.markOnly.run();
    try {
      erase();
      this.#sql.due.run();
    } finally {
      this.#sql.eraseAtOnce.run();
    }
  }

  /** @returns false when there is nothing more to do */
  step(): boolean {
    const begun = this.#sql.begun.get();
    if (begun === undefined) return false;
    const before = this.#sql.totalChanges.get()!;
    // A negative number makes one run of all there is, a positive one goes on with it (FTS5, "merge").
    this.#sql.merge.run(begun === 1 ? PAGES_PER_STEP : -PAGES_PER_STEP);
    if (begun === 0) {
      this.#sql.begin.run();
      return true;
    }
    // One change is that of the command itself.
    if (this.#sql.totalChanges.get()! - before >= 2) return true;
    this.#sql.done.run();
    return false;
  }
}

function prepare(db: Sqlite.Database) {
  return {
    begun: db.prepare<[], 0 | 1>('SELECT begun FROM search_tidy').pluck(),
    due: db.prepare('INSERT INTO search_tidy VALUES (1, 0) ON CONFLICT DO UPDATE SET begun = 0'),
    begin: db.prepare('UPDATE search_tidy SET begun = 1'),
    done: db.prepare('DELETE FROM search_tidy'),
    merge: db.prepare<[number]>("INSERT INTO message_search (message_search, rank) VALUES ('merge', ?)"),
    markOnly: db.prepare("INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 0)"),
    eraseAtOnce: db.prepare("INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1)"),
    totalChanges: db.prepare<[], number>('SELECT total_changes()').pluck(),
  };
}
