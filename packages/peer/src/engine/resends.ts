import { type Content, type ContentOf, encodeContent } from '@magpie/common/content/content.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { RESEND_MAX } from '../messaging/limits.ts';
import type { PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { Correspondent } from './delivery-ports.ts';
import { DEBTORS_MAX, RESEND_BYTES_MAX, RESEND_EVERY_MS, RESEND_EVERY_MS_MAX, TAILS_MAX } from './limits.ts';
import type { MailPost } from './mail-post.ts';
import { contentOf, mailIdOf } from './message-content.ts';
import type { ResealLimit } from './reseal-limit.ts';
import type { Unsent } from './unsent.ts';

export interface ResendsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'sentWithin' | 'receivedWithin' | 'openings'>;
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
  /** Of each kind and numbering, the last one began here. */
  readonly begun: Map<string, number>;
  /** How often in a row one began no further on. */
  repeats: number;
  answeredAt: Instant | undefined;
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
    const { mayAnswer } = this.#options;
    if (this.#stopped || mayAnswer(from.device)?.account !== from.account) return;
    let asked = this.#asked.get(from.device);
    if (!asked) {
      if (this.#asked.size >= DEBTORS_MAX) this.#forgetIdle();
      if (this.#asked.size >= DEBTORS_MAX) return;
      asked = {
        waiting: new Map(),
        begun: new Map(),
        repeats: 0,
        answeredAt: undefined,
        timer: undefined,
        underWay: false,
      };
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
    if (asked.underWay || this.#stopped) return;
    asked.timer?.cancel();
    // Looked at once: a clock that goes on meanwhile would have what is due now be due later for ever.
    const now = clock.now();
    const dueAt = (question: Question): Instant => dueAtOf(asked, question) ?? now;
    const [question] = [...asked.waiting.values()].sort((a, b) => dueAt(a) - dueAt(b));
    if (!question) return;
    if (now < dueAt(question)) {
      asked.timer = clock.setTimer(dueAt(question), () => this.#next(from, asked));
      return;
    }
    asked.waiting.delete(question.type);
    noteAnswered(asked, question, now);
    asked.underWay = true;
    const answered = this.#answer(from, question).finally(() => {
      asked.underWay = false;
      this.#next(from, asked);
    });
    inBackground(log, 'lost contents could not be sent again', answered);
  }

  #forgetIdle(): void {
    for (const [device, { waiting, underWay }] of this.#asked) {
      if (waiting.size === 0 && !underWay) this.#asked.delete(device);
    }
  }

  async #answer(to: Correspondent, question: Question): Promise<void> {
    const isOurs = question.type === 'resend';
    const mails = withinBudget(isOurs ? await this.#ours(to, question) : await this.#theirs(to, question));
    const opening = isOurs && mails.length > 0 ? await this.#opening(to, question) : [];
    const { lane, mayAnswer, reseals, unsent, post } = this.#options;
    if (this.#stopped || mails.length === 0 || !mayAnswer(to.device)) return;
    const session = lane(to.device);
    if (session) {
      const leaving = mails.filter((one) => unsent.mayLeave(one));
      for (const { id } of leaving) unsent.remove(id);
      session.resend([...opening, ...leaving.map(({ content }) => content)]);
      return;
    }
    for (const one of mails) {
      const { id, content } = one;
      // Each takes its time: meanwhile it may be cancelled, and the user invisible (R23).
      const mayLeave = (): boolean => {
        if (this.#stopped || !mayAnswer(to.device) || !unsent.mayLeave(one)) return false;
        unsent.remove(id);
        return true;
      };
      const mail = { to, id: mailIdOf(id), kind: 'message' as const, contents: [...opening, content], mayLeave };
      if (!reseals.allows(to.device, mail.id) || !unsent.mayLeave(one)) continue;
      const posted = await post.put(mail);
      // What the mailbox does not take is asked for again.
      if (posted.kind !== 'stored' || this.#stopped) return;
      reseals.note(to.device, mail.id);
    }
  }

  /** A mail that is put again takes the place of one that began with it (DL19). */
  async #opening({ account, device }: Correspondent, { incarnation }: Question): Promise<readonly Content[]> {
    const openings = await this.#options.store.openings(account, device);
    const opening = openings.find((one) => one.incarnation === incarnation);
    return opening ? [{ type: 'opening', conversation: 0, ...opening }] : [];
  }

  async #ours({ account }: Correspondent, { incarnation, from, to }: Question) {
    const { store, unsent } = this.#options;
    const messages = await store.sentWithin(account, incarnation, from, to, RESEND_MAX);
    return contents(messages.filter((message) => unsent.mayLeave(message)));
  }

  async #theirs({ account, device }: Correspondent, { incarnation, from, to }: Question) {
    const messages = await this.#options.store.receivedWithin(account, device, incarnation, from, to, RESEND_MAX);
    return contents(messages).map(({ id, kind, content }) => ({
      id,
      kind,
      content: { type: 'given-back', content: encodeContent(content) } as const,
    }));
  }
}

/** Whoever asks for the same again waits ever longer: one small question brings much. @returns undefined: at once */
function dueAtOf(asked: Asked, question: Question): Instant | undefined {
  if (asked.answeredAt === undefined) return undefined;
  const repeats = isRepeated(asked, question) ? asked.repeats + 1 : 0;
  return after(asked.answeredAt, Math.min(RESEND_EVERY_MS_MAX, RESEND_EVERY_MS * 2 ** repeats));
}

function isRepeated({ begun }: Asked, { type, incarnation, from }: Question): boolean {
  return from <= (begun.get(`${type}/${incarnation}`) ?? 0);
}

function noteAnswered(asked: Asked, question: Question, now: Instant): void {
  const isLongAgo = asked.answeredAt === undefined || now >= after(asked.answeredAt, 2 * RESEND_EVERY_MS_MAX);
  if (isLongAgo || asked.begun.size >= TAILS_MAX) asked.begun.clear();
  asked.repeats = isRepeated(asked, question) ? asked.repeats + 1 : 0;
  asked.begun.set(`${question.type}/${question.incarnation}`, question.from);
  asked.answeredAt = now;
}

/** The rest is asked for again. At least one, however large. */
function withinBudget<T extends { readonly content: Content }>(mails: readonly T[]): readonly T[] {
  let bytes = 0;
  return mails.filter(({ content }, index) => {
    bytes += encodeContent(content).length;
    return index === 0 || bytes <= RESEND_BYTES_MAX;
  });
}

function contents(
  messages: readonly StoredMessage[],
): (Pick<StoredMessage, 'id' | 'kind'> & { readonly content: Content })[] {
  return messages.flatMap((message) => {
    const content = contentOf(message);
    return content ? [{ id: message.id, kind: message.kind, content }] : [];
  });
}
