import type { AccountNumber } from '@magpie/common/ids.ts';
import { LAST_SEEN_ACCOUNTS_MAX } from '@magpie/common/limits.ts';
import type { Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { ContactBook } from './contact-book.ts';
import { LAST_SEEN_ASK_AFTER_MS } from './limits.ts';

export interface LastSeenOptions {
  readonly clock: Clock;
  readonly book: ContactBook;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
}

/**
 * Asks once per connection, a little after everything that is urgent, when the friends who are offline were last here.
 * Later changes come with their presence.
 */
export class LastSeen {
  readonly #options: LastSeenOptions;
  readonly #asked = new Set<AccountNumber>();
  #timer: Timer | undefined;
  /** Counts connections: an answer to an older one is about what is forgotten. */
  #connection = 0;
  #up = false;

  constructor(options: LastSeenOptions) {
    this.#options = options;
  }

  handleLinkUp(): void {
    this.handleLinkDown();
    this.#up = true;
    this.handleContacts();
  }

  handleLinkDown(): void {
    this.#up = false;
    this.#connection++;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#asked.clear();
  }

  /** Somebody may have become a friend. */
  handleContacts(): void {
    const { clock } = this.#options;
    if (!this.#up || this.#timer) return;
    this.#timer = clock.setTimer(after(clock.now(), LAST_SEEN_ASK_AFTER_MS), () => {
      this.#timer = undefined;
      void this.#ask(this.#connection);
    });
  }

  async #ask(connection: number): Promise<void> {
    const { book, request } = this.#options;
    for (let accounts = this.#unknown(); accounts.length > 0; accounts = this.#unknown()) {
      for (const account of accounts) this.#asked.add(account);
      const answer = await request({ type: 'last-seen-get', accounts });
      if (connection !== this.#connection || !answer.ok || answer.value.type !== 'last-seen') return;
      const told = new Map(answer.value.entries.map(({ account, atWallMs }) => [account, atWallMs]));
      for (const account of accounts) book.setLastSeen(account, told.get(account) ?? 0);
    }
  }

  #unknown(): readonly AccountNumber[] {
    const { book } = this.#options;
    return book
      .all()
      .filter(({ account, state }) => state === 'member' && !this.#asked.has(account))
      .filter(({ account }) => book.presenceOf(account) === 'offline' && book.lastSeenOf(account) === undefined)
      .slice(0, LAST_SEEN_ACCOUNTS_MAX)
      .map(({ account }) => account);
  }
}
