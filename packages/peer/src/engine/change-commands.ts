import { type MessageId, newMessageId } from '@magpie/common/ids.ts';
import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { REACTIONS_PER_MESSAGE_MAX } from '../messaging/limits.ts';
import { validateText } from '../messaging/text.ts';
import type { OutgoingContent, PeerStore, Profile, StoredMessage } from '../store/store.ts';
import { type CommandError, noSuchMessage } from './command-error.ts';
import type { ContactBook } from './contact-book.ts';
import { parseEmoji } from './emoji.ts';
import type { Engine, MessageView } from './engine.ts';
import type { OutgoingContents, OutgoingDelivery } from './outgoing-contents.ts';
import type { ServerTime } from './server-time.ts';
import { orStoreFailed } from './store-failure.ts';

export interface ChangeCommandsOptions {
  readonly store: PeerStore;
  readonly random: RandomSource;
  readonly time: ServerTime;
  readonly book: ContactBook;
  readonly outgoing: OutgoingContents;
  readonly delivery: Pick<OutgoingDelivery, 'cancel'>;
  readonly profile: () => Profile | undefined;
  readonly view: (message: StoredMessage) => MessageView;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
}

type Surface = Pick<Engine, 'editMessage' | 'recallMessage' | 'react'>;
type Change = Pick<OutgoingContent, 'kind' | 'text' | 'on'>;

/** The part of the engine's surface that changes messages which are there: edits, recalls, reactions. */
export class ChangeCommands implements Surface {
  readonly #options: ChangeCommandsOptions;

  constructor(options: ChangeCommandsOptions) {
    this.#options = options;
  }

  editMessage(id: MessageId, text: string): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(async () => {
      const target = await this.#target(id);
      if (!target.ok) return target;
      const valid = validateText(text);
      if (!valid.ok) return err({ code: valid.error });
      const { direction, kind } = target.value;
      if (direction !== 'out' || kind !== 'text') return err({ code: 'NOT_OWN_MESSAGE' });
      const allowed = this.#changeable(target.value);
      if (!allowed.ok) return allowed;
      if (target.value.text === text) return ok(this.#options.view(target.value));
      return this.#change(target.value, { kind: 'edit', text });
    });
  }

  recallMessage(id: MessageId): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(async () => {
      const { delivery, onMessage, view } = this.#options;
      const target = await this.#target(id);
      if (!target.ok) return target;
      if (target.value.direction !== 'out') return err({ code: 'NOT_OWN_MESSAGE' });
      const cancelled = target.value.state === 'queued' ? await delivery.cancel(id) : undefined;
      if (cancelled) {
        onMessage(cancelled, false);
        return ok(view(cancelled));
      }
      const allowed = this.#changeable(target.value);
      return allowed.ok ? this.#change(target.value, { kind: 'recall', text: '' }) : allowed;
    });
  }

  react(id: MessageId, emoji: string, on: boolean): Promise<Result<MessageView, CommandError>> {
    return orStoreFailed(async () => {
      const parsed = parseEmoji(emoji);
      if (parsed === undefined) return err({ code: 'INVALID_ARGUMENT', detail: { argument: 'emoji' } });
      const target = await this.#target(id);
      if (!target.ok) return target;
      const friend = this.#isFriend(target.value);
      if (!friend.ok) return friend;
      const mine = target.value.reactions.filter((reaction) => reaction.mine).map((reaction) => reaction.emoji);
      if (mine.includes(parsed) === on) return ok(this.#options.view(target.value));
      if (on && mine.length >= REACTIONS_PER_MESSAGE_MAX) return err({ code: 'TOO_MANY' });
      return this.#change(target.value, { kind: 'reaction', text: parsed, on });
    });
  }

  /** What a conversation shows and somebody has said, and neither recalled nor refused. */
  async #target(id: MessageId): Promise<Result<StoredMessage, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const target = await this.#options.store.message(id);
    if (!target) return noSuchMessage(id);
    const said = target.kind === 'text' || target.kind === 'nudge' || target.kind === 'unsupported';
    if (!said || target.recalled || target.state === 'refused') return err({ code: 'NOT_OWN_MESSAGE' });
    return ok(target);
  }

  #isFriend({ chat }: StoredMessage): Result<void, CommandError> {
    const isFriend = this.#options.book.get(chat)?.state === 'member';
    return isFriend ? ok(undefined) : err({ code: 'NOT_FRIENDS', detail: { who: String(chat) } });
  }

  /** As every device will judge it: by the stamps, within a day. */
  #changeable(target: StoredMessage): Result<void, CommandError> {
    const late = this.#options.time.wallNow() - target.stamp.wallMs > CHANGE_MS_MAX;
    return late ? err({ code: 'TOO_LATE' }) : this.#isFriend(target);
  }

  async #change(target: StoredMessage, change: Change): Promise<Result<MessageView, CommandError>> {
    const { outgoing, time, random, view, store } = this.#options;
    outgoing.reach(target.chat);
    const id = newMessageId(time.wallNow(), random);
    const { touched } = await outgoing.commit({ id, chat: target.chat, target: target.id, ...change });
    const changed = touched.find((each) => each.id === target.id) ?? (await store.message(target.id));
    return ok(view(changed ?? target));
  }
}
