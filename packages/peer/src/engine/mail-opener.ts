import { isNumbered } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, MailId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant } from '@magpie/common/time.ts';
import type { MessageRoad } from '../store/store.ts';
import type {
  Answers,
  ControlContents,
  Correspondent,
  IncomingContents,
  MailCipher,
  OpenedMail,
  OwnCopy,
} from './delivery-ports.ts';
import { NoRoomError } from './intake.ts';
import { INBOXES_MAX, MAIL_SENDER_LOOKUP_MS } from './limits.ts';
import type { KeptMail } from './mail-reader.ts';
import { slotId } from './message-content.ts';
import { SlotComplaints } from './slot-complaints.ts';
import { UnopenedMails } from './unopened-mails.ts';

export interface MailOpenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly cipher: Pick<MailCipher, 'open'>;
  readonly incoming: IncomingContents;
  readonly control: ControlContents;
  readonly copies: { handleCopy(from: Correspondent, copy: OwnCopy): Promise<void> };
  readonly answers: Pick<Answers, 'say' | 'amend'>;
  /** A friend or the own account: somebody whose newer device list may certify the sender. */
  readonly mayKnow: (account: AccountNumber) => boolean;
  /** Brings the newest device list of that account. @returns false when it could not be had */
  readonly learnDevices: (account: AccountNumber) => Promise<boolean>;
  /** There is a link, and nothing keeps us from answering (R23). */
  readonly mayTell: () => boolean;
  /** A slot of a friend's device was read: its program runs, or did a while ago. */
  readonly onSlot: (from: Correspondent) => void;
}

const BY_MAIL: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };

/** Opens one mail after the other and hands on what is in it, in order. */
export class MailOpener {
  readonly #options: MailOpenerOptions;
  /** Look-ups of device lists, by account, with the time of the last one. */
  readonly #lookups = new Map<AccountNumber, { readonly at: Instant; readonly done: Promise<boolean> }>();
  readonly #unopened: UnopenedMails;
  readonly #lostSlots: SlotComplaints;

  constructor(options: MailOpenerOptions) {
    this.#options = options;
    this.#unopened = new UnopenedMails(options);
    this.#lostSlots = new SlotComplaints(options.clock);
  }

  /** As `takeMail` of the MailReader: a mail that makes no sense is dropped for good. */
  async take(mail: MailEntry): Promise<KeptMail | undefined> {
    const opened = this.#options.cipher.open(mail);
    if (opened.ok) return this.#handOn(opened.value);
    if (opened.error.kind === 'cannot-open') return this.#complain(mail, opened.error.id);
    const { mayKnow, log, cipher } = this.#options;
    if (!mayKnow(mail.fromAccount)) return undefined;
    // A device of theirs that is new; its certificate is on its way, or a look-up away.
    if (!(await this.#lookUp(mail.fromAccount))) throw new NoRoomError('the sender cannot be judged yet');
    const again = cipher.open(mail);
    if (again.ok) return this.#handOn(again.value);
    if (again.error.kind === 'cannot-open') return this.#complain(mail, again.error.id);
    log.debug({ device: mail.from }, 'a mail of an unknown device was dropped');
    return undefined;
  }

  stop(): void {
    this.#unopened.stop();
    this.#lostSlots.stop();
  }

  async #handOn({ from, own, id, contents }: OpenedMail): Promise<undefined> {
    this.#forgive(from, id);
    this.#lostSlots.handleOpened(from.device);
    await Promise.all(contents.map((content) => this.#handOnOne(from, own, content)));
    if (!own && id === slotId()) this.#options.onSlot(from);
  }

  #handOnOne(from: Correspondent, own: boolean, content: OpenedMail['contents'][number]): Promise<void> | undefined {
    const { incoming, control, copies } = this.#options;
    if (isNumbered(content)) return own ? undefined : incoming.accept(from, content, BY_MAIL);
    switch (content.type) {
      case 'opening':
      case 'tail':
      case 'given-back':
        return own ? undefined : incoming.accept(from, content, BY_MAIL);
      case 'receipt':
      case 'refused-content':
      case 'resend':
      case 'give-back':
        return own ? undefined : control.handleControl(from, content);
      // Of copies, too.
      case 'cannot-open':
        return control.handleControl(from, content);
      case 'copy':
      case 'copy-receipt':
        return own ? copies.handleCopy(from, content) : undefined;
      case 'typing':
        return undefined;
    }
  }

  /** R9: its sender seals it anew, once it was told. */
  #complain({ from: device, fromAccount: account }: MailEntry, id: MailId | undefined): KeptMail | undefined {
    this.#options.log.debug({ device }, 'a mail could not be opened');
    if (id === undefined) return undefined;
    const until = this.#unopened.add(device, id);
    const tell = () => this.#tellUnopened({ account, device });
    if (id === slotId()) this.#lostSlots.handleLost(device, tell);
    else tell();
    return { until };
  }

  #tellUnopened(to: Correspondent): void {
    const ids = this.#unopened.ofDevice(to.device);
    if (ids.length === 0) return;
    this.#options.answers.say(to, { type: 'cannot-open', ids }, () => this.#unopened.handleTold(to.device, ids));
  }

  /** It has come anew: to name it again would have it sealed once more. */
  #forgive(from: Correspondent, id: MailId): void {
    if (!this.#unopened.forgive(from.device, id)) return;
    this.#options.answers.amend(from, { type: 'cannot-open', ids: this.#unopened.ofDevice(from.device) });
  }

  #lookUp(account: AccountNumber): Promise<boolean> {
    const { clock, learnDevices } = this.#options;
    const last = this.#lookups.get(account);
    if (last && clock.now() < after(last.at, MAIL_SENDER_LOOKUP_MS)) return last.done;
    this.#lookups.delete(account);
    if (this.#lookups.size >= INBOXES_MAX) this.#lookups.clear();
    const done = learnDevices(account).catch(() => false);
    this.#lookups.set(account, { at: clock.now(), done });
    void done.then((learned) => !learned && this.#lookups.delete(account));
    return done;
  }
}
