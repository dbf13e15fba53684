import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Contact, PeerStore } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import type { CommandError } from './command-error.ts';
import type { ContactBook } from './contact-book.ts';
import { knownList } from './device-chain.ts';
import { judgeEntry } from './friend-list-judge.ts';
import { requestError } from './link-errors.ts';
import { fetchChain } from './own-devices.ts';

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
  #queue: Promise<unknown> = Promise.resolve();
  /** Entries whose list does not follow by itself, and whose chain could not be fetched yet. */
  readonly #owed = new Map<AccountNumber, RosterEntry>();

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
      const entries = frames.flatMap((frame) => frame.entries);
      const shown = new Set(entries.map(({ account }) => account));
      const owed = [...this.#owed.values()].filter(({ account }) => !shown.has(account));
      await this.#store([...owed, ...entries], frames.at(-1)?.version ?? since);
    });
  }

  /** A change that the server pushed. */
  apply(entries: readonly RosterEntry[], version: number): Promise<void> {
    return this.#inTurn(async () => {
      // Not only higher ones: a change of many rows comes in pages of the same version.
      if (version >= (this.#options.account.profile?.rosterVersion ?? 0)) await this.#store(entries, version);
    });
  }

  /** A device of theirs has shown that their list is newer than the one known here. */
  refreshList(account: AccountNumber): Promise<void> {
    return this.#inTurn(async () => {
      const contact = this.#options.book.get(account);
      const shown = contact && (await this.#shownList(contact));
      if (contact && shown?.ok) await this.#store([{ ...entryOf(contact), deviceList: shown.value }], this.#version);
    });
  }

  /**
   * The user looked and agreed (ID19): the newest list of that account counts, whatever came before. The contact's note
   * that its list is broken is left to whoever asks.
   */
  takeNewestList({ account }: Contact): Promise<Result<void, CommandError>> {
    return this.#inTurn(
      async () => {
        const contact = this.#options.book.get(account);
        if (!contact) return err({ code: 'NOT_FOUND' });
        const shown = await this.#shownList(contact);
        if (!shown.ok) return shown;
        this.#owed.delete(account);
        await this.#options.store.applyRoster([{ ...entryOf(contact), deviceList: shown.value }], this.#version);
        await this.#load();
        return ok(undefined);
      },
      err({ code: 'STORE_FAILED' }),
    );
  }

  async #shownList(contact: Contact): Promise<Result<Uint8Array, CommandError>> {
    const answer = await this.#options.account.request({ type: 'device-list-get', account: contact.account });
    if (!answer.ok) return err(requestError(answer.error));
    if (answer.value.type !== 'device-list') return err({ code: 'INTERNAL' });
    const { accountKey, deviceList } = answer.value;
    // Another key is another matter, and comes with the friend list.
    const valid = equalBytes(accountKey, contact.accountKey) && knownList(deviceList, accountKey);
    return valid ? ok(deviceList) : err({ code: 'KEY_CHANGED' });
  }

  get #version(): number {
    return this.#options.account.profile?.rosterVersion ?? 0;
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
    if (entries.length === 0) return;
    const { store, account, log } = this.#options;
    const judged: RosterEntry[] = [];
    for (const shown of entries) {
      const { entry, verdict } = await this.#judge(shown);
      judged.push(entry);
      if (verdict === 'owed') this.#owed.set(entry.account, shown);
      else this.#owed.delete(entry.account);
      if (verdict !== 'broken') continue;
      log.warn({ account: entry.account }, 'a device list does not follow from the one known');
      // Before the row: a crash between the two must not leave it unsaid.
      await store.noteContact(entry.account, { listBroken: true });
    }
    await store.applyRoster(judged, version);
    account.noteRosterVersion(version);
    await this.#load();
  }

  #judge(entry: RosterEntry): ReturnType<typeof judgeEntry> {
    const { account, book } = this.#options;
    return judgeEntry(entry, book.get(entry.account), (friend, since) => fetchChain(friend, since, account));
  }

  #inTurn(work: () => Promise<void>): Promise<void>;
  #inTurn<T>(work: () => Promise<T>, failed: T): Promise<T>;
  #inTurn<T>(work: () => Promise<T>, failed?: T): Promise<T | undefined> {
    const result = this.#queue.then(work).catch((cause: { readonly code?: string }) => {
      this.#options.log.error({ code: cause.code ?? 'unknown' }, 'the friend list could not be stored');
      return failed;
    });
    this.#queue = result;
    return result;
  }
}

function entryOf({ pinnedKey, unread, local, ...entry }: Contact): RosterEntry {
  return entry;
}
