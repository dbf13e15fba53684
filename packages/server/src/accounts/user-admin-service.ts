import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, AccountSummary, StoredAuditEntry } from '../store/store.ts';
import { accountByText, normalizeAccountText } from './account-text.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import type { Announcer } from './announcer.ts';
import type { Audit } from './audit.ts';
import type { CredentialCheck } from './credential-check.ts';
import { passwordFault } from './credential-rules.ts';
import { newInviteCode } from './invite-code.ts';
import { checkNewAccount } from './registration.ts';
import type { UserAdmin } from './user-admin.ts';

const ENTRIES_MAX = 1_000;
const INVITE_USES_MAX = 10_000;
const INVITE_MS_MIN = 60_000;
const INVITE_MS_MAX = 90 * 86_400_000;

/** What the operator's face asks for. */
export class UserAdminService implements UserAdmin {
  readonly #ports: AccountsPorts;
  readonly #credentials: CredentialCheck;
  readonly #announcer: Announcer;
  readonly #audit: Audit;

  constructor(ports: AccountsPorts, credentials: CredentialCheck, announcer: Announcer, audit: Audit) {
    this.#ports = ports;
    this.#credentials = credentials;
    this.#announcer = announcer;
    this.#audit = audit;
  }

  list({ after, limit, text }: Parameters<UserAdmin['list']>[0]): Promise<readonly AccountSummary[]> {
    return this.#ports.store.accounts(after, Math.min(limit, ENTRIES_MAX), text);
  }

  async show(who: string): Promise<Result<AccountSummary, Refusal>> {
    const account = await accountByText(this.#ports.store, normalizeAccountText(who));
    return account ? this.#summaryOf(account.account) : err(refusal('not-found'));
  }

  async add(input: Parameters<UserAdmin['add']>[0]): Promise<Result<AccountSummary, Refusal>> {
    const { store, clock } = this.#ports;
    const checked = checkNewAccount(input);
    if (!checked.ok) return checked;
    if (await store.accountByName(checked.value.name)) return err(refusal('name-taken'));
    const hashed = await this.#credentials.hash(input.password, 'known');
    if (!hashed.ok) return hashed;
    const passwordHash = hashed.value;
    const added = await store.addAccount({ ...checked.value, passwordHash, createdAt: clock.wallNow() });
    if (!added.ok) return err(refusal(added.error));
    await this.#audit.note({ actor: 'operator', action: 'user-add', subject: added.value.account });
    return this.#summaryOf(added.value.account);
  }

  async invite({
    uses,
    validMs,
  }: Parameters<UserAdmin['invite']>[0]): Promise<
    Result<{ readonly code: string; readonly expiresAt: WallMs }, Refusal>
  > {
    const { store, clock, random } = this.#ports;
    if (!Number.isInteger(uses) || uses < 1 || uses > INVITE_USES_MAX) {
      return err(refusal('malformed', `1 to ${INVITE_USES_MAX} uses`));
    }
    if (!Number.isInteger(validMs) || validMs < INVITE_MS_MIN || validMs > INVITE_MS_MAX) {
      return err(refusal('malformed', 'valid for 1 minute to 90 days'));
    }
    const { text, hash } = newInviteCode(random);
    const createdAt = clock.wallNow();
    const expiresAt = (createdAt + validMs) as WallMs;
    const added = await store.addInvite({ hash, createdAt, expiresAt, usesLeft: uses });
    if (!added.ok) return err(refusal(added.error));
    await this.#audit.note({ actor: 'operator', action: 'invite-add', detail: `${uses} uses` });
    return ok({ code: text, expiresAt });
  }

  async invites(): ReturnType<UserAdmin['invites']> {
    const invites = await this.#ports.store.invites(this.#ports.clock.wallNow());
    return invites.map(({ usesLeft, createdAt, expiresAt }) => ({ usesLeft, createdAt, expiresAt }));
  }

  lock(who: string): Promise<Result<AccountSummary, Refusal>> {
    return this.#setLocked(who, true);
  }

  unlock(who: string): Promise<Result<AccountSummary, Refusal>> {
    return this.#setLocked(who, false);
  }

  async setPassword(who: string, password: string): Promise<Result<AccountSummary, Refusal>> {
    const found = await this.#find(who);
    if (!found.ok) return found;
    const { account, name } = found.value;
    const fault = passwordFault(password, name);
    if (fault !== undefined) return err(refusal('weak-password', fault));
    const hashed = await this.#credentials.hash(password, 'known');
    if (!hashed.ok) return hashed;
    const set = await this.#ports.store.setPassword(account, hashed.value, undefined);
    if (!set.ok) return err(refusal('not-found'));
    await this.#announcer.revoked(account, set.value, 'password-changed');
    await this.#audit.note({ actor: 'operator', action: 'user-password', subject: account });
    return this.#summaryOf(account);
  }

  async delete(who: string): Promise<Result<{ readonly account: AccountNumber; readonly name: string }, Refusal>> {
    const { store, clock } = this.#ports;
    const found = await this.#find(who);
    if (!found.ok) return found;
    const { account, name } = found.value;
    const deletion = await store.deleteAccount(account, clock.wallNow());
    if (!deletion) return err(refusal('not-found'));
    await this.#announcer.deleted(account, deletion);
    await this.#audit.note({ actor: 'operator', action: 'user-delete', subject: account });
    return ok({ account, name });
  }

  note(action: 'backup' | 'server-stop'): Promise<void> {
    return this.#audit.note({ actor: 'operator', action });
  }

  audit({ before, limit }: Parameters<UserAdmin['audit']>[0]): Promise<readonly StoredAuditEntry[]> {
    return this.#ports.store.audit(before, Math.min(limit, ENTRIES_MAX));
  }

  async #setLocked(who: string, locked: boolean): Promise<Result<AccountSummary, Refusal>> {
    const found = await this.#find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    const revocation = await this.#ports.store.setLocked(account, locked);
    if (!revocation) return err(refusal('not-found'));
    if (locked) await this.#announcer.revoked(account, revocation, 'account-locked');
    await this.#audit.note({ actor: 'operator', action: locked ? 'user-lock' : 'user-unlock', subject: account });
    return this.#summaryOf(account);
  }

  /** One that is not deleted. */
  async #find(who: string): Promise<Result<Account, Refusal>> {
    const found = await accountByText(this.#ports.store, normalizeAccountText(who));
    return found && found.state !== 'deleted' ? ok(found) : err(refusal('not-found'));
  }

  async #summaryOf(account: AccountNumber): Promise<Result<AccountSummary, Refusal>> {
    const [summary] = await this.#ports.store.accounts(account - 1, 1, '');
    return summary?.account === account ? ok(summary) : err(refusal('not-found'));
  }
}
