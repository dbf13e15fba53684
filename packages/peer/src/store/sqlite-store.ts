import { Worker } from 'node:worker_threads';
import { preparePrivateFile } from '../io/private-file.ts';
import { CALLS_WAITING_MAX } from './limits.ts';
import type { CallReply, CallRequest } from './sqlite-batch.ts';
import type { FromWorker, ToWorker, WorkerInput } from './sqlite-worker.ts';
import type { PeerStore } from './store.ts';
import { CALLS, type CallName } from './store-call-names.ts';
import { StoreError, StoreOpenError } from './store-error.ts';

/**
 * Opens (or makes, 0600) the profile database at `path`, in a worker thread of its own.
 * @param key of a profile with a passphrase (R30), 32 bytes
 * @throws (rejects with) StoreOpenError
 */
export async function openSqlitePeerStore(path: string, key?: Uint8Array): Promise<PeerStore> {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const prepared = await preparePrivateFile(file, { create: file === path });
    if (!prepared.ok) throw new StoreOpenError(prepared.error.code, prepared.error.detail);
  }
  const workerData: WorkerInput = { path, key };
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData });
  const calls = new WorkerCalls(worker);
  await calls.opened;
  return storeOver(calls);
}

function storeOver(calls: WorkerCalls): PeerStore {
  const names = Object.keys(CALLS) as CallName[];
  const forwarded = names.map((name) => [name, (...args: readonly unknown[]) => calls.call(name, args)]);
  const store = Object.fromEntries(forwarded) as Omit<PeerStore, 'close'>;
  return {
    ...store,
    deleteChat: (chat, upTo) => inSteps(() => store.deleteChat(chat, upTo)),
    close: () => calls.close(),
  };
}

/** The worker does one at a time, so that others get their turn. */
async function inSteps(step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let count = await step(); count > 0; count = await step()) total += count;
  return total;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

/** Pairs calls with the worker's replies. */
class WorkerCalls {
  /** Rejects with StoreOpenError. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #closed = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.opened = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('replies' in message) this.#settle(message.replies);
        else if ('opened' in message) resolve();
        else reject(new StoreOpenError(message.openError, message.detail));
      });
      worker.once('error', (error) => reject(new StoreOpenError('io', String(error))));
      worker.once('exit', () => reject(new StoreOpenError('io', 'the database thread ended')));
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#closed = true;
        this.#failAll(new StoreError('closed', 'the database thread ended'));
        resolve();
      });
    });
  }

  call(name: CallName, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed) return Promise.reject(new StoreError('closed', 'the store is closed'));
    if (this.#waiting.size >= CALLS_WAITING_MAX) {
      return Promise.reject(new StoreError('locked', 'too many calls wait for the disk'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, name, args } satisfies CallRequest);
    });
  }

  /** Everything called before is done first. Safe to call twice. */
  close(): Promise<void> {
    if (!this.#closed) this.#post({ close: true });
    this.#closed = true;
    return this.#exited;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #settle(replies: readonly CallReply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.value);
      else waiting?.reject(new StoreError(reply.code, reply.detail));
    }
  }

  #failAll(error: StoreError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
