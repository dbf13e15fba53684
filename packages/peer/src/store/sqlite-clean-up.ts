import type Sqlite from 'better-sqlite3';
import { LOG_DROPPED_EVERY_MS, TIDIED_AT_ONCE_MS } from './limits.ts';
import { SqliteSearchTidy } from './sqlite-search-tidy.ts';

/**
 * What was erased from the rows must leave the files, too: the search index, and the write-ahead log, which has it until it
 * is written over. Works between the calls of others, in short steps.
 */
export class SqliteCleanUp {
  readonly #db: Sqlite.Database;
  readonly #tidy: SqliteSearchTidy;
  readonly #step: () => boolean;
  #lastDropMs = Number.NEGATIVE_INFINITY;
  #soon: NodeJS.Timeout | undefined;
  #next: NodeJS.Immediate | undefined;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#tidy = new SqliteSearchTidy(db);
    this.#step = db.transaction(() => this.#tidy.step()).immediate;
  }

  /** Something was erased: the log is emptied soon, once a second at most. */
  handleErased(): void {
    if (this.#soon) return;
    const waitMs = Math.max(0, this.#lastDropMs + LOG_DROPPED_EVERY_MS - performance.now());
    this.#soon = setTimeout(() => this.run(), waitMs);
  }

  /** Now, as far as it is quickly done; the rest follows by itself. */
  run(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const untilMs = performance.now() + TIDIED_AT_ONCE_MS;
    while (this.#tidyStep()) {
      if (performance.now() < untilMs) continue;
      this.#next ??= setImmediate(() => {
        this.#next = undefined;
        this.run();
      });
      return;
    }
    this.#lastDropMs = performance.now();
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Full or busy: the next one does it.
    }
  }

  stop(): void {
    clearTimeout(this.#soon);
    clearImmediate(this.#next);
  }

  #tidyStep(): boolean {
    if (!this.#tidy.isDue()) return false;
    try {
      return this.#step();
    } catch {
      return false;
    }
  }
}
