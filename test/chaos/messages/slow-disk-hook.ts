// Loaded into a program before its own code (node --import): in its store's worker thread every commit that changed
// something takes as many milliseconds more as the file CHAOS_DISK_FILE says, the way it would while the disk syncs. The
// thread sleeps, as it does in fsync; the rest of the program is left alone.
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import type Sqlite from 'better-sqlite3';

type AnyFunction = (...args: readonly unknown[]) => unknown;

const file = process.env.CHAOS_DISK_FILE ?? '';
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const changesSeen = new WeakMap<object, number>();
const countings = new WeakMap<object, Sqlite.Statement>();

if (!isMainThread) {
  const { default: Database } = await import('better-sqlite3');
  slowDown(Database.prototype);
}

function slowDown(prototype: Sqlite.Database): void {
  const { prepare, transaction } = prototype;
  const syncIfChanged = (db: Sqlite.Database): void => {
    if (db.inTransaction) return;
    let counting = countings.get(db);
    if (!counting) {
      counting = (prepare as AnyFunction).call(db, 'SELECT total_changes()') as Sqlite.Statement;
      countings.set(db, counting.pluck());
    }
    const changes = counting.get() as number;
    if (changes === changesSeen.get(db)) return;
    changesSeen.set(db, changes);
    const ms = delayMs();
    if (ms > 0) Atomics.wait(nobodyWakes, 0, 0, ms);
  };
  const synced = (db: Sqlite.Database, run: AnyFunction): AnyFunction =>
    function slow(this: unknown, ...args) {
      const value = run.apply(this, [...args]);
      syncIfChanged(db);
      return value;
    };
  prototype.prepare = function slowCommit(this: Sqlite.Database, sql: string) {
    const statement = (prepare as AnyFunction).call(this, sql) as Sqlite.Statement;
    if (sql === 'COMMIT') statement.run = synced(this, statement.run as AnyFunction) as typeof statement.run;
    return statement;
  } as typeof prepare;
  prototype.transaction = function slowTransaction(this: Sqlite.Database, body: AnyFunction) {
    const made = (transaction as AnyFunction).call(this, body) as Sqlite.Transaction;
    return Object.assign(synced(this, made as AnyFunction), {
      deferred: synced(this, made.deferred as AnyFunction),
      immediate: synced(this, made.immediate as AnyFunction),
      exclusive: synced(this, made.exclusive as AnyFunction),
    });
  } as unknown as typeof transaction;
}

function delayMs(): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}
