import { createHash, type Hash } from 'node:crypto';
import type Database from 'better-sqlite3';

/** What a database holds, for comparing two files that may differ in free pages and in nothing else. */
export interface DatabaseContents {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** SHA-256 over every table's definition and every row, in the order of their keys; hex. */
  readonly digest: string;
}

/** @param except a table that does not count */
export function contentsOf(db: Database.Database, except: string): DatabaseContents {
  const hash = createHash('sha256');
  const rows: Record<string, number> = {};
  for (const { name, sql } of tablesOf(db)) {
    if (name === except) continue;
    hashValue(hash, name);
    hashValue(hash, sql);
    // NOT INDEXED: the order of the table itself, not that of an index that happens to hold all columns.
    const statement = db
      .prepare(`SELECT * FROM "${name.replaceAll('"', '""')}" NOT INDEXED`)
      .raw()
      .safeIntegers();
    let count = 0;
    for (const row of statement.iterate() as IterableIterator<readonly unknown[]>) {
      for (const value of row) hashValue(hash, value);
      count += 1;
    }
    rows[name] = count;
  }
  return { rows, digest: hash.digest('hex') };
}

export function sameContents(a: DatabaseContents, b: DatabaseContents): boolean {
  return a.digest === b.digest && JSON.stringify(a.rows) === JSON.stringify(b.rows);
}

/** The numbers given last (sqlite_sequence) belong to the content: an account number is never given twice. */
function tablesOf(db: Database.Database): readonly { readonly name: string; readonly sql: string | null }[] {
  return db
    .prepare(
      `SELECT name, sql FROM sqlite_schema
       WHERE type = 'table' AND (name = 'sqlite_sequence' OR name NOT LIKE 'sqlite\\_%' ESCAPE '\\') ORDER BY name`,
    )
    .all() as { readonly name: string; readonly sql: string | null }[];
}

/** Type and length go first, so that no two rows have one text. */
function hashValue(hash: Hash, value: unknown): void {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
  hash.update(`${value === null ? 'null' : Buffer.isBuffer(value) ? 'blob' : typeof value} ${bytes.length} `);
  hash.update(bytes);
}
