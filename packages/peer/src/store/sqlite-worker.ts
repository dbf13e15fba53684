import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type Sqlite from 'better-sqlite3';
import { BATCH_REQUESTS_MAX } from './limits.ts';
import { type CallReply, type CallRequest, SqliteBatch } from './sqlite-batch.ts';
import { createCalls } from './sqlite-calls.ts';
import { SqliteCleanUp } from './sqlite-clean-up.ts';
import { storeOpenErrorOf } from './sqlite-failure.ts';
import { openDatabase } from './sqlite-open.ts';
import type { StoreOpenErrorCode } from './store-error.ts';

export type ToWorker = CallRequest | { readonly close: true };
export interface WorkerInput {
  readonly path: string;
  /** Of a profile with a passphrase. */
  readonly key: Uint8Array | undefined;
}
export type FromWorker =
  | { readonly opened: true }
  | { readonly openError: StoreOpenErrorCode; readonly detail: string }
  | { readonly replies: readonly CallReply[] };

/** The one thread that touches the database: a slow disk stops nothing but the calls that wait for it. */
function main(port: NonNullable<typeof parentPort>, { path, key }: WorkerInput): void {
  const say = (message: FromWorker): void => port.postMessage(message);
  let db: Sqlite.Database;
  let batch: SqliteBatch;
  let cleanUp: SqliteCleanUp;
  try {
    db = openDatabase(path, key);
    batch = new SqliteBatch(
      db,
      createCalls(db, () => cleanUp.handleErased()),
    );
    cleanUp = new SqliteCleanUp(db);
    // What a crash or the end of the program interrupted.
    cleanUp.run();
  } catch (error) {
    const { code, detail } = storeOpenErrorOf(error, path);
    say({ openError: code, detail });
    port.close();
    return;
  }
  port.on('message', (first: ToWorker) => {
    const { requests, close } = drain(port, first);
    if (requests.length > 0) {
      const replies = batch.run(requests);
      if (requests.some((request, n) => isErasure(request, replies[n]))) cleanUp.run();
      say({ replies });
    }
    if (!close) return;
    cleanUp.stop();
    db.close();
    port.close();
  });
  say({ opened: true });
}

/** Of a chat, the last step: what was marked in the search index before is taken out at once. */
function isErasure({ name }: CallRequest, reply: CallReply | undefined): boolean {
  return name === 'deleteMessages' || (name === 'deleteChat' && reply?.ok === true && reply.value === 0);
}

/** The message and all that wait behind it: they share a transaction. */
function drain(
  port: NonNullable<typeof parentPort>,
  first: ToWorker,
): { readonly requests: readonly CallRequest[]; readonly close: boolean } {
  const requests: CallRequest[] = [];
  let next: ToWorker | undefined = first;
  while (next) {
    if ('close' in next) return { requests, close: true };
    requests.push(next);
    if (requests.length >= BATCH_REQUESTS_MAX) break;
    next = receiveMessageOnPort(port)?.message as ToWorker | undefined;
  }
  return { requests, close: false };
}

if (parentPort) main(parentPort, workerData as WorkerInput);
