import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { Log } from '@magpie/common/log.ts';
import type { Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import { MailCursor } from '../messaging/mail-cursor.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import { StoreError } from '../store/store-error.ts';
import { inBackground } from './background.ts';
import { NoRoomError } from './intake.ts';
import {
  MAIL_ACK_AFTER_MS,
  MAIL_ACK_EVERY,
  MAIL_AHEAD_MAX,
  MAIL_IN_FLIGHT_MAX,
  MAIL_NO_ROOM_MS_MAX,
  MAIL_RETRY_MS_MAX,
  MAIL_RETRY_MS_MIN,
  MAIL_TRIES_MAX,
} from './limits.ts';

/** A mail of which nothing is left to be done here, and which its mailbox is to keep all the same. */
export interface KeptMail {
  /** Never rejects. */
  readonly until: Promise<void>;
}

export interface MailReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
  /**
   * Brings what is in one mail to the disk. Resolves when all of it is durable or dropped for good; rejects with a
   * NoRoomError when the mailbox is to keep it, with a StoreError when the store failed.
   */
  readonly takeMail: (mail: MailEntry) => Promise<KeptMail | undefined>;
  /** False while invisible: an acknowledgement would show that somebody is there (R23). */
  readonly mayAck: () => boolean;
  /** What the mailbox still holds, and with which key (R9). */
  readonly onAcked: (left: Pick<FrameOf<'mail-acked'>, 'left' | 'generation' | 'step'>) => void;
}

type Reading = 'down' | 'reading' | 'following' | 'waiting';

/**
 * Reads the own mailbox: all of it with every link, then what the server pushes. It is acknowledged up to where everything
 * is durable here, several mails at once, and never before. Several are on their way to the disk together, so that they
 * share its syncs; while more than two pages are, no more is asked for, and what is pushed is left to be got later.
 */
export class MailReader {
  readonly #options: MailReaderOptions;
  readonly #cursor = new MailCursor();
  #reading: Reading = 'down';
  /** Rises with every link, and whenever what is in flight no longer counts. */
  #run = 0;
  #link = 0;
  /** Pushed while a page was awaited. */
  #early: (readonly MailEntry[])[] = [];
  /** Something was pushed and not taken. */
  #missed = false;
  #roomFor: (() => void) | undefined;
  #retryTimer: Timer | undefined;
  #retryMs = MAIL_RETRY_MS_MIN;
  #ackedTo = 0;
  #acking = false;
  #unacked = 0;
  #ackTimer: Timer | undefined;
  /** The position at which the store failed last, and how often. */
  #failedAt = 0;
  #failures = 0;

  constructor(options: MailReaderOptions) {
    this.#options = options;
  }

  /** Friends and their devices are as the server has them: from here on mails can be judged. */
  handleLinkUp(): void {
    this.handleLinkDown();
    this.#cursor.begin();
    this.#ackedTo = 0;
    this.#retryMs = MAIL_RETRY_MS_MIN;
    this.#start();
  }

  handleLinkDown(): void {
    this.#run += 1;
    this.#link += 1;
    this.#reading = 'down';
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    this.#acking = false;
    this.#unacked = 0;
  }

