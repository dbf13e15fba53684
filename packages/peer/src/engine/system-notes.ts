import { type AccountNumber, newMessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Contact, PeerStore, StoredMessage, SystemNote } from '../store/store.ts';
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
    for (const contact of contacts) this.#known.set(contact.account, knownOf(contact));
  }

  /** A friend list is about to be worked in. @param whole it is the first one of this profile */
  handleRoster(whole: boolean): void {
    this.#first = whole && this.#options.isLaterDevice();
  }

  handleContact(contact: Contact): void {
    const before = this.#known.get(contact.account);
    const now = knownOf(contact);
    this.#known.set(contact.account, now);
    if (now.isFriend && !before?.isFriend) this.write(contact.account, this.#first ? 'history-begins' : 'friends');
    if (!now.isFriend && before?.isFriend) this.write(contact.account, 'removed');
    if (now.isFriend && now.keyChanged && before?.isFriend && !before.keyChanged) {
      this.write(contact.account, 'key-changed');
    }
  }

  /** In the background: a conversation without the line is whole all the same. */
  write(chat: AccountNumber, note: SystemNote): void {
    const written = this.#written.get(chat) ?? 0;
    if (written >= SYSTEM_NOTES_PER_CHAT_MAX) return;
    this.#written.set(chat, written + 1);
    inBackground(this.#options.log, 'a line of the system could not be stored', this.#commit(chat, note));
  }

  async #commit(chat: AccountNumber, note: SystemNote): Promise<void> {
    const { store, random, wallNow, onMessage } = this.#options;
    const id = newMessageId(wallNow(), random);
    onMessage(await store.commitSystem(chat, id, note, wallNow()), true);
  }
}

function knownOf(contact: Contact): Known {
  return { isFriend: contact.state === 'member', keyChanged: keyChanged(contact) };
}
