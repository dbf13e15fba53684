import { PASSWORD_CODE_POINTS_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { ServerLimits } from '../limits.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account } from '../store/store.ts';
import { accountByText, normalizeAccountText } from './account-text.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import { AdmissionQueue, type Urgency } from './admission-queue.ts';
import type { Audit } from './audit.ts';
import { listedDevices } from './certified-device.ts';
import { type Guesser, LoginThrottle } from './login-throttle.ts';

/** Who asks: the key that the handshake proved, and the source that budgets count by. */
export interface LoginClient {
  readonly exchangeKey: Uint8Array;
  readonly source: string;
}

/** What somebody before a login says to be. */
export interface Claimant {
  /** Absent when there is none, or no longer: the try takes its course all the same. */
  readonly account: Account | undefined;
  readonly guesser: Guesser;
}

/** Passwords and recovery codes: hashed in turn, looked at only so often, and alike whether an account exists or not. */
export class CredentialCheck {
  readonly #ports: AccountsPorts;
  readonly #audit: Audit;
  readonly #queue: AdmissionQueue;
  readonly #throttle: LoginThrottle;

  constructor(ports: AccountsPorts, audit: Audit, limits: ServerLimits) {
    this.#ports = ports;
    this.#audit = audit;
    this.#throttle = new LoginThrottle(limits, ports.random);
    this.#queue = new AdmissionQueue(ports.clock, {
      runningMax: limits.passwordHashesRunningMax,
      waitingMax: limits.passwordHashesWaitingMax,
      waitMsMax: limits.passwordHashWaitMsMax,
    });
  }

  /** A device that the account knows passes a source that is over its budget: it meets its own. */
  async claimantOf(client: LoginClient, text: string): Promise<Result<Claimant, Refusal>> {
    const { store, clock } = this.#ports;
    const typed = normalizeAccountText(text);
    const waitMs = this.#throttle.takeSource(client.source, clock.now());
    const limited = err(refusal('rate-limited', 'password logins', waitMs));
    const device = await store.deviceByExchangeKey(client.exchangeKey);
    if (waitMs > 0 && !device) return limited;
    const found = await accountByText(store, typed);
    const account = found?.state === 'deleted' ? undefined : found;
    if (account && device?.account === account.account && listedDevices(account).includes(device.device)) {
      return ok({ account, guesser: { kind: 'device', device: device.device } });
    }
    if (waitMs > 0) return limited;
    return ok({
      account,
      guesser: account ? { kind: 'strangers', account: account.account } : { kind: 'nobody', typed },
    });
  }

  /**
   * The same answer, size and cost for an unknown account as for a wrong password; that an account is locked only its
   * password tells.
   * @returns the account, its hash made anew when the old one was cheaper than hashes are now
   */
  async checkPassword(claimant: Claimant, password: string): Promise<Result<Account, Refusal>> {
    const { hasher } = this.#ports;
    const urgency = urgencyOf(claimant);
    const checked = await this.#guess(claimant, async () => {
      const tooLong = [...password].length > PASSWORD_CODE_POINTS_MAX;
      const phc = claimant.account?.passwordHash ?? hasher.decoyHash;
      const verified = await this.#queue.run(urgency, () => this.#verify(phc, password));
      return verified.ok ? ok(verified.value && !tooLong) : err(busy(verified.error.retryAfterMs));
    });
    return checked.ok ? this.#renewHash(checked.value, password, urgency) : checked;
  }

  /** Anything that costs no hash, under the same budget: `isRight` must do the same work without an account. */
  checkProof(
    claimant: Claimant,
    isRight: (account: Account | undefined) => boolean,
  ): Promise<Result<Account, Refusal>> {
    return this.#guess(claimant, async () => ok(isRight(claimant.account)));
  }

  async hash(password: string, urgency: Urgency): Promise<Result<string, Refusal>> {
    const hashed = await this.#queue.run(urgency, () => this.#ports.hasher.hash(password));
    return hashed.ok ? hashed : err(busy(hashed.error.retryAfterMs));
  }

  /** A try counts before it is looked at; only a wrong one stays counted. */
  async #guess(
    { account, guesser }: Claimant,
    look: () => Promise<Result<boolean, Refusal>>,
  ): Promise<Result<Account, Refusal>> {
    const now = this.#ports.clock.now();
    const waitMs = this.#throttle.takeGuess(guesser, now);
    if (waitMs > 0) {
      if (account) this.#audit.loginFailed(account.account, 'turnedAway', now);
      return err(refusal('rate-limited', 'wrong passwords', waitMs));
    }
    let wrong = false;
    try {
      const looked = await look();
      if (!looked.ok) return looked;
      wrong = !looked.value || !account;
      if (!wrong && account) return account.state === 'locked' ? err(refusal('account-locked')) : ok(account);
      if (account) this.#audit.loginFailed(account.account, 'wrong', now);
      return err(refusal('wrong-credentials'));
    } finally {
      if (!wrong) this.#throttle.giveBack(guesser);
    }
  }

  /** A wrong password takes the same time whatever its hash cost when it was made. */
  async #verify(phc: string, password: string): Promise<boolean> {
    const { hasher } = this.#ports;
    const isRight = await hasher.verify(phc, password);
    const remainder = isRight || !hasher.isOutdated(phc) ? undefined : hasher.remainderOf(phc);
    if (remainder !== undefined) await hasher.verify(remainder, password);
    return isRight;
  }

  /** The password is right already: refused is only what another one has replaced meanwhile. */
  async #renewHash(account: Account, password: string, urgency: Urgency): Promise<Result<Account, Refusal>> {
    const { hasher, store, log } = this.#ports;
    if (!hasher.isOutdated(account.passwordHash)) return ok(account);
    try {
      const hashed = await this.hash(password, urgency);
      if (!hashed.ok) return ok(account);
      const replaced = await store.rehashPassword(account.account, account.passwordHash, hashed.value);
      if (replaced) return ok({ ...account, passwordHash: hashed.value });
    } catch (error) {
      log.warn({ error: String(error) }, 'password was not hashed anew');
      return ok(account);
    }
    return this.#checkAgain(account, password, urgency);
  }

  /** Another login has made the hash anew meanwhile, or the password has changed. */
  async #checkAgain({ account }: Account, password: string, urgency: Urgency): Promise<Result<Account, Refusal>> {
    const stored = await this.#ports.store.accountByNumber(account);
    const phc = stored?.passwordHash ?? '';
    const verified = await this.#queue.run(urgency, () => this.#ports.hasher.verify(phc, password));
    if (!verified.ok) return err(busy(verified.error.retryAfterMs));
    return stored && verified.value ? ok(stored) : err(refusal('busy', 'the password is changing', 1_000));
  }
}

export function urgencyOf({ guesser }: Claimant): Urgency {
  return guesser.kind === 'device' ? 'known' : 'stranger';
}

function busy(retryAfterMs: number): Refusal {
  return refusal('busy', 'password queue', retryAfterMs);
}
