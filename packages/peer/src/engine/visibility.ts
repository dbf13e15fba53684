import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { ContactBook } from './contact-book.ts';
import type { Correspondent } from './delivery-ports.ts';

export interface VisibilityOptions {
  readonly book: Pick<ContactBook, 'device'>;
  /** There is a link, and no friend may learn of it (R23). */
  readonly invisible: () => boolean;
}

/**
 * Which friends may learn by an answer or a mail that somebody is here: all of them, or while invisible only those to whom
 * a message was sent since, for they know (R23).
 */
export class Visibility {
  readonly #options: VisibilityOptions;
  readonly #answered = new Set<AccountNumber>();

  constructor(options: VisibilityOptions) {
    this.#options = options;
  }

  /** @returns true when this friend may have answers from now on that were kept back */
  handleSent(account: AccountNumber): boolean {
    if (!this.hidesFrom(account)) return false;
    this.#answered.add(account);
    return true;
  }

  /** Invisible from now on, or not any more: what was sent before says nothing about now. */
  handleChanged(): void {
    this.#answered.clear();
  }

  /** Nothing may reach this friend, for it would show that somebody is here. */
  hidesFrom(account: AccountNumber): boolean {
    return this.#options.invisible() && !this.#answered.has(account);
  }

  /** A friend's certified device that may be answered now. */
  mayAnswer(device: DeviceId): Correspondent | undefined {
    const friend = this.#options.book.device(device);
    if (!friend || this.hidesFrom(friend.account)) return undefined;
    return { account: friend.account, device };
  }
}
