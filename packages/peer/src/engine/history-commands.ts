import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Contact, PeerStore, Profile, SearchQuery, StoredMessage } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import type { ContactBook } from './contact-book.ts';
import type { ChatView, Engine, MessageView } from './engine.ts';
import { MESSAGES_PER_QUERY_MAX } from './limits.ts';
import { orStoreFailed } from './store-failure.ts';

export interface HistoryCommandsOptions {
  readonly store: PeerStore;
  readonly book: ContactBook;
  readonly profile: () => Profile | undefined;
  readonly find: (who: string) => Result<Contact, CommandError>;
  readonly view: (message: StoredMessage) => MessageView;
  readonly onUnread: (account: AccountNumber) => void;
  readonly onDeleted: (account: AccountNumber) => void;
}

type Surface = Pick<Engine, 'chats' | 'search' | 'deleteMessages' | 'exportPage'>;

/** The part of the engine's surface about all that is kept: looking for it, taking it along, forgetting it. */
export class HistoryCommands implements Surface {
  readonly #options: HistoryCommandsOptions;

  constructor(options: HistoryCommandsOptions) {
    this.#options = options;
  }

  chats({ limit, after }: Parameters<Surface['chats']>[0]): Promise<Result<readonly ChatView[], CommandError>> {
    return orStoreFailed(async () => {
      if (!this.#options.profile()) return err({ code: 'NOT_SIGNED_IN' });
      const chats = await this.#options.store.chats(pageOf(limit), after);
      return ok(
        chats.map(({ chat, last, ...unread }) => ({ account: chat, last: this.#options.view(last), ...unread })),
      );
    });
  }

  search(input: Parameters<Surface['search']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    return orStoreFailed(async () => {
      const chat = this.#account(input.chat);
      if (!chat.ok) return chat;
      const mine = input.from?.trim().toLowerCase() === 'me';
      const from = mine ? ok(undefined) : this.#account(input.from);
      if (!from.ok) return from;
      // In a conversation of two nobody else says anything.
      if (chat.value !== undefined && from.value !== undefined && chat.value !== from.value) return ok([]);
      const direction = mine ? 'out' : from.value === undefined ? undefined : 'in';
      const query: SearchQuery = {
        text: input.text,
        chat: chat.value ?? from.value,
        direction,
        since: input.since,
        until: input.until,
        limit: pageOf(input.limit),
        before: input.before,
      };
      return ok((await this.#options.store.search(query)).map((message) => this.#options.view(message)));
    });
  }

  deleteMessages(
    input: Parameters<Surface['deleteMessages']>[0],
  ): Promise<Result<{ readonly deleted: number }, CommandError>> {
    return orStoreFailed(async () => {
      const { store } = this.#options;
      const found = this.#options.find(input.chat);
      if (!found.ok) return found;
      const { account } = found.value;
      const deleted = input.ids
        ? await store.deleteMessages(account, input.ids)
        : await store.deleteChat(account, input.upTo);
      if (deleted > 0) {
        this.#options.onDeleted(account);
        await this.#countAnew(account);
      }
      return ok({ deleted });
    });
  }

  exportPage(input: Parameters<Surface['exportPage']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    return orStoreFailed(async () => {
      const chat = this.#account(input.chat);
      if (!chat.ok) return chat;
      const rows = await this.#options.store.rows(input.after, pageOf(input.limit), chat.value);
      return ok(rows.map((message) => this.#options.view(message)));
    });
  }

  #account(who: string | undefined): Result<AccountNumber | undefined, CommandError> {
    if (!this.#options.profile()) return err({ code: 'NOT_SIGNED_IN' });
    if (who === undefined) return ok(undefined);
    const found = this.#options.find(who);
    return found.ok ? ok(found.value.account) : found;
  }

  /** What was deleted is not unread any more. */
  async #countAnew(account: AccountNumber): Promise<void> {
    const { store, book, onUnread } = this.#options;
    const stored = (await store.contacts()).find((contact) => contact.account === account);
    const shown = book.get(account);
    if (!stored || !shown || stored.unread === shown.unread) return;
    book.addUnread(account, stored.unread - shown.unread);
    onUnread(account);
  }
}

function pageOf(limit: number): number {
  return Math.max(1, Math.min(limit, MESSAGES_PER_QUERY_MAX));
}
