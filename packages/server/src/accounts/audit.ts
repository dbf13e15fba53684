import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
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
/** How often it is seen whose hour is over, and how many entries are written then, the rest a little later. */
const FLUSH_EVERY_MS = 60_000;
const FLUSHED_AT_ONCE_MAX = 256;
const FLUSH_REST_MS = 1_000;

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
  #flush: Timer | undefined;

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

  /** Many failures for one account are one entry an hour, with their count; none of them is left out. */
  loginFailed(account: AccountNumber, how: 'wrong' | 'turnedAway', now: Instant): void {
    const count = this.#failures.get(account) ?? { wrong: 0, turnedAway: 0, silentUntil: now };
    this.#failures.delete(account);
    this.#failures.set(account, count);
    count[how] += 1;
    const oldest = this.#failures.size > FAILURE_COUNTS_MAX ? this.#failures.keys().next().value : undefined;
    if (oldest !== undefined) this.#forget(oldest, now);
    if (!isMany(count)) return;
    if (now >= count.silentUntil) this.#write(account, count, now);
    else this.#flushIn(FLUSH_EVERY_MS, now);
  }

  /** Writes what is counted, as far as it is many. */
  stop(): void {
    this.#flush?.cancel();
    const now = this.#clock.now();
    const counted = [...this.#failures].filter(([, count]) => isMany(count)).slice(0, FLUSHED_AT_ONCE_MAX);
    for (const [account, count] of counted) this.#write(account, count, now);
  }

  #flushIn(ms: number, now: Instant): void {
    this.#flush ??= this.#clock.setTimer(after(now, ms), () => {
      this.#flush = undefined;
      this.#flushDue(this.#clock.now());
    });
  }

  #flushDue(now: Instant): void {
    const many = [...this.#failures].filter(([, count]) => isMany(count));
    const due = many.filter(([, { silentUntil }]) => now >= silentUntil);
    for (const [account, count] of due.slice(0, FLUSHED_AT_ONCE_MAX)) this.#write(account, count, now);
    if (due.length > FLUSHED_AT_ONCE_MAX) this.#flushIn(FLUSH_REST_MS, now);
    else if (many.length > due.length) this.#flushIn(FLUSH_EVERY_MS, now);
  }

  #forget(account: AccountNumber, now: Instant): void {
    const count = this.#failures.get(account)!;
    if (isMany(count)) this.#write(account, count, now);
    this.#failures.delete(account);
  }

  #write(account: AccountNumber, count: FailureCount, now: Instant): void {
    const detail = `${count.wrong} wrong, ${count.turnedAway} turned away`;
    void this.note({ actor: account, action: 'login-failures', subject: account, detail });
    count.wrong = 0;
    count.turnedAway = 0;
    count.silentUntil = after(now, FAILURES_EVERY_MS);
  }
}

function isMany({ wrong, turnedAway }: FailureCount): boolean {
  return wrong + turnedAway >= FAILURES_MIN;
}
