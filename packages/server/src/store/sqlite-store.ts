import { Worker } from 'node:worker_threads';
import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { StoreReply } from './sqlite-batch.ts';
import type { FromWorker, ToWorker, WorkerInput } from './sqlite-worker.ts';
import type { DeviceKeys, Fence, NewAccount, Store } from './store.ts';
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
export function openSqliteStore(path: string, { mayCreate = true } = {}): Promise<Store> {
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
class SqliteStore implements Store {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  #lastId = 0;
  #isClosing = false;

  constructor(worker: Worker) {
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

  register(account: NewAccount): ReturnType<Store['register']> {
    return this.#call('register', {
      ...account,
      ...keysOf(account),
      accountKey: copyOf(account.accountKey),
      deviceList: copyOf(account.deviceList),
    });
  }

  accountByName(name: AccountName): ReturnType<Store['accountByName']> {
    return this.#call('accountByName', name);
  }

  accountByNumber(account: AccountNumber): ReturnType<Store['accountByNumber']> {
    return this.#call('accountByNumber', account);
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): ReturnType<Store['deviceByExchangeKey']> {
    return this.#call('deviceByExchangeKey', copyOf(exchangeKey));
  }

  devicesOf(account: AccountNumber): ReturnType<Store['devicesOf']> {
    return this.#call('devicesOf', account);
  }

  activateDevice(
    account: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): ReturnType<Store['activateDevice']> {
    return this.#call('activateDevice', account, keysOf(keys), copyOf(deviceList), deviceListVersion, listed);
  }

  claimSession(device: DeviceId, now: WallMs): ReturnType<Store['claimSession']> {
    return this.#call('claimSession', device, now);
  }

  deactivateDevice(device: DeviceId, epoch: SessionEpoch): ReturnType<Store['deactivateDevice']> {
    return this.#call('deactivateDevice', device, epoch);
  }

  roster(account: AccountNumber, since: number): ReturnType<Store['roster']> {
    return this.#call('roster', account, since);
  }

  areFriends(a: AccountNumber, b: AccountNumber): ReturnType<Store['areFriends']> {
    return this.#call('areFriends', a, b);
  }

  friendsOf(account: AccountNumber): ReturnType<Store['friendsOf']> {
    return this.#call('friendsOf', account);
  }

  friendAdd(by: Fence, to: AccountNumber, text: string, now: WallMs): ReturnType<Store['friendAdd']> {
    return this.#call('friendAdd', by, to, text, now);
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean, now: WallMs): ReturnType<Store['friendAnswer']> {
    return this.#call('friendAnswer', by, from, accept, now);
  }

  friendRemove(by: Fence, other: AccountNumber, now: WallMs): ReturnType<Store['friendRemove']> {
    return this.#call('friendRemove', by, other, now);
  }

  addNotice(text: string, now: WallMs): ReturnType<Store['addNotice']> {
    return this.#call('addNotice', text, now);
  }

  close(): Promise<void> {
    if (!this.#isClosing) this.#post('close');
    this.#isClosing = true;
    return this.#closed;
  }

  #call<M extends StoreMethod>(method: M, ...args: StoreArguments<M>): Promise<StoreAnswer<M>> {
    if (this.#isClosing) return Promise.reject(new StoreError('closed'));
    if (this.#waiting.size >= STORE_CALLS_WAITING_MAX) return Promise.reject(new StoreError('overloaded'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#post({ id, method, args });
    });
  }

  #settle(reply: StoreReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(new StoreError(reply.failure, reply.detail));
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function keysOf(keys: DeviceKeys): DeviceKeys {
  return { device: keys.device, exchangeKey: copyOf(keys.exchangeKey), signKey: copyOf(keys.signKey) };
}

/** Only the bytes meant: a window on a frame would carry the whole frame to the other thread. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
