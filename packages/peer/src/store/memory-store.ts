import type { ContentRefusal } from '@magpie/common/content/content.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { MemoryState } from './memory-state.ts';
import type {
  Contact,
  ContactNotes,
  IncomingContent,
  IncomingOutcome,
  MessageQuery,
  MessageRoad,
  NumberingOpening,
  OutgoingText,
  PeerStore,
  Profile,
  ReceivedNumbering,
  Settings,
  StoredMessage,
  StoredNotice,
} from './store.ts';
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

  profile(): Promise<Profile | undefined> {
    return this.#read((state) => state.profile());
  }

  saveProfile(profile: Profile): Promise<void> {
    return this.#write((state) => state.saveProfile(profile));
  }

  updateProfile(patch: Partial<Profile>): Promise<void> {
    return this.#write((state) => state.updateProfile(patch));
  }

  contacts(): Promise<readonly Contact[]> {
    return this.#read((state) => state.contacts());
  }

  applyRoster(entries: readonly RosterEntry[], rosterVersion: number): Promise<void> {
    return this.#write((state) => state.applyRoster(entries, rosterVersion));
  }

  acceptAccountKey(account: AccountNumber, verified: boolean): Promise<void> {
    return this.#write((state) => state.knownContacts.accept(account, verified));
  }

  pinAccountKey(account: AccountNumber, accountKey: Uint8Array, verified: boolean): Promise<boolean> {
    return this.#write((state) => state.knownContacts.pin(account, accountKey, verified));
  }

  noteContact(account: AccountNumber, patch: Partial<ContactNotes>): Promise<void> {
    return this.#write((state) => state.knownContacts.note(account, patch));
  }

  settings(): Promise<Settings> {
    return this.#read((state) => state.own.settings());
  }

  saveSettings(patch: Partial<Settings>): Promise<void> {
    return this.#write((state) => state.own.saveSettings(patch));
  }

  ownDeviceLists(): Promise<readonly Uint8Array[]> {
    return this.#read((state) => state.own.deviceLists());
  }

  saveOwnDeviceLists(lists: readonly Uint8Array[], anew: boolean): Promise<void> {
    return this.#write((state) => state.own.saveDeviceLists(lists, anew));
  }

  commitOutgoing(text: OutgoingText, wallNow: WallMs): Promise<StoredMessage> {
    return this.#write((state) => state.commitOutgoing(text, wallNow));
  }

  undelivered(chat: AccountNumber, limit: number): Promise<readonly StoredMessage[]> {
    return this.#read((state) => state.messages.undelivered(chat, limit));
  }

  chatsWithUndelivered(): Promise<readonly AccountNumber[]> {
    return this.#read((state) => state.messages.chatsOwed());
  }

  meetDevices(chat: AccountNumber, devices: readonly DeviceId[]): Promise<void> {
    return this.#write((state) => state.meetDevices(chat, devices));
  }

  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): Promise<readonly StoredMessage[]> {
    return this.#read((state) => state.undeliveredTo(chat, device, limit));
  }

  openings(chat: AccountNumber, device: DeviceId): Promise<readonly NumberingOpening[]> {
    return this.#read((state) => state.openings(chat, device));
  }

  devicesBehind(): Promise<readonly { readonly chat: AccountNumber; readonly device: DeviceId }[]> {
    return this.#read((state) => state.devicesBehind());
  }

  openNumbering(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, from: number): Promise<boolean> {
    return this.#write((state) => state.openNumbering(chat, device, incarnation, from));
  }

  noteRoad(id: MessageId, road: MessageRoad): Promise<void> {
    return this.#write((state) => state.noteRoad(id, road));
  }

  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
    device: DeviceId,
  ): Promise<readonly StoredMessage[]> {
    return this.#write((state) => state.applyReceipt(chat, incarnation, kind, ranges, device));
  }

  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
  ): Promise<readonly StoredMessage[]> {
    return this.#write((state) => state.applyRefusal(chat, incarnation, sequence, reason));
  }

  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): Promise<readonly StoredMessage[]> {
    return this.#write((state) => state.refuseUndelivered(chat, neverSent));
  }

  commitIncoming(items: readonly IncomingContent[], wallNow: WallMs): Promise<readonly IncomingOutcome[]> {
    return this.#write((state) => state.commitIncoming(items, wallNow));
  }

  receivedUpTo(chat: AccountNumber): Promise<readonly ReceivedNumbering[]> {
    return this.#read((state) => state.receivedUpTo(chat));
  }

  markRead(chat: AccountNumber, upTo?: MessageId): Promise<readonly StoredMessage[]> {
    return this.#write((state) => state.messages.markRead(chat, upTo));
  }

  message(id: MessageId): Promise<StoredMessage | undefined> {
    return this.#read((state) => state.messages.message(id));
  }

  messages(query: MessageQuery): Promise<readonly StoredMessage[]> {
    return this.#read((state) => state.messages.messages(query));
  }

  changesSince(change: number, limit: number): Promise<readonly StoredMessage[]> {
    return this.#read((state) => state.messages.changesSince(change, limit));
  }

  lastChange(): Promise<number> {
    return this.#read((state) => state.messages.lastChange());
  }

  peerStamp(device: DeviceId): Promise<number> {
    return this.#read((state) => state.peerStamp(device));
  }

  savePeerStamp(device: DeviceId, stamp: number): Promise<void> {
    return this.#write((state) => state.savePeerStamp(device, stamp));
  }

  saveNotice(notice: StoredNotice): Promise<boolean> {
    return this.#write((state) => state.own.saveNotice(notice));
  }

  notices(limit: number): Promise<readonly StoredNotice[]> {
    return this.#read((state) => state.own.notices(limit));
  }

  /** Waits for what was written before. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    await this.#read(() => undefined);
    if (this.#state === 'open') this.#state = 'closed';
  }

  #write<T>(write: (state: MemoryState) => T): Promise<T> {
    return this.#call(write, write);
  }

  #read<T>(read: (state: MemoryState) => T): Promise<T> {
    return this.#call(read, undefined);
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
