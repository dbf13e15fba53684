import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { type Contact, NO_NOTES, type PeerStore, type StoredMessage } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import type { CommandError } from './command-error.ts';
import type { ContactBook } from './contact-book.ts';
import { knownList } from './device-chain.ts';
import { type FetchChain, judgeEntry } from './friend-list-judge.ts';
import { requestError } from './link-errors.ts';
import { fetchChain } from './own-devices.ts';
import { rosterAfterRestore } from './restored-roster.ts';
import type { SystemNotes } from './system-notes.ts';

export interface RosterSyncOptions {
  readonly account: AccountLink;
  readonly store: PeerStore;
  readonly book: ContactBook;
  readonly log: Log;
  /** What the conversations say of a change is written with it. */
  readonly notes: Pick<SystemNotes, 'linesOf' | 'handleContacts'>;
  readonly onChanged: (account: AccountNumber) => void;
  readonly onLine: (line: StoredMessage) => void;
}

interface News {
  readonly entries: readonly RosterEntry[];
  readonly version: number;
}

/** Says that nobody was asked: what needs a chain is owed. */
const UNASKED: FetchChain = async () => err('unasked');

/**
 * Keeps the stored friend list equal to the server's: by version, whole at first, then what changed. No question to the
 * server holds up what is known already: who is no friend any more is none at once (SV93).
 */
export class RosterSync {
  readonly #options: RosterSyncOptions;
  /** Changes are worked in one after the other, so that an older one never overwrites a newer. Nobody is asked in it. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Questions for what is newer, one after the other. */
  #asking: Promise<unknown> = Promise.resolve();
  #askings = 0;
  /** Nothing below the version of the list is missing, so that pushes may raise it. */
  #complete = false;
  /** Entries whose list does not follow by itself, and whose chain is not fetched yet. */
  readonly #owed = new Map<AccountNumber, RosterEntry>();
  #following: Promise<void> | undefined;
  #owedAnew = false;
  /** Reads of the rows, counted: one that was overtaken by a later one is older. */
  #readsBegun = 0;
  #readShown = 0;

  constructor(options: RosterSyncOptions) {
    this.#options = options;
  }

  /** Fetches what is newer than what we have; all of it when the server has gone back (SV84). */
  refresh(): Promise<void> {
    this.#askings++;
    const result = this.#asking.then(() => this.#refresh()).finally(() => this.#askings--);
    this.#asking = result.catch(() => undefined);
    return result;
  }

  /** A change that the server pushed. */
  async apply(entries: readonly RosterEntry[], version: number): Promise<void> {
    await this.#inTurn(async () => {
      // Not only higher ones: a change of many rows comes in pages of the same version.
      if (version >= this.#version) await this.#store(entries, this.#complete ? version : this.#version);
    });
    // The last question was lost, and what lies before this push with it.
    if (!this.#complete && this.#askings === 0) await this.refresh();
    await this.#followOwed();
  }

