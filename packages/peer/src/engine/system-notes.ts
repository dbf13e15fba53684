import { type AccountNumber, newMessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Contact, PeerStore, StoredMessage, SystemLine, SystemNote } from '../store/store.ts';
import { inBackground } from './background.ts';
import { keyChanged } from './contact-book.ts';
import { SYSTEM_NOTES_PER_CHAT_MAX } from './limits.ts';

export interface SystemNotesOptions {
  readonly store: PeerStore;
  readonly random: RandomSource;
  readonly log: Log;
  readonly wallNow: () => WallMs;
  /** This profile has joined an account that others of its devices had before (R19). */
  readonly isLaterDevice: () => boolean;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
}

interface Known {
  readonly isFriend: boolean;
  readonly keyChanged: boolean;
}

/** Writes into a conversation what happened around it: a friendship begun or ended, a key changed or accepted. */
export class SystemNotes {
  readonly #options: SystemNotesOptions;
  readonly #known = new Map<AccountNumber, Known>();
  readonly #written = new Map<AccountNumber, number>();
  /** No friend list was ever read into this profile: who is in the first one became a friend on another device. */
  #first = false;

  constructor(options: SystemNotesOptions) {
    this.#options = options;
  }

  /** What the profile knew when the program started is no news. */
  load(contacts: readonly Contact[]): void {
    this.handleContacts(contacts);
  }

  /** A friend list is about to be worked in. @param whole it is the first one of this profile */
  handleRoster(whole: boolean): void {
    this.#first = whole && this.#options.isLaterDevice();
  }

  /** What it means that these are the rows from now on: to be written with them, so that a crash parts neither. */
  linesOf(contacts: readonly Contact[]): readonly SystemLine[] {
    return contacts.flatMap((contact) => {
      const note = this.#noteOf(contact);
      return (note && this.#line(contact.account, note)) ?? [];
    });
  }

  /** They are the rows now, and what they mean is written. */
  handleContacts(contacts: readonly Contact[]): void {
    for (const contact of contacts) this.#known.set(contact.account, knownOf(contact));
  }

  /** In the background: a conversation without the line is whole all the same. */
  write(chat: AccountNumber, note: SystemNote): void {
    const line = this.#line(chat, note);
    if (line) inBackground(this.#options.log, 'a line of the system could not be stored', this.#commit(line));
  }

  #noteOf(contact: Contact): SystemNote | undefined {
    const before = this.#known.get(contact.account);
    const now = knownOf(contact);
    if (now.isFriend && !before?.isFriend) return this.#first ? 'history-begins' : 'friends';
    if (!now.isFriend && before?.isFriend) return 'removed';
    return now.isFriend && now.keyChanged && !before?.keyChanged ? 'key-changed' : undefined;
  }

  #line(chat: AccountNumber, note: SystemNote): SystemLine | undefined {
    const written = this.#written.get(chat) ?? 0;
    if (written >= SYSTEM_NOTES_PER_CHAT_MAX) return undefined;
    this.#written.set(chat, written + 1);
    const { random, wallNow } = this.#options;
    const at = wallNow();
    return { chat, id: newMessageId(at, random), note, at };
  }

  async #commit({ chat, id, note, at }: SystemLine): Promise<void> {
    const { store, onMessage } = this.#options;
    onMessage(await store.commitSystem(chat, id, note, at), true);
  }
}

function knownOf(contact: Contact): Known {
  return { isFriend: contact.state === 'member', keyChanged: keyChanged(contact) };
}
