import { codeOf, type SqliteDatabase } from './sqlite-open.ts';
import { callRoom, isWrite, type StoreMethod, type StoreRooms } from './store-calls.ts';
import type { StoreFailure } from './store-error.ts';

/** One call on its way to the worker. */
export interface StoreRequest {
  readonly id: number;
  readonly method: StoreMethod;
  readonly args: readonly unknown[];
}

export type StoreReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: StoreFailure; readonly detail: string };

/** @throws when the request fails, or SQLite has given up the whole transaction */
type RunOne = (db: SqliteDatabase, tables: StoreRooms, request: StoreRequest) => StoreReply;

/**
 * Group commit: the requests share one transaction, hence one sync. When one fails, all is undone and done again with each
 * in a savepoint of its own, so that it undoes nothing of its neighbours: savepoints for all, whose pages SQLite copies,
 * would take a third of the time, and only a bug or the disk makes a request fail. When the transaction as a whole fails
 * (a full disk), each is tried alone, so that at least the reads are answered.
 */
export function runBatch(
  db: SqliteDatabase,
  tables: StoreRooms,
  requests: readonly StoreRequest[],
): readonly StoreReply[] {
  try {
    return runTogether(db, tables, requests, answered);
  } catch (cause) {
    if (requests.length === 1) return [failed(requests[0]!.id, cause)];
  }
  try {
    return runTogether(db, tables, requests, runApart);
  } catch {
    return requests.flatMap((request) => runBatch(db, tables, [request]));
  }
}

function runTogether(
  db: SqliteDatabase,
  tables: StoreRooms,
  requests: readonly StoreRequest[],
  runOne: RunOne,
): readonly StoreReply[] {
  const { begin, beginToWrite, commit } = bracketsOf(db);
  (requests.some(({ method }) => isWrite(method)) ? beginToWrite : begin).run();
  try {
    const replies = requests.map((request) => runOne(db, tables, request));
    commit.run();
    return replies;
  } catch (cause) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw cause;
  }
}

/** @throws when SQLite has given up the whole transaction */
function runApart(db: SqliteDatabase, tables: StoreRooms, request: StoreRequest): StoreReply {
  if (!isWrite(request.method)) return answered(db, tables, request);
  const { save, release } = bracketsOf(db);
  save.run();
  try {
    const reply = answered(db, tables, request);
    release.run();
    return reply;
  } catch (cause) {
    if (!db.inTransaction) throw cause;
    db.exec('ROLLBACK TO request; RELEASE request');
    return failed(request.id, cause);
  }
}

type Brackets = ReturnType<typeof prepareBrackets>;

const prepared = new WeakMap<SqliteDatabase, Brackets>();

/** What goes around every request, prepared once: the text would cost more than what it does. */
function bracketsOf(db: SqliteDatabase): Brackets {
  let brackets = prepared.get(db);
  if (!brackets) {
    brackets = prepareBrackets(db);
    prepared.set(db, brackets);
  }
  return brackets;
}

function prepareBrackets(db: SqliteDatabase) {
  return {
    begin: db.prepare('BEGIN'),
    beginToWrite: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    save: db.prepare('SAVEPOINT request'),
    release: db.prepare('RELEASE request'),
  };
}

function answered(_db: SqliteDatabase, tables: StoreRooms, { id, method, args }: StoreRequest): StoreReply {
  return { id, answer: callRoom(tables, method, args) };
}

/** @param otherwise the failure where the cause has no code of SQLite */
export function failed(id: number, cause: unknown, otherwise: StoreFailure = 'internal'): StoreReply {
  const code = codeOf(cause);
  const failure = code.startsWith('SQLITE_') ? (code as StoreFailure) : otherwise;
  return { id, failure, detail: cause instanceof Error ? cause.message : '' };
}
