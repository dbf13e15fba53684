import type { DeviceId, MailId } from '@magpie/common/ids.ts';
import { MemoryRows } from './memory-rows.ts';
import { memoryTables } from './memory-tables.ts';
import { ownArguments, StoreCaller } from './store-caller.ts';
import {
  callRoom,
  STORE_BATCH_MAX,
  STORE_CALLS_WAITING_MAX,
  type StoreAnswer,
  type StoreArguments,
  type StoreMethod,
  type StoreRooms,
} from './store-calls.ts';
import { StoreError } from './store-error.ts';

export interface MemoryStoreOptions {
  /** What a disk takes to make writes durable. A rejection is a disk that failed: the writes it covers are undone. */
  readonly sync?: () => Promise<void>;
}

/** What an observer may ask, without the waiting. */
export type MemoryDisk = Pick<StoreRooms['accounts'], 'accountByNumber'> &
  Pick<StoreRooms['devices'], 'devicesOf'> &
  Pick<StoreRooms['roster'], 'areFriends'> & {
    /** Whether that mail of `from` waits in the log of `to`. */
    hasMail(to: DeviceId, from: DeviceId, id: MailId): boolean;
    /** Everything in the log of the device. */
    mailCount(to: DeviceId): number;
  };

interface Call {
  /** Runs inside the transaction. @returns what answers the caller after the sync */
  run(tables: StoreRooms): () => void;
  fail(error: StoreError): void;
}

/**
 * The Store of the simulator. It behaves as the SQLite worker does: calls run in order, calls that wait together share
 * one transaction and one sync, and no call (a read neither) is answered before what it saw is durable.
 */
export class MemoryStore extends StoreCaller {
  readonly #sync: () => Promise<void>;
  #rows: MemoryRows;
  #tables: StoreRooms;
  #durable: MemoryRows;
  #waiting: Call[] = [];
  #draining: Promise<void> | undefined;
  #end: 'closed' | 'crashed' | undefined;

  constructor(options: MemoryStoreOptions = {}, rows = new MemoryRows()) {
    super();
    this.#sync = options.sync ?? (() => Promise.resolve());
    this.#rows = rows;
    this.#tables = memoryTables(rows);
    this.#durable = rows.copy();
  }

  /** Ends this store as a killed process ends: open calls get no answer. @returns a store with what was synced */
  crash(): MemoryStore {
    this.#end = 'crashed';
    this.#waiting = [];
    return new MemoryStore({ sync: this.#sync }, this.#durable.copy());
  }

  /** As `crash`, put back from a copy of the disk by `magpie-server restore`: its mailboxes have another id. */
  restored(): MemoryStore {
    const store = this.crash();
    store.#rows.mail.renewId();
    for (const change of store.#rows.takeJournal()) change(store.#durable);
    return store;
  }

  /** What the disk holds at this moment, for an observer beside the server; never to be written to. */
  get disk(): MemoryDisk {
    const { accounts, devices, roster } = memoryTables(this.#durable);
    return {
      accountByNumber: (account) => accounts.accountByNumber(account),
      devicesOf: (account) => devices.devicesOf(account),
      areFriends: (a, b) => roster.areFriends(a, b),
      hasMail: (to, from, id) => this.#durable.mail.mailNamed(to, from, id) !== undefined,
      mailCount: (to) => [...this.#durable.mail.mailsOf(to)].length,
    };
  }

  async close(): Promise<void> {
    this.#end ??= 'closed';
    await this.#draining;
  }

  protected call<M extends StoreMethod>(method: M, ...args: StoreArguments<M>): Promise<StoreAnswer<M>> {
    if (this.#end === 'crashed') return new Promise(() => {});
    if (this.#end === 'closed') return Promise.reject(new StoreError('closed'));
    if (this.#waiting.length >= STORE_CALLS_WAITING_MAX) return Promise.reject(new StoreError('overloaded'));
    const own = ownArguments(args);
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        run: (tables) => {
          const answer = callRoom(tables, method, own);
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
    const journal = this.#rows.takeJournal();
    if (journal.length === 0) return undefined;
    try {
      await this.#sync();
    } catch {
      this.#rows = this.#durable.copy();
      this.#tables = memoryTables(this.#rows);
      return new StoreError('sync-failed');
    }
    if (this.#end !== 'crashed') for (const change of journal) change(this.#durable);
    return undefined;
  }
}
