import { type AccountNumber, type MessageId, newMessageId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock, Instant } from '@magpie/common/time.ts';
import { validateText } from '../messaging/text.ts';
import { type Contact, type PeerStore, type Profile, SHOWN_KINDS, type StoredMessage } from '../store/store.ts';
import { type CommandError, noSuchMessage } from './command-error.ts';
import { type ContactBook, isSelf, keyChanged } from './contact-book.ts';
import type { Engine, MessageView } from './engine.ts';
import { MESSAGES_PER_QUERY_MAX, NUDGE_EVERY_MS } from './limits.ts';
import type { OutgoingContents, OutgoingDelivery } from './outgoing-contents.ts';
import type { ServerTime } from './server-time.ts';
import { orStoreFailed } from './store-failure.ts';
import { messageView } from './views.ts';

export interface MessageCommandsOptions {
  readonly clock: Clock;
  readonly store: PeerStore;
  readonly random: RandomSource;
  readonly time: ServerTime;
  readonly book: ContactBook;
  readonly outgoing: OutgoingContents;
  readonly delivery: Pick<OutgoingDelivery, 'handleRead'>;
  readonly profile: () => Profile | undefined;
  readonly find: (who: string) => Result<Contact, CommandError>;
  /** By live sessions only, and not when the user does not want it (privacy). */
  readonly setTyping: (chat: AccountNumber, active: boolean) => void;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
  readonly onUnread: (account: AccountNumber) => void;
}

type Surface = Pick<
  Engine,
  'send' | 'nudge' | 'setTyping' | 'messages' | 'message' | 'markRead' | 'changesSince' | 'cursor'
>;

/** The part of the engine's surface about messages as they are written and read. */
export class MessageCommands implements Surface {
  readonly #options: MessageCommandsOptions;
  /** When each friend was nudged last. */
  readonly #nudgedAt = new Map<AccountNumber, Instant>();

  constructor(options: MessageCommandsOptions) {
    this.#options = options;
  }

  send(input: Parameters<Surface['send']>[0]): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(() => this.#send(input));
  }

  nudge(to: string): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(() => this.#nudge(to));
  }

  async setTyping(chat: string, active: boolean): Promise<Result<void, CommandError>> {
    const friend = this.#friend(chat);
    if (!friend.ok) return friend;
    this.#options.setTyping(friend.value.account, active);
    return ok(undefined);
  }

  messages(input: Parameters<Surface['messages']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    return orStoreFailed(() => this.#messages(input));
  }

  message(id: MessageId): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(async () => {
      const message = await this.#options.store.message(id);
      return message ? ok(this.view(message)) : noSuchMessage(id);
    });
  }

  markRead(chat: string, upTo?: MessageId): Promise<Result<{ readonly changed: number }, CommandError>> {
    return orStoreFailed(() => this.#markRead(chat, upTo));
  }

  async changesSince(cursor: number, limit: number): Promise<readonly MessageView[]> {
    const messages = await this.#options.store.changesSince(cursor, Math.min(limit, MESSAGES_PER_QUERY_MAX));
    return messages.map((message) => this.view(message));
  }

  cursor(): Promise<number> {
    return this.#options.store.lastChange();
  }

  view(message: StoredMessage): MessageView {
    const contact = this.#options.book.get(message.chat);
    return messageView(message, this.#options.profile()!.account, contact !== undefined && keyChanged(contact));
  }

  async #send(input: Parameters<Surface['send']>[0]): Promise<Result<MessageView, CommandError>> {
    const { store, outgoing } = this.#options;
    const friend = this.#friend(input.to);
    if (!friend.ok) return friend;
    const valid = validateText(input.text);
    if (!valid.ok) return err({ code: valid.error });
    const chat = friend.value.account;
    outgoing.reach(chat);
    const known = input.id && (await store.message(input.id));
    if (known) return ok(this.view(known));
    const { replyTo } = input;
    if (replyTo !== undefined && !(await this.#isShownIn(chat, replyTo))) return noSuchMessage(replyTo);
    const id = input.id ?? this.#newId();
    const { message } = await outgoing.commit({ id, chat, kind: 'text', text: input.text, replyTo });
    return ok(this.view(message));
  }

  async #nudge(to: string): Promise<Result<MessageView, CommandError>> {
    const { clock, outgoing } = this.#options;
    const friend = this.#friend(to);
    if (!friend.ok) return friend;
    const chat = friend.value.account;
    const before = this.#nudgedAt.get(chat);
    const waitMs = before === undefined ? 0 : NUDGE_EVERY_MS - (clock.now() - before);
    if (waitMs > 0) return err({ code: 'TOO_MANY', retryAfterMs: waitMs });
    this.#nudgedAt.set(chat, clock.now());
    outgoing.reach(chat);
    const { message } = await outgoing.commit({ id: this.#newId(), chat, kind: 'nudge', text: '' });
    return ok(this.view(message));
  }

  async #messages(input: Parameters<Surface['messages']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    const found = this.#options.find(input.chat);
    if (!found.ok) return found;
    const chat = found.value.account;
    const { around } = input;
    if (around !== undefined && (await this.#options.store.message(around))?.chat !== chat)
      return noSuchMessage(around);
    const messages = await this.#options.store.messages({
      chat,
      limit: Math.max(1, Math.min(input.limit, MESSAGES_PER_QUERY_MAX)),
      ...(input.before ? { before: input.before } : {}),
      ...(input.after ? { after: input.after } : {}),
      ...(around ? { around } : {}),
    });
    return ok(messages.map((message) => this.view(message)));
  }

  async #markRead(chat: string, upTo?: MessageId): Promise<Result<{ readonly changed: number }, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.#options.find(chat);
    if (!found.ok) return found;
    const { account } = found.value;
    const changed = await this.#options.store.markRead(account, upTo);
    if (changed.length > 0) {
      const shown = changed.filter(({ kind }) => SHOWN_KINDS.includes(kind));
      for (const message of shown) this.#options.onMessage(message, false);
      this.#options.book.addUnread(account, -shown.length);
      this.#options.onUnread(account);
      await this.#options.delivery.handleRead(account);
    }
    return ok({ changed: changed.length });
  }

  /** Somebody to whom something can be said now. */
  #friend(who: string): Result<Contact, CommandError> {
    const profile = this.#options.profile();
    if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    return isSelf(who, profile) ? err({ code: 'SELF' }) : this.#options.book.findFriend(who);
  }

  async #isShownIn(chat: AccountNumber, id: MessageId): Promise<boolean> {
    const message = await this.#options.store.message(id);
    return message?.chat === chat && message.kind !== 'system' && SHOWN_KINDS.includes(message.kind);
  }

  #newId(): MessageId {
    return newMessageId(this.#options.time.wallNow(), this.#options.random);
  }
}
