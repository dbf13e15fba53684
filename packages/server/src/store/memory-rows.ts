import { toHex } from '@magpie/common/bytes/hex.ts';
import { ACCOUNT_NUMBER_MIN, type AccountName, type AccountNumber, type DeviceId } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { MemoryMailRows } from './memory-mail-rows.ts';
import type { RosterEdge } from './roster-rules.ts';
import type { Account, Device, Fence, Invite, Notice, StoredAuditEntry } from './store.ts';
import { AUDIT_ENTRIES_MAX, type AuditKind, auditKindOf } from './store-calls.ts';

/** One side's row of a pair. */
export interface Edge extends RosterEdge {
  readonly version: number;
  /** Whether the two were friends at some time. */
  readonly befriended: boolean;
}

/** One link of an account's chain of device lists (R6). */
export interface ChainLink {
  readonly version: number;
  readonly list: Uint8Array;
}

/** Rows are never changed in place: a change puts a new one, and can be played again on a second copy. */
export type Change = (rows: MemoryRows) => void;

/** What the memory store holds. Every change also goes into a journal until it is taken. */
export class MemoryRows {
  readonly #accounts = new Map<AccountNumber, Account>();
  readonly #numbers = new Map<AccountName, AccountNumber>();
  readonly #lastSeen = new Map<AccountNumber, WallMs>();
  readonly #devices = new Map<AccountNumber, Map<DeviceId, Device>>();
  readonly #deviceOwners = new Map<DeviceId, AccountNumber>();
  readonly #deviceIds = new Map<string, DeviceId>();
  readonly #chains = new Map<AccountNumber, readonly ChainLink[]>();
  readonly #edges = new Map<AccountNumber, Map<AccountNumber, Edge>>();
  readonly #invites = new Map<string, Invite>();
  readonly #notices: Notice[] = [];
  readonly #audit: StoredAuditEntry[] = [];
  readonly #auditCounts = new Map<AuditKind, number>();
  readonly mail = new MemoryMailRows((change) => this.#journal.push((rows) => change(rows.mail)));
  #journal: Change[] = [];

  takeJournal(): readonly Change[] {
    const journal = this.#journal;
    this.#journal = [];
    return journal;
  }

  copy(): MemoryRows {
    const copy = new MemoryRows();
    for (const account of this.#accounts.values()) copy.#setAccount(account);
    for (const [account, at] of this.#lastSeen) copy.#lastSeen.set(account, at);
    for (const devices of this.#devices.values()) for (const device of devices.values()) copy.#setDevice(device);
    for (const [account, chain] of this.#chains) copy.#chains.set(account, chain);
    for (const [owner, edges] of this.#edges) copy.#edges.set(owner, new Map(edges));
    for (const [hash, invite] of this.#invites) copy.#invites.set(hash, invite);
    copy.#notices.push(...this.#notices);
    for (const entry of this.#audit) copy.#audit.push(entry);
    for (const [kind, count] of this.#auditCounts) copy.#auditCounts.set(kind, count);
    this.mail.copyTo(copy.mail);
    return copy;
  }

  get nextAccountNumber(): AccountNumber {
    return (ACCOUNT_NUMBER_MIN + this.#accounts.size) as AccountNumber;
  }

  /** By number, ascending. */
  get accounts(): readonly Account[] {
    return [...this.#accounts.values()];
  }

  account(account: AccountNumber): Account | undefined {
    return this.#accounts.get(account);
  }

  accountNamed(name: AccountName): Account | undefined {
    const number = this.#numbers.get(name);
    return number === undefined ? undefined : this.#accounts.get(number);
  }

  putAccount(account: Account): void {
    this.#change((rows) => rows.#setAccount(account));
  }

  lastSeen(account: AccountNumber): WallMs | undefined {
    return this.#lastSeen.get(account);
  }

  putLastSeen(account: AccountNumber, at: WallMs): void {
    this.#change((rows) => rows.#lastSeen.set(account, at));
  }

  dropLastSeen(account: AccountNumber): void {
    this.#change((rows) => rows.#lastSeen.delete(account));
  }

  device(id: DeviceId): Device | undefined {
    const owner = this.#deviceOwners.get(id);
    return owner === undefined ? undefined : this.#devices.get(owner)?.get(id);
  }

  deviceWithKey(exchangeKey: Uint8Array): Device | undefined {
    const id = this.#deviceIds.get(toHex(exchangeKey));
    return id === undefined ? undefined : this.device(id);
  }

  devicesOf(account: AccountNumber): readonly Device[] {
    return [...(this.#devices.get(account)?.values() ?? [])].sort((a, b) => (a.device < b.device ? -1 : 1));
  }

  putDevice(device: Device): void {
    this.#change((rows) => rows.#setDevice(device));
  }

  dropDevice({ device, account, exchangeKey }: Device): void {
    this.#change((rows) => {
      rows.#devices.get(account)?.delete(device);
      rows.#deviceOwners.delete(device);
      rows.#deviceIds.delete(toHex(exchangeKey));
    });
  }

  /** Whether the session of `by` is still its device's newest. */
  isCurrent(by: Fence): boolean {
    const device = this.device(by.device);
    return device?.account === by.account && device.active && device.epoch === by.epoch;
  }

  /** Ascending by version. */
  chainOf(account: AccountNumber): readonly ChainLink[] {
    return this.#chains.get(account) ?? [];
  }

  /** The oldest links of a chain that is too long go. */
  appendToChain(account: AccountNumber, link: ChainLink): void {
    this.#change((rows) => rows.#chains.set(account, [...rows.chainOf(account), link].slice(-DEVICE_CHAIN_MAX)));
  }

  dropChain(account: AccountNumber): void {
    this.#change((rows) => rows.#chains.delete(account));
  }

  edge(owner: AccountNumber, other: AccountNumber): Edge | undefined {
    return this.#edges.get(owner)?.get(other);
  }

  edgesOf(owner: AccountNumber): ReadonlyMap<AccountNumber, Edge> {
    return this.#edges.get(owner) ?? new Map();
  }

  putEdge(owner: AccountNumber, other: AccountNumber, edge: Edge): void {
    this.#change((rows) => {
      const edges = rows.#edges.get(owner) ?? new Map<AccountNumber, Edge>();
      rows.#edges.set(owner, edges.set(other, edge));
    });
  }

  dropEdge(owner: AccountNumber, other: AccountNumber): void {
    this.#change((rows) => rows.#edges.get(owner)?.delete(other));
  }

  dropEdgesOf(owner: AccountNumber): void {
    this.#change((rows) => rows.#edges.delete(owner));
  }

  get invites(): readonly Invite[] {
    return [...this.#invites.values()];
  }

  invite(hash: Uint8Array): Invite | undefined {
    return this.#invites.get(toHex(hash));
  }

  putInvite(invite: Invite): void {
    this.#change((rows) => rows.#invites.set(toHex(invite.hash), invite));
  }

  dropInvite(invite: Invite): void {
    this.#change((rows) => rows.#invites.delete(toHex(invite.hash)));
  }

  /** Ascending by id. */
  get notices(): readonly Notice[] {
    return this.#notices;
  }

  putNotice(notice: Notice): void {
    this.#change((rows) => rows.#notices.push(notice));
  }

  /** Ascending by id. */
  get audit(): readonly StoredAuditEntry[] {
    return this.#audit;
  }

  putAudit(entry: StoredAuditEntry): void {
    this.#change((rows) => {
      const kind = auditKindOf(entry);
      const count = (rows.#auditCounts.get(kind) ?? 0) + 1;
      rows.#audit.push(entry);
      rows.#auditCounts.set(kind, Math.min(count, AUDIT_ENTRIES_MAX));
      if (count <= AUDIT_ENTRIES_MAX) return;
      const oldest = rows.#audit.findIndex((other) => auditKindOf(other) === kind);
      rows.#audit.splice(oldest, 1);
    });
  }

  #change(change: Change): void {
    change(this);
    this.#journal.push(change);
  }

  #setAccount(account: Account): void {
    this.#accounts.set(account.account, account);
    this.#numbers.set(account.name, account.account);
  }

  #setDevice(device: Device): void {
    const devices = this.#devices.get(device.account) ?? new Map<DeviceId, Device>();
    this.#devices.set(device.account, devices.set(device.device, device));
    this.#deviceOwners.set(device.device, device.account);
    this.#deviceIds.set(toHex(device.exchangeKey), device.device);
  }
}
