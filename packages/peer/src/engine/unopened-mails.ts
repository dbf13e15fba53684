import type { DeviceId, MailId, MessageId } from '@magpie/common/ids.ts';
import { CANNOT_OPEN_MAX } from '@magpie/common/limits.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import { INBOXES_MAX, UNTOLD_COUNTED_MS, UNTOLD_MS_MAX } from './limits.ts';

export interface UnopenedMailsOptions {
  readonly clock: Clock;
  /** There is a link, and nothing keeps us from answering (R23): whoever is not told now cannot be. */
  readonly mayTell: () => boolean;
}

interface Unopened {
  readonly until: Promise<void>;
  readonly letGo: () => void;
  timer: Timer | undefined;
  told: boolean;
}

/**
 * What could not be opened in this run and has not come anew, by sender (DL56). It is known here only, so each stays in
 * the mailbox until its sender was told: a crash before that has it read, and named, again.
 */
export class UnopenedMails {
  readonly #options: UnopenedMailsOptions;
  /** The device of which something was read last stands last, and of each device the newest mail. */
  readonly #devices = new Map<DeviceId, Map<MailId, Unopened>>();

  constructor(options: UnopenedMailsOptions) {
    this.#options = options;
  }

  /** @returns resolves when the mailbox may forget it: told, not to be told any more, or in vain for UNTOLD_MS_MAX */
  add(device: DeviceId, id: MailId): Promise<void> {
    const mails = this.#touch(device);
    const known = mails.get(id);
    const mail = known && !known.told ? known : this.#begin();
    mails.delete(id);
    mails.set(id, mail);
    const [oldest] = mails.keys();
    if (oldest !== undefined && mails.size > CANNOT_OPEN_MAX) this.#remove(mails, oldest);
    return mail.until;
  }

  /** The newest last. */
  ofDevice(device: DeviceId): readonly MessageId[] {
    return [...(this.#devices.get(device)?.keys() ?? [])].map((id) => id as string as MessageId);
  }

  handleTold(device: DeviceId, ids: readonly MessageId[]): void {
    const mails = this.#devices.get(device);
    for (const id of ids) {
      const mail = mails?.get(id as string as MailId);
      if (!mail) continue;
      mail.told = true;
      end(mail);
    }
  }

  /** It has come anew. @returns false when it was none of these */
  forgive(device: DeviceId, id: MailId): boolean {
    const mails = this.#devices.get(device);
    if (!mails || !this.#remove(mails, id)) return false;
    if (mails.size === 0) this.#devices.delete(device);
    return true;
  }

  stop(): void {
    for (const mails of this.#devices.values()) for (const { timer } of mails.values()) timer?.cancel();
    this.#devices.clear();
  }

  #touch(device: DeviceId): Map<MailId, Unopened> {
    const mails = this.#devices.get(device) ?? new Map<MailId, Unopened>();
    this.#devices.delete(device);
    const [oldest] = this.#devices;
    if (oldest && this.#devices.size >= INBOXES_MAX) {
      for (const id of [...oldest[1].keys()]) this.#remove(oldest[1], id);
      this.#devices.delete(oldest[0]);
    }
    this.#devices.set(device, mails);
    return mails;
  }

  #begin(): Unopened {
    const { promise, resolve } = Promise.withResolvers<void>();
    const mail: Unopened = { until: promise, letGo: resolve, timer: undefined, told: false };
    this.#wait(mail);
    return mail;
  }

  /** Only time in which somebody could be told counts. */
  #wait(mail: Unopened, leftMs = UNTOLD_MS_MAX): void {
    const { clock, mayTell } = this.#options;
    mail.timer = clock.setTimer(after(clock.now(), UNTOLD_COUNTED_MS), () => {
      const left = mayTell() ? leftMs - UNTOLD_COUNTED_MS : leftMs;
      if (left > 0) this.#wait(mail, left);
      else end(mail);
    });
  }

  #remove(mails: Map<MailId, Unopened>, id: MailId): boolean {
    const mail = mails.get(id);
    if (mail) end(mail);
    return mails.delete(id);
  }
}

function end(mail: Unopened): void {
  mail.timer?.cancel();
  mail.timer = undefined;
  mail.letGo();
}
