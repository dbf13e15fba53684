import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { ContactBook } from './contact-book.ts';

export interface FriendPresenceOptions {
  readonly book: ContactBook;
  readonly onStatus: (account: AccountNumber, status: PresenceStatus | 'unknown') => void;
  /** A friend's device logged in anew: perhaps only its link broke, perhaps it is another run that knows no session. */
  readonly onDeviceAnew: (device: DeviceId) => void;
}

/** Works in what the server tells of friends' presence, and says what changed by it. */
export class FriendPresence {
  readonly #options: FriendPresenceOptions;

  constructor(options: FriendPresenceOptions) {
    this.#options = options;
  }

  handleFrame({ entries }: FrameOf<'presence'>): void {
    const { book, onStatus, onDeviceAnew } = this.#options;
    const first = book.beginPresence();
    for (const entry of entries) {
      const before = first ? 'unknown' : book.presenceOf(entry.account);
      const textBefore = book.statusTextOf(entry.account);
      for (const device of book.setPresence(entry)) onDeviceAnew(device);
      if (before !== entry.status || textBefore !== entry.text) onStatus(entry.account, entry.status);
    }
    if (!first) return;
    // Whom the first one does not name is known by that, too: offline (SV41).
    const named = new Set(entries.map(({ account }) => account));
    for (const { account, state } of book.all()) {
      if (state === 'member' && !named.has(account)) onStatus(account, book.presenceOf(account));
    }
  }

  /** Without the server nothing is known of anybody. */
  handleLinkDown(): void {
    const { book, onStatus } = this.#options;
    book.forgetPresence();
    for (const { account, state } of book.all()) if (state === 'member') onStatus(account, 'unknown');
  }
}