  /** A `mail` that answers no request. */
  handlePush({ entries }: Pick<FrameOf<'mail'>, 'entries'>): void {
    if (this.#reading === 'reading') {
      // Perhaps behind a last page that is not worked in yet.
      const waiting = this.#early.reduce((sum, { length }) => sum + length, 0);
      if (entries.length === 0 || waiting + entries.length > MAIL_IN_FLIGHT_MAX) this.#missed = true;
      else if (!this.#missed) this.#early.push(entries);
    } else if (this.#reading === 'following' && !this.#follow(entries)) {
      this.#start();
    }
  }

  /** Whatever was read while nobody should know may be acknowledged. */
  handleVisible(): void {
    this.#acknowledge();
  }

  stop(): void {
    this.handleLinkDown();
  }

  #start(): void {
    this.#reading = 'reading';
    this.#early = [];
    this.#missed = false;
    inBackground(this.#options.log, 'the mailbox could not be read', this.#read(this.#run));
  }

  async #read(run: number): Promise<void> {
    while (this.#run === run) {
      if (this.#cursor.inFlight > MAIL_IN_FLIGHT_MAX / 2) {
        await new Promise<void>((resolve) => {
          this.#roomFor = resolve;
        });
        continue;
      }
      if (this.#cursor.ahead > MAIL_AHEAD_MAX) return this.#wait(MAIL_RETRY_MS_MAX);
      this.#missed = false;
      const { readTo } = this.#cursor;
      const answer = await this.#options.request({ type: 'mail-get', after: readTo });
      if (this.#run !== run) return;
      if (!answer.ok || answer.value.type !== 'mail') return this.#waitLonger();
      const { entries, last } = answer.value;
      this.#take(entries);
      if (!last && this.#cursor.readTo === readTo) return this.#waitLonger();
      if (!last) {
        // What was pushed before lies behind pages that are still to come.
        this.#early = [];
        continue;
      }
      const early = this.#early;
      this.#early = [];
      if (this.#missed || early.some((pushed) => !this.#follow(pushed))) continue;
      this.#reading = 'following';
      // What is in flight may still fail: then the end of the log was no progress.
      if (this.#cursor.inFlight === 0) this.#retryMs = MAIL_RETRY_MS_MIN;
      return;
    }
  }

  /** @returns false when the mailbox has to be asked for what is pushed */
  #follow(entries: readonly MailEntry[]): boolean {
    if (entries.length === 0 || this.#cursor.inFlight + entries.length > MAIL_IN_FLIGHT_MAX) return false;
    this.#take(entries);
    return true;
  }

  #take(entries: readonly MailEntry[]): void {
    const run = this.#run;
    for (const mail of this.#cursor.take(entries)) {
      this.#options.takeMail(mail).then(
        (kept) => this.#run === run && (kept ? this.#keep(mail.position, kept) : this.#settle(mail.position)),
        (cause: unknown) => this.#run === run && this.#handleFailure(mail.position, cause),
      );
    }
  }

  /** What came after it is taken all the same; only the acknowledgement, which is cumulative, waits. */
  #keep(position: number, { until }: KeptMail): void {
    const link = this.#link;
    this.#cursor.keep(position);
    this.#makeProgress();
    void until.then(() => {
      if (this.#link !== link) return;
      this.#cursor.release(position);
      this.#unacked += 1;
      this.#makeProgress();
    });
  }

  #settle(position: number): void {
    this.#cursor.settle(position);
    this.#retryMs = MAIL_RETRY_MS_MIN;
    this.#unacked += 1;
    this.#makeProgress();
  }

  #handleFailure(position: number, cause: unknown): void {
    const { log, clock } = this.#options;
    if (cause instanceof NoRoomError) {
      const since = this.#cursor.postpone(position, clock.now());
      if (clock.now() - since >= MAIL_NO_ROOM_MS_MAX) this.#cursor.drop(position);
      else this.#retry(MAIL_RETRY_MS_MAX);
      return this.#makeProgress();
    }
    const code = cause instanceof StoreError ? cause.code : 'bug';
    log.error({ code }, 'a mail could not be stored');
    // One that does harm must not hold up all others: its sender still has what it says.
    if (code === 'bug' || this.#isAtFault(position, code)) return this.#settle(position);
    this.#waitLonger();
  }

  #isAtFault(position: number, code: string): boolean {
    if (code !== 'internal') return false;
    this.#failures = this.#failedAt === position ? this.#failures + 1 : 1;
    this.#failedAt = position;
    return this.#failures >= MAIL_TRIES_MAX;
  }

  #makeProgress(): void {
    if (this.#cursor.inFlight <= MAIL_IN_FLIGHT_MAX / 2) {
      this.#roomFor?.();
      this.#roomFor = undefined;
    }
    if (this.#unacked >= MAIL_ACK_EVERY) return this.#acknowledge();
    this.#ackLater(MAIL_ACK_AFTER_MS);
  }

  #waitLonger(): void {
    this.#wait(this.#retryMs);
    this.#retryMs = Math.min(MAIL_RETRY_MS_MAX, this.#retryMs * 2);
  }

  /** What is in flight does not count any more: it is read again. */
  #wait(ms: number): void {
    this.#run += 1;
    this.#reading = 'waiting';
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#retry(ms);
  }

  #retry(ms: number): void {
    if (this.#retryTimer) return;
    const { clock } = this.#options;
    this.#retryTimer = clock.setTimer(after(clock.now(), ms), () => {
      this.#retryTimer = undefined;
      this.#run += 1;
      this.#cursor.again();
      this.#start();
    });
  }

  #ackLater(ms: number): void {
    if (this.#ackTimer || this.#reading === 'down') return;
    const { clock } = this.#options;
    this.#ackTimer = clock.setTimer(after(clock.now(), ms), () => this.#acknowledge());
  }

  #acknowledge(): void {
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    const upTo = this.#cursor.durableTo;
    if (this.#reading === 'down' || this.#acking || upTo <= this.#ackedTo || !this.#options.mayAck()) return;
    this.#acking = true;
    this.#unacked = 0;
    inBackground(this.#options.log, 'mails could not be acknowledged', this.#ack(upTo));
  }

  async #ack(upTo: number): Promise<void> {
    const link = this.#link;
    const answer = await this.#options.request({ type: 'mail-ack', upTo });
    if (this.#link !== link) return;
    this.#acking = false;
    if (answer.ok && answer.value.type === 'mail-acked') {
      this.#ackedTo = Math.max(this.#ackedTo, upTo);
      this.#options.onAcked(answer.value);
    }
    if (this.#cursor.durableTo > this.#ackedTo) this.#ackLater(answer.ok ? MAIL_ACK_AFTER_MS : MAIL_RETRY_MS_MIN);
  }
}