  /** The server has done what the user wished of this account: that is so at once, whether it tells the row or not. */
  applyOwn(before: Contact | undefined, state: 'blocked' | 'removed'): Promise<Result<void, CommandError>> {
    return this.#inTurn<Result<void, CommandError>>(
      async () => {
        const contact = before && this.#options.book.get(before.account);
        // A row that is newer than the wish is what the server made of it, and of what came after.
        if (!contact || contact.version !== before.version) return ok(undefined);
        await this.#apply([{ ...entryOf(contact), state }], this.#version);
        return ok(undefined);
      },
      err({ code: 'STORE_FAILED' }),
    );
  }

  /**
   * A device of theirs has shown that their list is newer than the one known here.
   * @returns whether the newest could be had
   */
  async refreshList(account: AccountNumber): Promise<boolean> {
    const shown = await this.#askList(account);
    if (!shown.ok) return false;
    await this.#inTurn(async () => {
      const contact = this.#options.book.get(account);
      if (!contact || !listFor(contact, shown.value).ok) return;
      await this.#store([{ ...entryOf(contact), deviceList: shown.value.deviceList }], this.#version);
    });
    await this.#followOwed();
    return true;
  }

  /**
   * The user looked and agreed (ID19): the newest list of that account counts, whatever came before, but no older one
   * (ID10). The contact's note that its list is broken is left to whoever asks.
   */
  async takeNewestList({ account }: Contact): Promise<Result<void, CommandError>> {
    const shown = await this.#askList(account);
    if (!shown.ok) return shown;
    return this.#inTurn(
      async () => {
        const contact = this.#options.book.get(account);
        if (!contact) return err({ code: 'NOT_FOUND' });
        const list = listFor(contact, shown.value);
        if (!list.ok) return list;
        this.#owed.delete(account);
        await this.#apply([{ ...entryOf(contact), deviceList: list.value }], this.#version);
        return ok(undefined);
      },
      err({ code: 'STORE_FAILED' }),
    );
  }

  /** Nothing that the server tells is worked in meanwhile. */
  exclusively<T>(work: () => Promise<Result<T, CommandError>>): Promise<Result<T, CommandError>> {
    return this.#inTurn(work, err({ code: 'STORE_FAILED' }));
  }

  /** The stored rows changed by our own doing: a pin or a note. Waits for nothing but the store. */
  async reload(): Promise<void> {
    await this.#load().catch((cause: { readonly code?: string }) => this.#logFailure(cause));
  }

  get #version(): number {
    return this.#options.account.profile?.rosterVersion ?? 0;
  }

  async #refresh(): Promise<void> {
    this.#complete = false;
    const news = await this.#ask(this.#version);
    // Restored from a backup: what it counts from now on it may have counted before, for something else.
    const restored = news !== undefined && news.version < this.#version;
    const told = restored ? await this.#ask(0) : news;
    if (!told) return;
    await this.#inTurn(async () => {
      if (restored) await this.#replace(told);
      else await this.#store(told.entries, told.version);
      this.#complete = true;
    });
    await this.#followOwed();
  }

  async #ask(since: number): Promise<News | undefined> {
    const answers = await this.#options.account.requestAll({ type: 'roster-get', since });
    if (!answers.ok) return undefined;
    const frames = answers.value.flatMap((answer) => (answer.type === 'roster' ? [answer] : []));
    const last = frames.at(-1);
    return last && { entries: frames.flatMap((frame) => frame.entries), version: last.version };
  }

  async #askList(account: AccountNumber): Promise<Result<ShownList, CommandError>> {
    const answer = await this.#options.account.request({ type: 'device-list-get', account });
    if (!answer.ok) return err(requestError(answer.error));
    return answer.value.type === 'device-list' ? ok(answer.value) : err({ code: 'INTERNAL' });
  }

  async #load(): Promise<void> {
    const { store, book, onChanged } = this.#options;
    const read = ++this.#readsBegun;
    const contacts = await store.contacts();
    if (read < this.#readShown) return;
    this.#readShown = read;
    for (const changed of book.load(contacts)) onChanged(changed);
  }

  /** The whole list of a server that has gone back. */
  async #replace({ entries, version }: News): Promise<void> {
    const { book, account, log } = this.#options;
    const { rows, lostBlocks } = rosterAfterRestore(entries, version, book.all().map(entryOf));
    log.warn({ held: this.#version, shown: version }, 'the server has an older friend list, which was taken whole');
    await this.#storeAll(rows, version);
    for (const lost of lostBlocks) void account.request({ type: 'block', account: lost });
  }

  /** What is newer than the rows that are here; a row that was overtaken by a push is not. */
  async #store(entries: readonly RosterEntry[], version: number, fetch?: FetchChain): Promise<void> {
    const { book } = this.#options;
    const newer = entries.filter((entry) => entry.version >= (book.get(entry.account)?.version ?? 0));
    if (newer.length > 0) await this.#storeAll(newer, version, fetch);
  }

  async #storeAll(entries: readonly RosterEntry[], version: number, fetch = UNASKED): Promise<void> {
    const { log, book } = this.#options;
    const judged: RosterEntry[] = [];
    const broken: AccountNumber[] = [];
    for (const shown of entries) {
      const held = book.get(shown.account);
      if (held && held.name !== shown.name) {
        log.warn({ account: shown.account }, 'the server gave an account another name');
      }
      const { entry, verdict } = await judgeEntry(shown, held, fetch);
      judged.push(entry);
      if (verdict === 'owed') this.#owed.set(entry.account, shown);
      else this.#owed.delete(entry.account);
      if (verdict !== 'broken') continue;
      log.warn({ account: entry.account }, 'a device list does not follow from the one known');
      broken.push(entry.account);
    }
    await this.#apply(judged, version, broken);
  }

  /** In one transaction with all that it means: a crash must leave nothing unsaid. */
  async #apply(entries: readonly RosterEntry[], version: number, broken: readonly AccountNumber[] = []): Promise<void> {
    const { store, account, notes, onLine } = this.#options;
    const rows = new Map(entries.map((entry) => [entry.account, this.#rowOf(entry, broken.includes(entry.account))]));
    const contacts = [...rows.values()];
    const lines = await store.applyRoster(entries, version, { broken, lines: notes.linesOf(contacts) });
    notes.handleContacts(contacts);
    account.noteRosterVersion(version);
    await this.#load();
    for (const line of lines) onLine(line);
  }

  /** As it is about to be stored. */
  #rowOf(entry: RosterEntry, isBroken: boolean): Contact {
    const held = this.#options.book.get(entry.account);
    const local = held?.local ?? NO_NOTES;
    return {
      pinnedKey: held?.pinnedKey ?? new Uint8Array(0),
      unread: held?.unread ?? 0,
      ...entry,
      local: isBroken ? { ...local, listBroken: true } : local,
    };
  }

  /** Asks for the chains that are owed, one friend after the other, and never twice at once. */
  #followOwed(): Promise<void> {
    this.#owedAnew = this.#owed.size > 0;
    this.#following ??= this.#followAll().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  async #followAll(): Promise<void> {
    while (this.#owedAnew) {
      this.#owedAnew = false;
      for (const account of [...this.#owed.keys()]) await this.#follow(account);
    }
  }

  async #follow(account: AccountNumber): Promise<void> {
    const { book } = this.#options;
    const shown = this.#owed.get(account);
    const held = book.get(account);
    const before = held && knownList(held.deviceList, held.accountKey);
    if (!shown || !before) return;
    const since = before.list.version;
    const chain = await fetchChain(account, since, this.#options.account);
    if (!chain.ok) return;
    await this.#inTurn(async () => {
      const contact = book.get(account);
      // What was shown anew meanwhile is asked for anew.
      if (!contact || this.#owed.get(account) !== shown) return;
      const fetched: FetchChain = async (_account, from) => (from === since ? chain : err('unasked'));
      await this.#store([{ ...entryOf(contact), deviceList: shown.deviceList }], this.#version, fetched);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void>;
  #inTurn<T>(work: () => Promise<T>, failed: T): Promise<T>;
  #inTurn<T>(work: () => Promise<T>, failed?: T): Promise<T | undefined> {
    const result = this.#queue.then(work).catch((cause: { readonly code?: string }) => {
      this.#logFailure(cause);
      return failed;
    });
    this.#queue = result;
    return result;
  }

  #logFailure(cause: { readonly code?: string }): void {
    this.#options.log.error({ code: cause.code ?? 'unknown' }, 'the friend list could not be stored');
  }
}

interface ShownList {
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
}

/** Another key is another matter, and comes with the friend list. */
function listFor(contact: Contact, { accountKey, deviceList }: ShownList): Result<Uint8Array, CommandError> {
  if (!equalBytes(accountKey, contact.accountKey)) return err({ code: 'KEY_CHANGED' });
  const list = knownList(deviceList, accountKey);
  const held = knownList(contact.deviceList, accountKey);
  if (!list || (held && list.list.version < held.list.version)) return err({ code: 'OLD_DEVICE_LIST' });
  return ok(deviceList);
}

function entryOf({ pinnedKey, unread, local, ...entry }: Contact): RosterEntry {
  return entry;
}
