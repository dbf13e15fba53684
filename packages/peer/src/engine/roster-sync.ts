import { verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { PeerStore } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import type { ContactBook } from './contact-book.ts';

export interface RosterSyncOptions {
  readonly account: AccountLink;
  readonly store: PeerStore;
  readonly book: ContactBook;
  readonly log: Log;
  readonly onChanged: (account: AccountNumber) => void;
}

/** Keeps the stored friend list equal to the server's: by version, whole at first, then what changed. */
export class RosterSync {
  readonly #options: RosterSyncOptions;
  /** Changes are worked in one after the other, so that an older one never overwrites a newer. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: RosterSyncOptions) {
    this.#options = options;
  }

  /** Fetches what is newer than what we have. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const since = this.#options.account.profile?.rosterVersion ?? 0;
      const answers = await this.#options.account.requestAll({ type: 'roster-get', since });
      if (!answers.ok) return;
      const frames = answers.value.flatMap((answer) => (answer.type === 'roster' ? [answer] : []));
      await this.#store(
        frames.flatMap(({ entries }) => entries),
        frames.at(-1)?.version ?? since,
      );
    });
  }

  /** A change that the server pushed. */
  apply(entries: readonly RosterEntry[], version: number): Promise<void> {
    return this.#inTurn(async () => {
      // Not only higher ones: a change of many rows comes in pages of the same version.
      if (version >= (this.#options.account.profile?.rosterVersion ?? 0)) await this.#store(entries, version);
    });
  }

  /** The stored rows changed by our own doing: a pin or a note. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#load());
  }

  async #load(): Promise<void> {
    const { store, book, onChanged } = this.#options;
    for (const changed of book.load(await store.contacts())) onChanged(changed);
  }

  async #store(entries: readonly RosterEntry[], version: number): Promise<void> {
    const { store, account } = this.#options;
    if (entries.length > 0) {
      await store.applyRoster(
        entries.map((entry) => this.#withNewestList(entry)),
        version,
      );
      account.noteRosterVersion(version);
      await this.#load();
    }
  }

  /** R6: a device list older than the one we hold is refused; devices that were taken off it must not come back. */
  #withNewestList(entry: RosterEntry): RosterEntry {
    const held = this.#options.book.get(entry.account);
    if (!held || Buffer.compare(held.accountKey, entry.accountKey) !== 0) return entry;
    const before = verifyDeviceList(held.deviceList, held.accountKey);
    const now = verifyDeviceList(entry.deviceList, entry.accountKey);
    const older = before.ok && now.ok && now.value.version < before.value.version;
    return older ? { ...entry, deviceList: held.deviceList } : entry;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch((cause: { readonly code?: string }) => {
      this.#options.log.error({ code: cause.code ?? 'unknown' }, 'the friend list could not be stored');
    });
    return this.#queue;
  }
}
