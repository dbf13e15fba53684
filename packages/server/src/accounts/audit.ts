import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant } from '@magpie/common/time.ts';
import { FAILURE_COUNTS_MAX } from '../limits.ts';
import type { AuditEntry, Store } from '../store/store.ts';

/** Everything that the audit log may hold. */
export const AUDIT_ACTIONS = [
  'user-add',
  'user-lock',
  'user-unlock',
  'user-password',
  'user-delete',
  'invite-add',
  'notice-send',
  'backup',
  'server-stop',
  'password-change',
  'recovery-set',
  'recovery-used',
  'device-enrolled',
  'device-revoked',
  'account-deleted',
  'login-failures',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditNote {
  readonly actor: AuditEntry['actor'];
  readonly action: AuditAction;
  readonly subject?: AccountNumber | undefined;
  /** Counts and codes only; never a secret, a text or an address. */
  readonly detail?: string;
}

/** Fewer wrong passwords are somebody's typing. */
const FAILURES_MIN = 5;
const FAILURES_EVERY_MS = 3_600_000;

interface FailureCount {
  /** Since the last entry. */
  wrong: number;
  turnedAway: number;
  silentUntil: Instant;
}

/** Writes down what operators and accounts did, after it was done. An entry that cannot be written undoes nothing. */
export class Audit {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The one longest without a failure first. */
  readonly #failures = new Map<AccountNumber, FailureCount>();

  constructor(store: Store, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  async note({ actor, action, subject, detail = '' }: AuditNote): Promise<void> {
    try {
      await this.#store.appendAudit({ at: this.#clock.wallNow(), actor, action, subject, detail });
    } catch (error) {
      this.#log.error({ action, error: String(error) }, 'audit entry failed');
    }
  }

  /** Many failures for one account are one entry an hour, with their count. */
  loginFailed(account: AccountNumber, how: 'wrong' | 'turnedAway', now: Instant): void {
    const count = this.#failures.get(account) ?? { wrong: 0, turnedAway: 0, silentUntil: now };
    this.#failures.delete(account);
    this.#failures.set(account, count);
    count[how] += 1;
    const oldest = this.#failures.size > FAILURE_COUNTS_MAX ? this.#failures.keys().next().value : undefined;
    if (oldest !== undefined) this.#failures.delete(oldest);
    if (count.wrong + count.turnedAway < FAILURES_MIN || now < count.silentUntil) return;
    const detail = `${count.wrong} wrong, ${count.turnedAway} turned away`;
    void this.note({ actor: account, action: 'login-failures', subject: account, detail });
    count.wrong = 0;
    count.turnedAway = 0;
    count.silentUntil = after(now, FAILURES_EVERY_MS);
  }
}
