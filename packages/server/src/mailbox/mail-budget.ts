import type { AccountNumber } from '@magpie/common/ids.ts';
import { MAIL_UNDER_WAY_BYTES_EACH, MAIL_UNDER_WAY_BYTES_MAX, MAIL_UNDER_WAY_BYTES_OF_ACCOUNT_MAX } from '../limits.ts';

/** Memory of mails that wait for the disk: bounded, so that a slow one takes no memory and holds up nothing else. */
export class MailBudget {
  #bytes = 0;
  /** Only accounts that have some under way. */
  readonly #ofAccounts = new Map<AccountNumber, number>();

  /** @returns false, and nothing is taken, when there is no room; otherwise what was taken is to be given back */
  take(account: AccountNumber, envelopeBytes: number): boolean {
    const cost = MAIL_UNDER_WAY_BYTES_EACH + envelopeBytes;
    const ofAccount = (this.#ofAccounts.get(account) ?? 0) + cost;
    if (this.#bytes + cost > MAIL_UNDER_WAY_BYTES_MAX) return false;
    if (ofAccount > MAIL_UNDER_WAY_BYTES_OF_ACCOUNT_MAX) return false;
    this.#bytes += cost;
    this.#ofAccounts.set(account, ofAccount);
    return true;
  }

  giveBack(account: AccountNumber, envelopeBytes: number): void {
    const cost = MAIL_UNDER_WAY_BYTES_EACH + envelopeBytes;
    const left = (this.#ofAccounts.get(account) ?? 0) - cost;
    this.#bytes -= cost;
    if (left > 0) this.#ofAccounts.set(account, left);
    else this.#ofAccounts.delete(account);
  }
}
