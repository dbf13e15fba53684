import type Sqlite from 'better-sqlite3';
import { storeErrorOf } from './sqlite-failure.ts';
import { CALLS, type CallName, type SyncCalls } from './store-call-names.ts';
import type { StoreErrorCode } from './store-error.ts';

export interface CallRequest {
  readonly id: number;
  readonly name: CallName;
  readonly args: readonly unknown[];
}

export type CallReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: StoreErrorCode; readonly detail: string };

/**
 * Group commit: all requests that wait together run in one transaction, each in a savepoint, and share one sync. The
 * replies are given out after the commit, so none of them tells what a crash could take back. When the transaction as
 * a whole fails (disk full), each request is tried alone: what fits is not refused for the sake of what does not.
 */
export class SqliteBatch {
  readonly #db: Sqlite.Database;
  readonly #calls: SyncCalls;
  readonly #together: (requests: readonly CallRequest[]) => readonly CallReply[];
  readonly #alone: (request: CallRequest) => unknown;

  constructor(db: Sqlite.Database, calls: SyncCalls) {
    this.#db = db;
    this.#calls = calls;
    const inSavepoint = db.transaction((request: CallRequest) => this.#run(request));
    this.#alone = inSavepoint.immediate;
    this.#together = db.transaction((requests: readonly CallRequest[]) =>
      requests.map((request) => this.#inSavepoint(request, inSavepoint)),
    ).immediate;
  }

  run(requests: readonly CallRequest[]): readonly CallReply[] {
    const first = requests[0];
    if (requests.length === 1 && first) return [this.#runAlone(first)];
    if (requests.every(isRead)) return requests.map((request) => this.#runAlone(request));
    try {
      return this.#together(requests);
    } catch (error) {
      const { code, detail } = storeErrorOf(error);
      // Whoever holds the database was waited for already; waiting again for each request would take minutes.
      const refused = (request: CallRequest): boolean => code === 'locked' && !isRead(request);
      return requests.map((request) =>
        refused(request) ? { id: request.id, ok: false, code, detail } : this.#runAlone(request),
      );
    }
  }

  /** A request that fails by itself is undone by itself; when the transaction is gone or the disk fails, all of it is. */
  #inSavepoint(request: CallRequest, run: (request: CallRequest) => unknown): CallReply {
    try {
      return { id: request.id, ok: true, value: run(request) };
    } catch (error) {
      const { code, detail } = storeErrorOf(error);
      const concernsAll = !this.#db.inTransaction || (code !== 'internal' && code !== 'no-profile');
      if (concernsAll) throw error;
      return { id: request.id, ok: false, code, detail };
    }
  }

  #runAlone(request: CallRequest): CallReply {
    try {
      const value = isRead(request) ? this.#run(request) : this.#alone(request);
      return { id: request.id, ok: true, value };
    } catch (error) {
      const { code, detail } = storeErrorOf(error);
      return { id: request.id, ok: false, code, detail };
    }
  }

  #run({ name, args }: CallRequest): unknown {
    const call = this.#calls[name] as (...args: readonly unknown[]) => unknown;
    return call(...args);
  }
}

function isRead(request: CallRequest): boolean {
  return CALLS[request.name] === 'read';
}
