import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Refusal } from '../refusal.ts';
import type { AccountSummary, StoredAuditEntry } from '../store/store.ts';

/** What operators do to accounts. Every change is audited; `who` is a name or a number as typed. */
export interface UserAdmin {
  /** Ascending by number, above `after`; `text` is part of a name or display name. At most 1,000 at once. */
  list(query: {
    readonly after: number;
    readonly limit: number;
    readonly text: string;
  }): Promise<readonly AccountSummary[]>;
  show(who: string): Promise<Result<AccountSummary, Refusal>>;
  /** Name, display name and password by the same rules as a registration; no budget. The account has no keys yet (R32). */
  add(input: {
    readonly name: string;
    readonly displayName: string;
    readonly password: string;
  }): Promise<Result<AccountSummary, Refusal>>;
  /** A code of 128 random bits, of which only the hash is stored. @param validMs 1 minute to 90 days */
  invite(input: {
    readonly uses: number;
    readonly validMs: number;
  }): Promise<Result<{ readonly code: string; readonly expiresAt: WallMs }, Refusal>>;
  invites(): Promise<readonly { readonly usesLeft: number; readonly createdAt: WallMs; readonly expiresAt: WallMs }[]>;
  /** Ends its sessions within a second and lets nobody log in. */
  lock(who: string): Promise<Result<AccountSummary, Refusal>>;
  unlock(who: string): Promise<Result<AccountSummary, Refusal>>;
  /** A new password; every device must give it (R21). */
  setPassword(who: string, password: string): Promise<Result<AccountSummary, Refusal>>;
  delete(who: string): Promise<Result<{ readonly account: AccountNumber; readonly name: string }, Refusal>>;
  /** Puts what the operator did to the server as a whole into the audit log. */
  note(action: 'backup' | 'server-stop'): Promise<void>;
  /** Newest first, below id `before` (0: from the newest). At most 1,000 at once. */
  audit(query: { readonly before: number; readonly limit: number }): Promise<readonly StoredAuditEntry[]>;
}
