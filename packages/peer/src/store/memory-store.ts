import { MemoryState } from './memory-state.ts';
import type { PeerStore } from './store.ts';
import { CALLS, type CallName } from './store-call-names.ts';
import { StoreError } from './store-error.ts';

type Write = (state: MemoryState) => unknown;

interface Waiting {
  /** Undefined for a read: it changes nothing, but may have seen what is not synced yet. */
  readonly write: Write | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * A peer's memory for the simulator and for tests, as durable as its `sync` says: a write is applied at once and
 * resolves after the next sync; all that wait together share one. `crash()` gives the store that a restart would find.
 */
export class MemoryPeerStore implements PeerStore {
  readonly profile = this.#calling('profile');
  readonly saveProfile = this.#calling('saveProfile');
  readonly updateProfile = this.#calling('updateProfile');
  readonly contacts = this.#calling('contacts');
  readonly applyRoster = this.#calling('applyRoster');
  readonly acceptAccountKey = this.#calling('acceptAccountKey');
  readonly pinAccountKey = this.#calling('pinAccountKey');
  readonly noteContact = this.#calling('noteContact');
  readonly settings = this.#calling('settings');
  readonly saveSettings = this.#calling('saveSettings');
  readonly ownDeviceLists = this.#calling('ownDeviceLists');
  readonly saveOwnDeviceLists = this.#calling('saveOwnDeviceLists');
  readonly commitOutgoing = this.#calling('commitOutgoing');
  readonly cancel = this.#calling('cancel');
  readonly commitSystem = this.#calling('commitSystem');
  readonly stampAnew = this.#calling('stampAnew');
  readonly undelivered = this.#calling('undelivered');
  readonly chatsWithUndelivered = this.#calling('chatsWithUndelivered');
  readonly meetDevices = this.#calling('meetDevices');
  readonly undeliveredTo = this.#calling('undeliveredTo');
  readonly openings = this.#calling('openings');
  readonly devicesBehind = this.#calling('devicesBehind');
  readonly noteRoad = this.#calling('noteRoad');
  readonly applyReceipt = this.#calling('applyReceipt');
  readonly applyRefusal = this.#calling('applyRefusal');
  readonly refuseUndelivered = this.#calling('refuseUndelivered');
  readonly commitIncoming = this.#calling('commitIncoming');
  readonly openNumbering = this.#calling('openNumbering');
  readonly receivedUpTo = this.#calling('receivedUpTo');
  readonly receiptsOwed = this.#calling('receiptsOwed');
  readonly noteReceiptsTold = this.#calling('noteReceiptsTold');
  readonly tails = this.#calling('tails');
  readonly gaps = this.#calling('gaps');
  readonly sentWithin = this.#calling('sentWithin');
  readonly receivedWithin = this.#calling('receivedWithin');
  readonly missingOwn = this.#calling('missingOwn');
  readonly commitReturned = this.#calling('commitReturned');
  readonly meetOwnDevices = this.#calling('meetOwnDevices');
  readonly uncopiedTo = this.#calling('uncopiedTo');
  readonly noteCopied = this.#calling('noteCopied');
  readonly forgetCopied = this.#calling('forgetCopied');
  readonly commitCopies = this.#calling('commitCopies');
  readonly applyCopyReceipt = this.#calling('applyCopyReceipt');
  readonly copyStatesOwed = this.#calling('copyStatesOwed');
  readonly copyStates = this.#calling('copyStates');
  readonly noteCopyStatesTold = this.#calling('noteCopyStatesTold');
  readonly unmailedTo = this.#calling('unmailedTo');
  readonly noteMailed = this.#calling('noteMailed');
  readonly noteMailRefused = this.#calling('noteMailRefused');
  readonly forgetMailed = this.#calling('forgetMailed');
  readonly expireMailed = this.#calling('expireMailed');
  readonly meetMailboxes = this.#calling('meetMailboxes');
  readonly saveMailKeys = this.#calling('saveMailKeys');
  readonly mailKeys = this.#calling('mailKeys');
  readonly markRead = this.#calling('markRead');
  readonly message = this.#calling('message');
  readonly search = this.#calling('search');
  readonly deleteMessages = this.#calling('deleteMessages');
  readonly deleteChat = this.#calling('deleteChat');
  readonly rows = this.#calling('rows');
  readonly storage = this.#calling('storage');
  readonly draft = this.#calling('draft');
  readonly drafts = this.#calling('drafts');
  readonly saveDraft = this.#calling('saveDraft');
  readonly chats = this.#calling('chats');
  readonly messages = this.#calling('messages');
  readonly changesSince = this.#calling('changesSince');
  readonly lastChange = this.#calling('lastChange');
  readonly peerStamp = this.#calling('peerStamp');
  readonly savePeerStamp = this.#calling('savePeerStamp');
  readonly saveNotice = this.#calling('saveNotice');
  readonly dismissNotice = this.#calling('dismissNotice');
  readonly notices = this.#calling('notices');

