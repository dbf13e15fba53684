import { Worker } from 'node:worker_threads';
import type { StoreReply, StoreRequest } from './sqlite-batch.ts';
import type { FromWorker, ToWorker, WorkerInput } from './sqlite-worker.ts';
import { ownArguments, StoreCaller } from './store-caller.ts';
import { STORE_CALLS_WAITING_MAX, type StoreAnswer, type StoreArguments, type StoreMethod } from './store-calls.ts';
import { StoreError, StoreOpenError } from './store-error.ts';

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: StoreError): void;
}

/**
 * Opens the database in a worker thread of its own, so that a slow disk never stops heartbeats.
 * Rejects with StoreOpenError when the file cannot be used.
 * @param mayCreate whether a database that is not there, or empty, is made (default: yes)
 */
export function openSqliteStore(path: string, { mayCreate = true } = {}): Promise<SqliteStore> {
  const workerData: WorkerInput = { path, mayCreate };
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData, name: 'store' });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: FromWorker) => {
      worker.off('error', reject);
      if (message.type === 'opened') resolve(new SqliteStore(worker));
      else if (message.type === 'refused') reject(new StoreOpenError(message.code, path, message.detail));
    });
  });
}

/** Hands each call to the worker and waits for its answer. */
export class SqliteStore extends StoreCaller {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  /** Requests of this turn of the event loop. */
  #toPost: StoreRequest[] = [];
  /** Of their byte arrays: they go over to the worker. */
  #toTransfer: ArrayBuffer[] = [];
  #lastId = 0;
  #isClosing = false;

  constructor(worker: Worker) {
    super();
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'replies') for (const reply of message.replies) this.#settle(reply);
    });
    this.#closed = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#isClosing = true;
        for (const { reject } of this.#waiting.values()) reject(new StoreError('closed'));
        this.#waiting.clear();
        resolve();
      });
    });
    // No listener for `error`: a bug in the worker ends the program, as one in the main thread does.
  }

  /**
   * An online copy of the database, complete and synced when the promise resolves, mode 0600; other calls go on. What is
   * written meanwhile is in it. Rejects with StoreError, and then leaves nothing behind.
   */
  backupTo(path: string): Promise<void> {
    return this.#request((id) => this.#post({ id, backupTo: path }));
  }

  close(): Promise<void> {
    if (!this.#isClosing) this.#post('close');
    this.#isClosing = true;
    return this.#closed;
  }

  protected call<M extends StoreMethod>(method: M, ...args: StoreArguments<M>): Promise<StoreAnswer<M>> {
    return this.#request((id) => {
      if (this.#toPost.length === 0) setImmediate(this.#postRequests);
      this.#toPost.push({ id, method, args: ownArguments(args, this.#toTransfer) });
    });
  }

  #request<T>(post: (id: number) => void): Promise<T> {
    if (this.#isClosing) return Promise.reject(new StoreError('closed'));
    if (this.#waiting.size >= STORE_CALLS_WAITING_MAX) return Promise.reject(new StoreError('overloaded'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      post(id);
    });
  }

  #settle(reply: StoreReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(new StoreError(reply.failure, reply.detail));
  }

  readonly #postRequests = (): void => {
    if (this.#toPost.length === 0) return;
    const [requests, buffers] = [this.#toPost, this.#toTransfer];
    this.#toPost = [];
    this.#toTransfer = [];
    this.#worker.postMessage(requests, buffers);
  };

  /** Behind the requests that were made before. */
  #post(message: Exclude<ToWorker, readonly StoreRequest[]>): void {
    this.#postRequests();
    this.#worker.postMessage(message);
  }
}
