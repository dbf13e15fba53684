import { type DeviceId, type MessageId, newMessageId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { validateText } from '../messaging/text.ts';
import type { Contact, PeerStore, Profile, StoredMessage } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import { type ContactBook, isSelf, keyChanged } from './contact-book.ts';
import type { Delivery } from './delivery.ts';
import type { Engine, MessageView } from './engine.ts';
import { MESSAGES_PER_QUERY_MAX } from './limits.ts';
import type { ServerTime } from './server-time.ts';
import { orStoreFailed } from './store-failure.ts';
import { messageView } from './views.ts';

export interface MessageCommandsOptions {
  readonly store: PeerStore;
  readonly random: RandomSource;
  readonly time: ServerTime;
  readonly book: ContactBook;
  readonly delivery: Delivery;
  readonly ownDevice: DeviceId;
  readonly profile: () => Profile | undefined;
  readonly find: (who: string) => Result<Contact, CommandError>;
  readonly ensureSession: (device: DeviceId) => void;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
}

type Surface = Pick<Engine, 'send' | 'messages' | 'message' | 'markRead' | 'changesSince' | 'cursor'>;

/** The part of the engine's surface that is about messages. */
export class MessageCommands implements Surface {
  readonly #options: MessageCommandsOptions;

  constructor(options: MessageCommandsOptions) {
    this.#options = options;
  }

  send(input: Parameters<Surface['send']>[0]): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(() => this.#send(input));
  }

  messages(input: Parameters<Surface['messages']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    return orStoreFailed(() => this.#messages(input));
  }

  message(id: MessageId): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(async () => {
      const message = await this.#options.store.message(id);
      return message ? ok(this.view(message)) : err({ code: 'NOT_FOUND', detail: { who: id } });
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
    const profile = this.#options.profile();
    if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    if (isSelf(input.to, profile)) return err({ code: 'SELF' });
    const valid = validateText(input.text);
    if (!valid.ok) return err({ code: valid.error });
    const friend = this.#options.book.findFriend(input.to);
    if (!friend.ok) return friend;
    const chat = friend.value.account;
    // The handshake need not wait for our disk, nor our disk for the handshake.
    for (const { device } of this.#options.book.devicesOf(chat)) this.#options.ensureSession(device);
    const wallNow = this.#options.time.wallNow();
    const id = input.id ?? newMessageId(wallNow, this.#options.random);
    const known = input.id && (await this.#options.store.message(input.id));
    if (known) return ok(this.view(known));
    const text = { id, chat, device: this.#options.ownDevice, text: input.text };
    this.#options.delivery.handleNew(id);
    const message = await this.#options.store.commitOutgoing(text, wallNow);
    this.#options.onMessage(message, true);
    this.#options.delivery.handleCommitted(message);
    return ok(this.view(message));
  }

  async #messages(input: Parameters<Surface['messages']>[0]): Promise<Result<readonly MessageView[], CommandError>> {
    const found = this.#options.find(input.chat);
    if (!found.ok) return found;
    const messages = await this.#options.store.messages({
      chat: found.value.account,
      limit: Math.max(1, Math.min(input.limit, MESSAGES_PER_QUERY_MAX)),
      ...(input.before ? { before: input.before } : {}),
      ...(input.after ? { after: input.after } : {}),
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
      for (const message of changed) this.#options.onMessage(message, false);
      this.#options.book.addUnread(account, -changed.length);
      await this.#options.delivery.handleRead(account);
    }
    return ok({ changed: changed.length });
  }
}
