import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { MemoryTables } from './memory-tables.ts';
import type { DeviceKeys, Fence, NewAccount, Store } from './store.ts';
import { STORE_BATCH_MAX, STORE_CALLS_WAITING_MAX } from './store-calls.ts';
import { StoreError } from './store-error.ts';

export interface MemoryStoreOptions {
  /** What a disk takes to make writes durable. A rejection is a disk that failed: the writes it covers are undone. */
  readonly sync?: () => Promise<void>;
}

interface Call {
  /** Runs inside the transaction. @returns what answers the caller after the sync */
  run(tables: MemoryTables): () => void;
  fail(error: StoreError): void;
}

/**
 * The Store of the simulator. It behaves as the SQLite worker does: calls run in order, calls that wait together share
 * one transaction and one sync, and no call (a read neither) is answered before what it saw is durable.
 */
export class MemoryStore implements Store {
  readonly #sync: () => Promise<void>;
  #tables: MemoryTables;
  #durable: MemoryTables;
  #waiting: Call[] = [];
  #draining: Promise<void> | undefined;
  #end: 'closed' | 'crashed' | undefined;

  constructor(options: MemoryStoreOptions = {}, tables = new MemoryTables()) {
    this.#sync = options.sync ?? (() => Promise.resolve());
    this.#tables = tables;
    this.#durable = tables.copy();
  }

  /** Ends this store as a killed process ends: open calls get no answer. @returns a store with what was synced */
  crash(): MemoryStore {
    this.#end = 'crashed';
    this.#waiting = [];
    return new MemoryStore({ sync: this.#sync }, this.#durable.copy());
  }

  /** What the disk holds at this moment, for an observer beside the server; never to be written to. */
  get disk(): MemoryTables {
    return this.#durable;
  }

  register(account: NewAccount): ReturnType<Store['register']> {
    return this.#call((tables) => tables.register(account));
  }

  accountByName(name: AccountName): ReturnType<Store['accountByName']> {
    return this.#call((tables) => tables.accountByName(name));
  }

  accountByNumber(account: AccountNumber): ReturnType<Store['accountByNumber']> {
    return this.#call((tables) => tables.accountByNumber(account));
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): ReturnType<Store['deviceByExchangeKey']> {
    return this.#call((tables) => tables.deviceByExchangeKey(exchangeKey));
  }

  devicesOf(account: AccountNumber): ReturnType<Store['devicesOf']> {
    return this.#call((tables) => tables.devicesOf(account));
  }

  activateDevice(
    account: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): ReturnType<Store['activateDevice']> {
    return this.#call((tables) => tables.activateDevice(account, keys, deviceList, deviceListVersion, listed));
  }

  claimSession(device: DeviceId, now: WallMs): ReturnType<Store['claimSession']> {
    return this.#call((tables) => tables.claimSession(device, now));
  }

  deactivateDevice(device: DeviceId, epoch: SessionEpoch): ReturnType<Store['deactivateDevice']> {
    return this.#call((tables) => tables.deactivateDevice(device, epoch));
  }

  roster(account: AccountNumber, since: number): ReturnType<Store['roster']> {
    return this.#call((tables) => tables.roster(account, since));
  }

  areFriends(a: AccountNumber, b: AccountNumber): ReturnType<Store['areFriends']> {
    return this.#call((tables) => tables.areFriends(a, b));
  }

  friendsOf(account: AccountNumber): ReturnType<Store['friendsOf']> {
    return this.#call((tables) => tables.friendsOf(account));
  }

  friendAdd(by: Fence, to: AccountNumber, text: string, _now: WallMs): ReturnType<Store['friendAdd']> {
    return this.#call((tables) => tables.friendAdd(by, to, text));
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean, _now: WallMs): ReturnType<Store['friendAnswer']> {
    return this.#call((tables) => tables.friendAnswer(by, from, accept));
  }

  friendRemove(by: Fence, other: AccountNumber, _now: WallMs): ReturnType<Store['friendRemove']> {
    return this.#call((tables) => tables.friendRemove(by, other));
  }

  addNotice(text: string, now: WallMs): ReturnType<Store['addNotice']> {
    return this.#call((tables) => tables.addNotice(text, now));
  }

  async close(): Promise<void> {
    this.#end ??= 'closed';
    await this.#draining;
  }

  #call<T>(run: (tables: MemoryTables) => T): Promise<T> {
    if (this.#end === 'crashed') return new Promise(() => {});
    if (this.#end === 'closed') return Promise.reject(new StoreError('closed'));
    if (this.#waiting.length >= STORE_CALLS_WAITING_MAX) return Promise.reject(new StoreError('overloaded'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        run: (tables) => {
          const answer = run(tables);
          return () => resolve(answer);
        },
        fail: reject,
      });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, STORE_BATCH_MAX);
      const answers = batch.map((call) => call.run(this.#tables));
      const failure = await this.#commit();
      if (this.#end === 'crashed') break;
      if (failure) for (const call of batch) call.fail(failure);
      else for (const answer of answers) answer();
    }
    this.#draining = undefined;
  }

  async #commit(): Promise<StoreError | undefined> {
    const journal = this.#tables.takeJournal();
    if (journal.length === 0) return undefined;
    try {
      await this.#sync();
    } catch {
      this.#tables = this.#durable.copy();
      return new StoreError('sync-failed');
    }
    if (this.#end !== 'crashed') for (const change of journal) change(this.#durable);
    return undefined;
  }
}
