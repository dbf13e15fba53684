import { encodeFrame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, Recovery } from '../store/store.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import type { Announcer } from './announcer.ts';
import type { Audit } from './audit.ts';
import type { CredentialCheck } from './credential-check.ts';
import {
  NO_RECOVERY,
  parseDisplayName,
  parseQuestion,
  parseRecovery,
  parseSignatureLine,
  passwordFault,
} from './credential-rules.ts';
import { refusalOf } from './session-claim.ts';

type Profile = Pick<FrameOf<'profile-set'>, 'displayName' | 'signatureLine'>;
type Policy = Pick<FrameOf<'policy'>, 'ask' | 'question' | 'showLastSeen'>;

const HOUR_SECONDS = 3_600;
const NO_POLICY: Policy = { ask: 'anyone', question: '', showLastSeen: true };

/** What people change about their own account: secrets, profile, policy, its end. */
export class OwnAccount {
  readonly #ports: AccountsPorts;
  readonly #credentials: CredentialCheck;
  readonly #announcer: Announcer;
  readonly #audit: Audit;
  readonly #profiles: RateTable;
  readonly #settings: RateTable;

  constructor(
    ports: AccountsPorts,
    credentials: CredentialCheck,
    announcer: Announcer,
    audit: Audit,
    limits: ServerLimits,
  ) {
    this.#ports = ports;
    this.#credentials = credentials;
    this.#announcer = announcer;
    this.#audit = audit;
    const table = (perHour: number) => new RateTable(perHour / HOUR_SECONDS, perHour, RATE_BUCKETS, ports.random);
    this.#profiles = table(limits.profileChangesPerHour);
    this.#settings = table(limits.settingChangesPerHour);
  }

  /** Every other device must give the new password (R21): its sessions end within a second. */
  async changePassword(by: LiveSession, oldPassword: string, newPassword: string): Promise<Result<void, Refusal>> {
    const { store } = this.#ports;
    const { number } = by.account;
    const found = await store.accountByNumber(number);
    const fault = passwordFault(newPassword, found?.name ?? '');
    if (fault !== undefined) return err(refusal('weak-password', fault));
    const proved = await this.#checkPassword(by, found, oldPassword);
    if (!proved.ok) return proved;
    const hashed = await this.#credentials.hash(newPassword, 'known');
    if (!hashed.ok) return hashed;
    const { passwordHash } = proved.value;
    const set = await store.setPassword(number, hashed.value, { by: fenceOf(by), passwordHash });
    if (!set.ok) return err(set.error === 'stale-epoch' ? refusal(set.error) : refusalOf(set.error));
    await this.#announcer.revoked(number, set.value, 'password-changed');
    await this.#audit.note({ actor: number, action: 'password-change', subject: number });
    return ok(undefined);
  }

  async setRecovery(by: LiveSession, given: Recovery): Promise<Result<void, Refusal>> {
    const recovery = parseRecovery(given);
    if (!recovery) return err(refusal('malformed', 'recovery key without its seal'));
    const limited = this.#takeSetting(by);
    if (limited) return err(limited);
    const set = await this.#ports.store.setRecovery(fenceOf(by), recovery === 'none' ? NO_RECOVERY : recovery);
    if (!set.ok) return err(refusal(set.error));
    const { number } = by.account;
    await this.#audit.note({ actor: number, action: 'recovery-set', subject: number });
    return ok(undefined);
  }

  async setProfile(by: LiveSession, given: Profile): Promise<Result<void, Refusal>> {
    const displayName = parseDisplayName(given.displayName);
    if (displayName === undefined) return err(refusal('bad-display-name', '1 to 64 characters that can be seen'));
    const signatureLine = parseSignatureLine(given.signatureLine);
    if (signatureLine === undefined) return err(refusal('bad-text', 'at most 80 characters that can be seen'));
    const { number } = by.account;
    const waitMs = this.#profiles.take(number, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'changes of the profile', waitMs));
    const set = await this.#ports.store.setProfile(fenceOf(by), { displayName, signatureLine });
    if (!set.ok) return err(refusal(set.error));
    await this.#announcer.rosters(set.value);
    await this.#announcer.ownProfile(number);
    return ok(undefined);
  }

  async policy(by: LiveSession): Promise<Policy> {
    const { ask, question, showLastSeen } = (await this.#ports.store.accountByNumber(by.account.number)) ?? NO_POLICY;
    return { ask, question, showLastSeen };
  }

  async setPolicy(by: LiveSession, { ask, question: text, showLastSeen }: Policy): Promise<Result<void, Refusal>> {
    const question = parseQuestion(text);
    if (question === undefined || (ask === 'question' && question === '')) {
      return err(refusal('bad-text', '1 to 80 characters that can be seen'));
    }
    const limited = this.#takeSetting(by);
    if (limited) return err(limited);
    const set = await this.#ports.store.setPolicy(fenceOf(by), { ask, question, showLastSeen });
    if (!set.ok) return err(refusal(set.error));
    by.account.showLastSeen = showLastSeen;
    return ok(undefined);
  }

  /** @param deleted called once it is so, before the account's sessions end, that of `by` among them */
  async delete(by: LiveSession, password: string, deleted: () => void): Promise<Refusal | undefined> {
    const { store, clock } = this.#ports;
    const { number } = by.account;
    const proved = await this.#checkPassword(by, await store.accountByNumber(number), password);
    if (!proved.ok) return proved.error;
    const deletion = await store.deleteAccount(number, clock.wallNow(), fenceOf(by));
    if (!deletion) return refusal('stale-epoch');
    deleted();
    await this.#announcer.deleted(number, deletion);
    await this.#audit.note({ actor: number, action: 'account-deleted', subject: number });
    return undefined;
  }

  /** Sends the account's own sessions what it is now; to the one that changed it that is no news, and no harm. */
  async pushProfile(number: AccountNumber): Promise<void> {
    const { store, directory, log } = this.#ports;
    try {
      if (!directory.account(number)) return;
      const account = await store.accountByNumber(number);
      const sessions = directory.account(number)?.sessions.values() ?? [];
      if (!account) return;
      const { displayName, signatureLine, deviceListVersion } = account;
      for (const session of sessions) {
        session.wire.send(encodeFrame({ type: 'own-profile', displayName, signatureLine, deviceListVersion }));
      }
    } catch (error) {
      log.error({ account: number, error: String(error) }, 'own profile was not sent');
    }
  }

  /** By the budget of the device: a thief at an open session guesses no faster than anybody. */
  #checkPassword(by: LiveSession, account: Account | undefined, password: string): Promise<Result<Account, Refusal>> {
    return this.#credentials.checkPassword({ account, guesser: { kind: 'device', device: by.device } }, password);
  }

  #takeSetting(by: LiveSession): Refusal | undefined {
    const waitMs = this.#settings.take(by.account.number, this.#ports.clock.now());
    return waitMs > 0 ? refusal('rate-limited', 'changes of settings', waitMs) : undefined;
  }
}
