import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { conditionLost } from './device-rules.ts';
import type { SqliteDevices } from './sqlite-devices.ts';
import type { SqliteLedger } from './sqlite-ledger.ts';
import type { SqliteRoster } from './sqlite-roster.ts';
import { accountOf, summaryOf } from './sqlite-rows.ts';
import type { Statements } from './sqlite-statements.ts';
import {
  type Account,
  type AccountDeletion,
  type AccountSummary,
  type Fence,
  type NewAccount,
  type NewKeylessAccount,
  NO_ACCOUNT_KEY,
  type PasswordCondition,
  type ProofLost,
  type Recovery,
  type Revocation,
  type RosterChange,
  type StoreCounts,
} from './store.ts';
import { type CallsOf, pageOf, type StoreArguments } from './store-calls.ts';

type LastSeen = { readonly account: AccountNumber; readonly at: WallMs };

const KEYLESS = {
  accountKey: NO_ACCOUNT_KEY,
  deviceList: new Uint8Array(0),
  deviceListVersion: 0,
  recoveryKey: new Uint8Array(32),
  sealedSeed: new Uint8Array(0),
} as const;

/** Accounts and what they say about themselves, in SQL. */
export class SqliteAccounts implements CallsOf<'accounts'> {
  readonly #sql: Statements;
  readonly #devices: SqliteDevices;
  readonly #roster: SqliteRoster;
  readonly #ledger: SqliteLedger;

  constructor(sql: Statements, devices: SqliteDevices, roster: SqliteRoster, ledger: SqliteLedger) {
    this.#sql = sql;
    this.#devices = devices;
    this.#roster = roster;
    this.#ledger = ledger;
  }

  register(fresh: NewAccount): Result<Account, 'name-taken' | 'device-taken' | 'bad-invite'> {
    const { inviteHash, label, device, exchangeKey, signKey, ...row } = fresh;
    if (inviteHash && !this.#ledger.inviteIsGood(inviteHash, fresh.createdAt)) return err('bad-invite');
    if (this.#sql.accountByName.get(fresh.name)) return err('name-taken');
    if (this.#devices.isKnown(fresh)) return err('device-taken');
    if (inviteHash) this.#ledger.useInvite(inviteHash);
    const account = this.#sql.insertAccount.get(row)!;
    this.#devices.addFirst(account, { device, exchangeKey, signKey }, label, row.deviceList, row.deviceListVersion);
    return ok(this.accountByNumber(account)!);
  }

  addAccount(fresh: NewKeylessAccount): Result<Account, 'name-taken'> {
    if (this.#sql.accountByName.get(fresh.name)) return err('name-taken');
    return ok(this.accountByNumber(this.#sql.insertAccount.get({ ...KEYLESS, ...fresh })!)!);
  }

  accountByName(name: AccountName): Account | undefined {
    const row = this.#sql.accountByName.get(name);
    return row && accountOf(row);
  }

  accountByNumber(account: AccountNumber): Account | undefined {
    const row = this.#sql.accountByNumber.get(account);
    return row && accountOf(row);
  }

  accounts(after: number, limit: number, text: string): readonly AccountSummary[] {
    return this.#sql.accounts.all({ after, limit: pageOf(limit), text }).map(summaryOf);
  }

  setPassword(
    account: AccountNumber,
    passwordHash: string,
    condition: PasswordCondition | undefined,
  ): Result<Revocation, ProofLost | 'stale-epoch'> {
    const stored = this.accountByNumber(account);
    if (!stored || stored.state === 'deleted') return err('password-changed');
    if (condition?.by && !this.#roster.isCurrent(condition.by)) return err('stale-epoch');
    const lost = condition && conditionLost(stored, condition);
    if (lost) return err(lost);
    this.#sql.setPassword.run(passwordHash, account);
    return ok(this.#devices.revokeAll(account, condition?.by?.device));
  }

  rehashPassword(account: AccountNumber, oldHash: string, newHash: string): boolean {
    return this.#sql.rehashPassword.run(newHash, account, oldHash).changes === 1;
  }

  setRecovery(by: Fence, { recoveryKey, sealedSeed }: Recovery): Result<void, 'stale-epoch'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    this.#sql.setRecovery.run(recoveryKey, sealedSeed, by.account);
    return ok(undefined);
  }

  setProfile(
    by: Fence,
    { displayName, signatureLine }: StoreArguments<'setProfile'>[1],
  ): Result<RosterChange, 'stale-epoch'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    this.#sql.setProfile.run(displayName, signatureLine, by.account);
    return ok({ touched: this.#roster.touchViewersOf(by.account) });
  }

  setPolicy(by: Fence, { ask, question, showLastSeen }: StoreArguments<'setPolicy'>[1]): Result<void, 'stale-epoch'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    this.#sql.setPolicy.run(ask, question, showLastSeen ? 1 : 0, by.account);
    return ok(undefined);
  }

  setLocked(account: AccountNumber, locked: boolean): Revocation | undefined {
    if (this.#sql.setState.run(locked ? 'locked' : 'active', account).changes === 0) return undefined;
    const ended = locked ? this.#devices.devicesOf(account).filter(({ active }) => active) : [];
    return { revoked: ended.map(({ device, epoch }) => ({ device, epoch })) };
  }

  deleteAccount(account: AccountNumber, now: WallMs, by?: Fence): AccountDeletion | undefined {
    if (by && (!this.#roster.isCurrent(by) || this.accountByNumber(account)?.state === 'locked')) return undefined;
    if (this.#sql.eraseAccount.run(account).changes === 0) return undefined;
    const friends = this.#roster.friendsOf(account);
    const touched = this.#roster.leaveAll(account, now);
    return { friends, touched, ...this.#devices.dropAll(account) };
  }

  noteLastSeen(entries: readonly LastSeen[]): void {
    for (const { account, at } of entries) this.#sql.noteLastSeen.run({ account, at });
  }

  lastSeen(by: AccountNumber, accounts: readonly AccountNumber[]): readonly LastSeen[] {
    return accounts.flatMap((account) => {
      const at = this.#sql.lastSeen.get(account) as WallMs | undefined;
      return at !== undefined && this.#roster.areFriends(by, account) ? [{ account, at }] : [];
    });
  }

  counts(): StoreCounts {
    return this.#sql.counts.get()!;
  }
}
