import { equalBytes } from '@magpie/common/channel/keys.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import { NOTICES_MAX } from './limits.ts';
import { DEFAULT_SETTINGS, type Notice, type Settings, type StoredNotice } from './store.ts';

/** What concerns nobody but the user: settings, the own chain of device lists, notices of the operator. */
export class MemoryOwn {
  #settings = DEFAULT_SETTINGS;
  #deviceLists: readonly Uint8Array[] = [];
  #mailboxId: Uint8Array | undefined;
  /** Newest first. */
  #notices: readonly StoredNotice[] = [];

  copy(): MemoryOwn {
    const copy = new MemoryOwn();
    copy.#settings = this.#settings;
    copy.#deviceLists = this.#deviceLists;
    copy.#mailboxId = this.#mailboxId;
    copy.#notices = this.#notices;
    return copy;
  }

  settings(): Settings {
    return this.#settings;
  }

  saveSettings(patch: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...patch };
  }

  deviceLists(): readonly Uint8Array[] {
    return this.#deviceLists;
  }

  saveDeviceLists(lists: readonly Uint8Array[], anew: boolean): void {
    const kept = anew ? [] : [...this.#deviceLists];
    for (const list of lists) if (!kept.some((one) => equalBytes(one, list))) kept.push(list);
    this.#deviceLists = kept.slice(-DEVICE_CHAIN_MAX);
  }

  mailboxId(): Uint8Array | undefined {
    return this.#mailboxId?.slice();
  }

  saveMailboxId(id: Uint8Array): void {
    this.#mailboxId = id.slice();
  }

  saveNotice({ id, at, text }: Notice): boolean {
    if (this.#notices.some((one) => one.id === id)) return false;
    const fresh = { id, at, text, dismissed: false };
    this.#notices = [...this.#notices, fresh].sort((a, b) => b.id - a.id).slice(0, NOTICES_MAX);
    return this.#notices.includes(fresh);
  }

  dismissNotice(id: number): StoredNotice | undefined {
    this.#notices = this.#notices.map((one) => (one.id === id ? { ...one, dismissed: true } : one));
    return this.#notices.find((one) => one.id === id);
  }

  notices(limit: number): readonly StoredNotice[] {
    return this.#notices.slice(0, limit);
  }
}
