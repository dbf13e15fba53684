import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { isAccountKey } from './account-key.ts';
import { type Contact, type ContactNotes, NO_NOTES } from './store.ts';

/** What this profile knows of an account by itself: it is there before any roster entry, and after it. */
interface Known {
  readonly pinnedKey: Uint8Array;
  readonly notes: ContactNotes;
}

const UNKNOWN: Known = { pinnedKey: new Uint8Array(0), notes: NO_NOTES };

/** The roster as the server told it, and beside it what is ours: pins and notes. */
export class MemoryContacts {
  #entries = new Map<AccountNumber, RosterEntry>();
  #known = new Map<AccountNumber, Known>();

  copy(): MemoryContacts {
    const copy = new MemoryContacts();
    copy.#entries = new Map(this.#entries);
    copy.#known = new Map(this.#known);
    return copy;
  }

  all(): readonly Omit<Contact, 'unread'>[] {
    return [...this.#entries.values()]
      .sort((a, b) => a.account - b.account)
      .map((entry) => {
        const { pinnedKey, notes } = this.#knownOf(entry.account);
        return { ...entry, pinnedKey, local: notes };
      });
  }

  applyRoster(entries: readonly RosterEntry[]): void {
    for (const entry of entries) {
      this.#entries.set(entry.account, { ...entry });
      const pinned = this.#knownOf(entry.account).pinnedKey.length > 0;
      if (entry.state === 'member' && !pinned) this.pin(entry.account, entry.accountKey, false);
    }
  }

  accept(account: AccountNumber, verified: boolean): void {
    const entry = this.#entries.get(account);
    if (!entry || !isAccountKey(entry.accountKey)) return;
    const { notes } = this.#knownOf(account);
    this.#known.set(account, { pinnedKey: entry.accountKey, notes: { ...notes, verified, listBroken: false } });
  }

  pin(account: AccountNumber, accountKey: Uint8Array, verified: boolean): boolean {
    const { pinnedKey, notes } = this.#knownOf(account);
    const isSame = equalBytes(pinnedKey, accountKey);
    const isKept = pinnedKey.length > 0 && !isSame && this.#entries.has(account);
    if (isKept || !isAccountKey(accountKey)) return false;
    const isVerified = verified || (notes.verified && isSame);
    this.#known.set(account, { pinnedKey: accountKey, notes: { ...notes, verified: isVerified } });
    return true;
  }

  note(account: AccountNumber, patch: Partial<ContactNotes>): void {
    const { pinnedKey, notes } = this.#knownOf(account);
    this.#known.set(account, { pinnedKey, notes: { ...notes, ...patch } });
  }

  #knownOf(account: AccountNumber): Known {
    return this.#known.get(account) ?? UNKNOWN;
  }
}
