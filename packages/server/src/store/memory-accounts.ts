import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { conditionLost } from './device-rules.ts';
import type { MemoryDevices } from './memory-devices.ts';
import type { MemoryLedger } from './memory-ledger.ts';
import type { MemoryRoster } from './memory-roster.ts';
import type { MemoryRows } from './memory-rows.ts';
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

const NOTHING: Uint8Array = new Uint8Array(0);

/** Accounts and what they say about themselves, in the memory store. */
export class MemoryAccounts implements CallsOf<'accounts'> {
  readonly #rows: MemoryRows;
  readonly #devices: MemoryDevices;
  readonly #roster: MemoryRoster;
  readonly #ledger: MemoryLedger;

  constructor(rows: MemoryRows, devices: MemoryDevices, roster: MemoryRoster, ledger: MemoryLedger) {
    this.#rows = rows;
    this.#devices = devices;
    this.#roster = roster;
    this.#ledger = ledger;
  }

  register(fresh: NewAccount): Result<Account, 'name-taken' | 'device-taken' | 'bad-invite'> {
    const { inviteHash } = fresh;
    if (inviteHash && !this.#ledger.inviteIsGood(inviteHash, fresh.createdAt)) return err('bad-invite');
    if (this.#rows.accountNamed(fresh.name)) return err('name-taken');
    if (this.#rows.device(fresh.device) || this.#rows.deviceWithKey(fresh.exchangeKey)) return err('device-taken');
    if (inviteHash) this.#ledger.useInvite(inviteHash);
    const account: Account = {
      ...this.#blank(fresh),
      accountKey: copyOf(fresh.accountKey),
      deviceList: copyOf(fresh.deviceList),
      deviceListVersion: fresh.deviceListVersion,
      recoveryKey: copyOf(fresh.recoveryKey),
      sealedSeed: copyOf(fresh.sealedSeed),
    };
    this.#rows.putAccount(account);
    this.#devices.addFirst(account, fresh, fresh.label);
    return ok(account);
  }

  addAccount(fresh: NewKeylessAccount): Result<Account, 'name-taken'> {
    if (this.#rows.accountNamed(fresh.name)) return err('name-taken');
    const account = this.#blank(fresh);
    this.#rows.putAccount(account);
    return ok(account);
  }

  accountByName(name: AccountName): Account | undefined {
    return this.#rows.accountNamed(name);
  }

  accountByNumber(account: AccountNumber): Account | undefined {
    return this.#rows.account(account);
  }

  accounts(after: number, limit: number, text: string): readonly AccountSummary[] {
    const wanted = text.toLowerCase();
    return this.#rows.accounts
      .filter(({ account }) => account > after)
      .filter(({ name, displayName }) => name.includes(wanted) || displayName.toLowerCase().includes(wanted))
      .slice(0, pageOf(limit))
      .map((account) => this.#summaryOf(account));
  }

  setPassword(
    account: AccountNumber,
    passwordHash: string,
    condition: PasswordCondition | undefined,
  ): Result<Revocation, ProofLost | 'stale-epoch'> {
    const found = this.#rows.account(account);
    if (!found || found.state === 'deleted') return err('password-changed');
    if (condition?.by && !this.#rows.isCurrent(condition.by)) return err('stale-epoch');
    const lost = condition && conditionLost(found, condition);
    if (lost) return err(lost);
    this.#rows.putAccount({ ...found, passwordHash });
    return ok(this.#devices.revokeAll(account, condition?.by?.device));
  }

  rehashPassword(account: AccountNumber, oldHash: string, newHash: string): boolean {
    const found = this.#rows.account(account);
    if (found?.passwordHash !== oldHash || found.state === 'deleted') return false;
    this.#rows.putAccount({ ...found, passwordHash: newHash });
    return true;
  }

  setRecovery(by: Fence, { recoveryKey, sealedSeed }: Recovery): Result<void, 'stale-epoch'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const account = this.#rows.account(by.account)!;
    this.#rows.putAccount({ ...account, recoveryKey: copyOf(recoveryKey), sealedSeed: copyOf(sealedSeed) });
    return ok(undefined);
  }

  setProfile(
    by: Fence,
    { displayName, signatureLine }: StoreArguments<'setProfile'>[1],
  ): Result<RosterChange, 'stale-epoch'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    this.#rows.putAccount({ ...this.#rows.account(by.account)!, displayName, signatureLine });
    return ok({ touched: this.#roster.touchViewersOf(by.account) });
  }

  setPolicy(by: Fence, { ask, question, showLastSeen }: StoreArguments<'setPolicy'>[1]): Result<void, 'stale-epoch'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    this.#rows.putAccount({ ...this.#rows.account(by.account)!, ask, question, showLastSeen });
    return ok(undefined);
  }

  setLocked(number: AccountNumber, locked: boolean): Revocation | undefined {
    const account = this.#rows.account(number);
    if (!account || account.state === 'deleted') return undefined;
    this.#rows.putAccount({ ...account, state: locked ? 'locked' : 'active' });
    const ended = locked ? this.#rows.devicesOf(number).filter(({ active }) => active) : [];
    return { revoked: ended.map(({ device, epoch }) => ({ device, epoch })) };
  }

  deleteAccount(number: AccountNumber, _now: WallMs, by?: Fence): AccountDeletion | undefined {
    const account = this.#rows.account(number);
    if (by && (!this.#rows.isCurrent(by) || account?.state === 'locked')) return undefined;
    if (!account || account.state === 'deleted') return undefined;
    const friends = this.#roster.friendsOf(number);
    const touched = this.#roster.leaveAll(number);
    const revoked = this.#devices.dropAll(number);
    this.#rows.dropLastSeen(number);
    this.#rows.putAccount({
      ...this.#blank({ ...account, displayName: account.name, passwordHash: '' }),
      account: number,
      state: 'deleted',
      rosterVersion: account.rosterVersion,
    });
    return { friends, touched, ...revoked };
  }

  noteLastSeen(entries: readonly LastSeen[]): void {
    for (const { account, at } of entries) {
      const isKnown = this.#roster.askPolicyOf(account) !== undefined;
      if (isKnown && at > (this.#rows.lastSeen(account) ?? 0)) this.#rows.putLastSeen(account, at);
    }
  }

  lastSeen(by: AccountNumber, accounts: readonly AccountNumber[]): readonly LastSeen[] {
    return accounts.flatMap((account) => {
      const at = this.#rows.lastSeen(account);
      const tells = this.#rows.account(account)?.showLastSeen && this.#roster.areFriends(by, account);
      return at !== undefined && tells ? [{ account, at }] : [];
    });
  }

  counts(): StoreCounts {
    const { accounts } = this.#rows;
    const locked = accounts.filter(({ state }) => state === 'locked').length;
    const deleted = accounts.filter(({ state }) => state === 'deleted').length;
    const sum = (of: (account: AccountNumber) => number): number =>
      accounts.reduce((total, { account }) => total + of(account), 0);
    const { mails } = this.#rows.mail;
    return {
      accounts: accounts.length - deleted,
      locked,
      deleted,
      devices: sum((account) => this.#activeDevices(account)),
      friendships: sum((account) => this.#roster.countOf(account, 'member')) / 2,
      notices: this.#rows.notices.length,
      invites: this.#rows.invites.length,
      mails: mails.length,
      mailBytes: mails.reduce((total, { envelope }) => total + envelope.length, 0),
    };
  }

  #blank({ name, displayName, passwordHash, createdAt }: NewKeylessAccount): Account {
    return {
      account: this.#rows.nextAccountNumber,
      name,
      displayName,
      passwordHash,
      accountKey: NO_ACCOUNT_KEY,
      deviceList: NOTHING,
      deviceListVersion: 0,
      rosterVersion: 0,
      state: 'active',
      signatureLine: '',
      ask: 'anyone',
      question: '',
      showLastSeen: true,
      recoveryKey: new Uint8Array(32),
      sealedSeed: NOTHING,
      noticeAckedId: this.#ledger.latestNoticeId(),
      createdAt,
    };
  }

  #summaryOf({ account, name, displayName, state, createdAt }: Account): AccountSummary {
    const logins = this.#rows.devicesOf(account).map(({ lastLoginAt }) => lastLoginAt);
    const lastLoginAt = Math.max(0, ...logins) as WallMs;
    return { account, name, displayName, state, createdAt, lastLoginAt, devices: this.#activeDevices(account) };
  }

  #activeDevices(account: AccountNumber): number {
    return this.#rows.devicesOf(account).filter(({ active }) => active).length;
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
