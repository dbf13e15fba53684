import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '@magpie/common/assert.ts';
import { backupDatabase } from './sqlite-backup.ts';
import { failed, runBatch, type StoreReply, type StoreRequest } from './sqlite-batch.ts';
import { openDatabase } from './sqlite-open.ts';
import { sqliteTables } from './sqlite-tables.ts';
import { STORE_BATCH_MAX } from './store-calls.ts';
import { type StoreOpenCode, StoreOpenError } from './store-error.ts';

export interface WorkerInput {
  readonly path: string;
  readonly mayCreate: boolean;
}

export interface BackupRequest {
  readonly id: number;
  readonly backupTo: string;
}

/** Requests of one turn of the caller's event loop come together: a message costs as much as the request in it. */
export type ToWorker = readonly StoreRequest[] | BackupRequest | 'close';

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
  const tables = sqliteTables(db);
  const closing = new AbortController();
  let backups = Promise.resolve();

  async function backup({ id, backupTo }: BackupRequest): Promise<void> {
    let reply: StoreReply = { id, answer: undefined };
    try {
      await backupDatabase(db, backupTo, closing.signal);
    } catch (cause) {
      reply = failed(id, cause, 'backup-failed');
    }
    tell({ type: 'replies', replies: [reply] });
  }

  async function close(): Promise<void> {
    closing.abort();
    await backups;
    db.close();
    tell({ type: 'closed' });
    port.close();
  }

  port.on('message', (first: ToWorker) => {
    const batch: StoreRequest[] = [];
    let next: ToWorker | undefined = first;
    while (next !== undefined && next !== 'close') {
      if ('backupTo' in next) {
        const request = next;
        backups = backups.then(() => backup(request));
      } else batch.push(...next);
      next = batch.length < STORE_BATCH_MAX ? takeWaiting(port) : undefined;
    }
    for (let at = 0; at < batch.length; at += STORE_BATCH_MAX) {
      tell({ type: 'replies', replies: runBatch(db, tables, batch.slice(at, at + STORE_BATCH_MAX)) });
    }
    if (next === 'close') void close();
  });
  tell({ type: 'opened' });
}

function takeWaiting(port: MessagePort): ToWorker | undefined {
  return receiveMessageOnPort(port)?.message as ToWorker | undefined;
}
