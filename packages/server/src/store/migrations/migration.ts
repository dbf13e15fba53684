import type { SqliteDatabase } from '../sqlite-open.ts';

/** One step of the schema. Once released it never changes: a correction is a new step. */
export interface Migration {
  /** 1, 2, 3 …: the `user_version` of a database that has it. */
  readonly version: number;
  /** Runs inside a transaction together with the steps before and after it. */
  apply(db: SqliteDatabase): void;
}
