import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '@magpie/common/assert.ts';
import { runBatch, type StoreReply, type StoreRequest } from './sqlite-batch.ts';
import { openDatabase } from './sqlite-open.ts';
import { SqliteTables } from './sqlite-tables.ts';
import { STORE_BATCH_MAX } from './store-calls.ts';
import { type StoreOpenCode, StoreOpenError } from './store-error.ts';

export interface WorkerInput {
  readonly path: string;
  readonly mayCreate: boolean;
}

export type ToWorker = StoreRequest | 'close';

export type FromWorker =
  | { readonly type: 'opened' }
  | { readonly type: 'refused'; readonly code: StoreOpenCode; readonly detail: string }
  | { readonly type: 'replies'; readonly replies: readonly StoreReply[] }
  | { readonly type: 'closed' };

assert(parentPort, 'the worker has a parent');
serve(parentPort, workerData as WorkerInput);

/** What waits in the port when a batch begins shares its transaction; what arrives meanwhile forms the next one. */
function serve(port: MessagePort, { path, mayCreate }: WorkerInput): void {
  const tell = (message: FromWorker): void => port.postMessage(message);
  let db: ReturnType<typeof openDatabase>;
  try {
    db = openDatabase(path, mayCreate);
  } catch (cause) {
    if (!(cause instanceof StoreOpenError)) throw cause;
    tell({ type: 'refused', code: cause.code, detail: cause.detail });
    return;
  }
  const tables = new SqliteTables(db);
  port.on('message', (first: ToWorker) => {
    const batch: StoreRequest[] = [];
    let next: ToWorker | undefined = first;
    while (next !== undefined && next !== 'close') {
      batch.push(next);
      next = batch.length < STORE_BATCH_MAX ? takeWaiting(port) : undefined;
    }
    if (batch.length > 0) tell({ type: 'replies', replies: runBatch(db, tables, batch) });
    if (next !== 'close') return;
    db.close();
    tell({ type: 'closed' });
    port.close();
  });
  tell({ type: 'opened' });
}

function takeWaiting(port: MessagePort): ToWorker | undefined {
  return receiveMessageOnPort(port)?.message as ToWorker | undefined;
}
