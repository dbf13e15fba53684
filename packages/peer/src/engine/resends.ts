import { type Content, type ContentOf, encodeContent } from '@magpie/common/content/content.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { RESEND_MAX } from '../messaging/limits.ts';
import type { PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { Correspondent } from './delivery-ports.ts';
import { DEBTORS_MAX, RESEND_EVERY_MS } from './limits.ts';
import type { MailPost } from './mail-post.ts';
import { contentOf, mailIdOf } from './message-content.ts';
import type { ResealLimit } from './reseal-limit.ts';
import type { Unsent } from './unsent.ts';

export interface ResendsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'sentWithin' | 'receivedWithin'>;
  readonly post: Pick<MailPost, 'put'>;
  readonly unsent: Unsent;
  readonly reseals: ResealLimit;
  /** The session with the device, when there is one. */
  readonly lane: (device: DeviceId) => { resend(contents: readonly Content[]): void } | undefined;
  /** A friend's certified device, and nothing keeps us from answering it (R23). */
  readonly mayAnswer: (device: DeviceId) => Correspondent | undefined;
}

type Question = ContentOf<'resend' | 'give-back'>;

interface Asked {
  /** The newest of each kind that is not answered yet. */
  readonly waiting: Map<Question['type'], Question>;
  nextAt: Instant;
  timer: Timer | undefined;
  underWay: boolean;
}

/**
 * DL28, DL29: a friend's device has lost contents of ours, or was asked by us for ours that were lost here: from the history
 * it gets them again, on its session or as mails. Whatever was receipted counts for nothing: a restored profile says so.
 */
export class Resends {
  readonly #options: ResendsOptions;
  readonly #asked = new Map<DeviceId, Asked>();
  #stopped = false;

  constructor(options: ResendsOptions) {
    this.#options = options;
  }

  handle(from: Correspondent, question: Question): void {
    const { clock, mayAnswer } = this.#options;
    if (this.#stopped || mayAnswer(from.device)?.account !== from.account) return;
    let asked = this.#asked.get(from.device);
    if (!asked) {
      if (this.#asked.size >= DEBTORS_MAX) return;
      asked = { waiting: new Map(), nextAt: clock.now(), timer: undefined, underWay: false };
      this.#asked.set(from.device, asked);
    }
    asked.waiting.set(question.type, question);
    this.#next(from, asked);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#asked.values()) timer?.cancel();
    this.#asked.clear();
  }

  #next(from: Correspondent, asked: Asked): void {
    const { clock, log } = this.#options;
    if (asked.timer || asked.underWay || this.#stopped) return;
    const [question] = asked.waiting.values();
    const now = clock.now();
    if (!question && now >= asked.nextAt) {
      this.#asked.delete(from.device);
      return;
    }
    if (!question || now < asked.nextAt) {
      asked.timer = clock.setTimer(asked.nextAt, () => {
        asked.timer = undefined;
        this.#next(from, asked);
      });
      return;
    }
    asked.waiting.delete(question.type);
    asked.nextAt = after(now, RESEND_EVERY_MS);
    asked.underWay = true;
    const answered = this.#answer(from, question).finally(() => {
      asked.underWay = false;
      this.#next(from, asked);
    });
    inBackground(log, 'lost contents could not be sent again', answered);
  }

  async #answer(to: Correspondent, question: Question): Promise<void> {
    const mails = question.type === 'resend' ? await this.#ours(to, question) : await this.#theirs(to, question);
    const { lane, mayAnswer, reseals } = this.#options;
    if (this.#stopped || mails.length === 0 || !mayAnswer(to.device)) return;
    const session = lane(to.device);
    if (session) {
      for (const { id } of mails) this.#options.unsent.remove(id);
      session.resend(mails.map(({ content }) => content));
      return;
    }
    for (const { id, content } of mails) {
      const mail = { to, id: mailIdOf(id), kind: 'message' as const, contents: [content] };
      if (!reseals.allows(to.device, mail.id)) continue;
      this.#options.unsent.remove(id);
      const posted = await this.#options.post.put(mail);
      // What the mailbox does not take is asked for again.
      if (posted.kind !== 'stored' || this.#stopped) return;
      reseals.note(to.device, mail.id);
    }
  }

  async #ours({ account }: Correspondent, { incarnation, from, to }: Question) {
    const { store, unsent } = this.#options;
    const messages = await store.sentWithin(account, incarnation, from, to, RESEND_MAX);
    return contents(messages.filter((message) => unsent.mayLeave(message)));
  }

  async #theirs({ account, device }: Correspondent, { incarnation, from, to }: Question) {
    const messages = await this.#options.store.receivedWithin(account, device, incarnation, from, to, RESEND_MAX);
    return contents(messages).map(({ id, content }) => ({
      id,
      content: { type: 'given-back', content: encodeContent(content) } as const,
    }));
  }
}

function contents(
  messages: readonly StoredMessage[],
): { readonly id: StoredMessage['id']; readonly content: Content }[] {
  return messages.flatMap((message) => {
    const content = contentOf(message);
    return content ? [{ id: message.id, content }] : [];
  });
}