  readonly #sync: () => Promise<void>;
  #live: MemoryState;
  /** What the disk has: the same writes, applied when their sync is done. */
  #synced: MemoryState;
  #waiting: Waiting[] = [];
  #inSync: Waiting[] = [];
  #syncing = false;
  #state: 'open' | 'closed' | 'crashed' = 'open';

  /** @param options.sync resolves when all that was written before the call is on disk; rejects when the disk is full */
  constructor(options: { readonly sync: () => Promise<void> }, content = new MemoryState()) {
    this.#sync = options.sync;
    this.#live = content;
    this.#synced = content.copy();
  }

  /**
   * Ends this store as `kill -9` does: what waits never resolves, and neither does any later call.
   * @returns a store with exactly what was synced
   */
  crash(): MemoryPeerStore {
    this.#state = 'crashed';
    this.#waiting = [];
    this.#inSync = [];
    return new MemoryPeerStore({ sync: this.#sync }, this.#synced.copy());
  }

  /** What the disk holds at this moment, for an observer beside the peer; never to be written to. */
  get disk(): MemoryState {
    return this.#synced;
  }

  /** Waits for what was written before. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    await this.#call(() => undefined, undefined);
    if (this.#state === 'open') this.#state = 'closed';
  }

  #calling<K extends CallName>(name: K): PeerStore[K] {
    const isWrite = CALLS[name] === 'write';
    const calling = (...args: readonly unknown[]): Promise<unknown> => {
      const call = (state: MemoryState): unknown =>
        (state.calls[name] as (...args: readonly unknown[]) => unknown)(...args);
      return this.#call(call, isWrite ? call : undefined);
    };
    return calling as unknown as PeerStore[K];
  }

  async #call<T>(call: (state: MemoryState) => T, write: Write | undefined): Promise<T> {
    if (this.#state === 'crashed') return new Promise(() => {});
    if (this.#state === 'closed') throw new StoreError('closed', 'the store is closed');
    const value = call(this.#live);
    if (write || this.#syncing) await this.#nextSync(write);
    return value;
  }

  #nextSync(write: Write | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      if (!this.#syncing) void this.#syncAll();
    });
  }

  async #syncAll(): Promise<void> {
    this.#syncing = true;
    // Whatever is written in the same turn shares the sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      this.#inSync = this.#waiting;
      this.#waiting = [];
      try {
        await this.#sync();
        this.#settle();
      } catch {
        this.#giveUp();
      }
    }
    this.#syncing = false;
  }

  #settle(): void {
    const done = this.#inSync;
    this.#inSync = [];
    for (const { write } of done) write?.(this.#synced);
    for (const { resolve } of done) resolve();
  }

  /** The disk took nothing: all that is not on it is undone, also what came later, because it may rest on it. */
  #giveUp(): void {
    const failed = [...this.#inSync, ...this.#waiting];
    this.#inSync = [];
    this.#waiting = [];
    if (this.#state === 'crashed') return;
    this.#live = this.#synced.copy();
    for (const { reject } of failed) reject(new StoreError('full', 'the disk took nothing'));
  }
}
