import { isNumbered } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, MailId, MessageId } from '@magpie/common/ids.ts';
import { CANNOT_OPEN_MAX } from '@magpie/common/limits.ts';
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
import { mailIdOf, slotId } from './message-content.ts';
import { SlotComplaints } from './slot-complaints.ts';

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
  /** A slot of a friend's device was read: its program runs, or did a while ago. */
  readonly onSlot: (from: Correspondent) => void;
}

const BY_MAIL: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };

/** Opens one mail after the other and hands on what is in it, in order. */
export class MailOpener {
  readonly #options: MailOpenerOptions;
  /** Look-ups of device lists, by account, with the time of the last one. */
  readonly #lookups = new Map<AccountNumber, { readonly at: Instant; readonly done: Promise<boolean> }>();
  /** What could not be opened in this run and has not come anew, by sender, newest last; told as a whole (DL56). */
  readonly #unopened = new Map<DeviceId, readonly MessageId[]>();
  readonly #lostSlots: SlotComplaints;

  constructor(options: MailOpenerOptions) {
    this.#options = options;
    this.#lostSlots = new SlotComplaints(options.clock);
  }

  /** As `takeMail` of the MailReader: a mail that makes no sense is dropped for good. */
  async take(mail: MailEntry): Promise<void> {
    const opened = this.#options.cipher.open(mail);
    if (opened.ok) return this.#handOn(opened.value);
    if (opened.error.kind === 'cannot-open') return this.#complain(mail, opened.error.id);
    const { mayKnow, log, cipher } = this.#options;
    if (!mayKnow(mail.fromAccount)) return;
    // A device of theirs that is new; its certificate is on its way, or a look-up away.
    if (!(await this.#lookUp(mail.fromAccount))) throw new NoRoomError('the sender cannot be judged yet');
    const again = cipher.open(mail);
    if (again.ok) return this.#handOn(again.value);
    if (again.error.kind === 'cannot-open') return this.#complain(mail, again.error.id);
    log.debug({ device: mail.from }, 'a mail of an unknown device was dropped');
  }

  stop(): void {
    this.#lostSlots.stop();
  }

  async #handOn({ from, own, id, contents }: OpenedMail): Promise<void> {
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

  /** R9: its sender seals it anew. */
  #complain({ from: device, fromAccount: account }: MailEntry, id: MailId | undefined): void {
    this.#options.log.debug({ device }, 'a mail could not be opened');
    if (id === undefined) return;
    const before = (this.#unopened.get(device) ?? []).filter((one) => mailIdOf(one) !== id);
    const ids = [...before, id as string as MessageId].slice(-CANNOT_OPEN_MAX);
    this.#unopened.delete(device);
    if (this.#unopened.size >= INBOXES_MAX) this.#unopened.clear();
    this.#unopened.set(device, ids);
    const tell = () => this.#tellUnopened({ account, device });
    if (id === slotId()) this.#lostSlots.handleLost(device, tell);
    else tell();
  }

  #tellUnopened(to: Correspondent): void {
    const ids = this.#unopened.get(to.device);
    if (ids) this.#options.answers.say(to, { type: 'cannot-open', ids });
  }

  /** It has come anew: to name it again would have it sealed once more. */
  #forgive({ account, device }: Correspondent, id: MailId): void {
    const unopened = this.#unopened.get(device);
    const ids = unopened?.filter((one) => mailIdOf(one) !== id);
    if (!unopened || !ids || ids.length === unopened.length) return;
    if (ids.length === 0) this.#unopened.delete(device);
    else this.#unopened.set(device, ids);
    this.#options.answers.amend({ account, device }, { type: 'cannot-open', ids });
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
