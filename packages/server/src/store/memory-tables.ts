import { toHex } from '@magpie/common/bytes/hex.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterState } from '@magpie/common/frames/frame-table.ts';
import {
  ACCOUNT_NUMBER_MIN,
  type AccountName,
  type AccountNumber,
  type DeviceId,
  type SessionEpoch,
} from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import {
  decideAdd,
  decideAnswer,
  decideRemove,
  type PairChange,
  type RosterEdge,
  type RosterView,
} from './roster-rules.ts';
import type {
  Account,
  Device,
  DeviceKeys,
  DeviceListChange,
  Fence,
  FriendError,
  FriendshipChange,
  NewAccount,
  Notice,
  RosterChange,
  RosterRow,
} from './store.ts';
import { DEVICES_REMEMBERED_MAX, type StoreTables, tombstonesMax } from './store-calls.ts';

interface Edge extends RosterEdge {
  readonly version: number;
  /** Whether the two were friends at some time. */
  readonly befriended: boolean;
}

type PairAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;

/** Rows are never changed in place: a change puts a new one, and can be played again on a second copy. */
export type Change = (tables: MemoryTables) => void;

const NOTHING: Uint8Array = new Uint8Array(0);

/** The tables of the memory store. Every change also goes into a journal until it is taken. */
export class MemoryTables implements StoreTables, RosterView {
  readonly #accounts = new Map<AccountNumber, Account>();
  readonly #numbers = new Map<AccountName, AccountNumber>();
  readonly #devices = new Map<DeviceId, Device>();
  readonly #deviceIds = new Map<string, DeviceId>();
  readonly #edges = new Map<AccountNumber, Map<AccountNumber, Edge>>();
  readonly #notices: Notice[] = [];
  #journal: Change[] = [];

  takeJournal(): readonly Change[] {
    const journal = this.#journal;
    this.#journal = [];
    return journal;
  }

  copy(): MemoryTables {
    const copy = new MemoryTables();
    for (const account of this.#accounts.values()) copy.#putAccount(account);
    for (const device of this.#devices.values()) copy.#putDevice(device);
    for (const [owner, edges] of this.#edges) copy.#edges.set(owner, new Map(edges));
    copy.#notices.push(...this.#notices);
    return copy;
  }

  register(fresh: NewAccount): Result<Account, 'name-taken' | 'device-taken'> {
    if (this.#numbers.has(fresh.name)) return err('name-taken');
    if (this.#devices.has(fresh.device) || this.#deviceIds.has(toHex(fresh.exchangeKey))) return err('device-taken');
    const account: Account = {
      account: (ACCOUNT_NUMBER_MIN + this.#accounts.size) as AccountNumber,
      name: fresh.name,
      displayName: fresh.displayName,
      passwordHash: fresh.passwordHash,
      accountKey: copyOf(fresh.accountKey),
      deviceList: copyOf(fresh.deviceList),
      deviceListVersion: fresh.deviceListVersion,
      rosterVersion: 0,
    };
    this.#change((tables) => tables.#putAccount(account));
    this.#addDevice(account.account, fresh);
    return ok(account);
  }

  accountByName(name: AccountName): Account | undefined {
    const number = this.#numbers.get(name);
    return number === undefined ? undefined : this.#accounts.get(number);
  }

  accountByNumber(account: AccountNumber): Account | undefined {
    return this.#accounts.get(account);
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): Device | undefined {
    const id = this.#deviceIds.get(toHex(exchangeKey));
    return id === undefined ? undefined : this.#devices.get(id);
  }

  devicesOf(account: AccountNumber): readonly Device[] {
    return [...this.#devices.values()].filter((device) => device.account === account);
  }

  activateDevice(
    number: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Result<DeviceListChange, 'device-taken' | 'older-list'> {
    const known = this.#devices.get(keys.device);
    const holder = this.deviceByExchangeKey(keys.exchangeKey);
    const account = this.#accounts.get(number);
    if (!account || holder?.device !== known?.device || (known && known.account !== number)) return err('device-taken');
    const isNewer = deviceListVersion > account.deviceListVersion;
    if (!isNewer && !equalBytes(deviceList, account.deviceList)) return err('older-list');
    if (known) this.#replaceDevice({ ...known, active: true });
    else {
      this.#addDevice(number, keys);
      this.#forgetOldestDevice(number, keys.device);
    }
    const revoked = this.devicesOf(number).filter(({ device, active }) => active && !listed.includes(device));
    for (const device of revoked) this.#replaceDevice({ ...device, active: false });
    const change = { touched: [], revoked: revoked.map(({ device, epoch }) => ({ device, epoch })) };
    if (!isNewer) return ok(change);
    const list = copyOf(deviceList);
    this.#change((tables) => tables.#putAccount({ ...account, deviceList: list, deviceListVersion }));
    return ok({ ...change, touched: this.friendsOf(number).map((friend) => this.#touch(friend, number)) });
  }

  claimSession(id: DeviceId, now: WallMs): { readonly account: Account; readonly device: Device } | undefined {
    const device = this.#devices.get(id);
    if (!device?.active) return undefined;
    const claimed: Device = {
      ...device,
      epoch: Math.max(device.epoch + 1, now) as SessionEpoch,
      loginCount: device.loginCount + 1,
    };
    this.#replaceDevice(claimed);
    return { account: this.#accounts.get(device.account)!, device: claimed };
  }

  deactivateDevice(id: DeviceId, epoch: SessionEpoch): boolean {
    const device = this.#devices.get(id);
    if (!device?.active || device.epoch !== epoch) return false;
    this.#replaceDevice({ ...device, active: false });
    return true;
  }

  roster(account: AccountNumber, since: number): { readonly version: number; readonly rows: readonly RosterRow[] } {
    const rows = [...(this.#edges.get(account) ?? [])]
      .filter(([, edge]) => edge.version > since)
      .sort(([, a], [, b]) => a.version - b.version)
      .map(([other, { state, version, text }]): RosterRow => {
        const { name, displayName, accountKey, deviceList } = this.#accounts.get(other)!;
        const shown = state === 'member' ? deviceList : NOTHING;
        return { account: other, name, displayName, accountKey, deviceList: shown, state, version, text };
      });
    return { version: this.#accounts.get(account)?.rosterVersion ?? 0, rows };
  }

  areFriends(a: AccountNumber, b: AccountNumber): boolean {
    return this.edge(a, b)?.state === 'member' && this.edge(b, a)?.state === 'member';
  }

  friendsOf(account: AccountNumber): readonly AccountNumber[] {
    return [...(this.#edges.get(account) ?? [])]
      .filter(([, edge]) => edge.state === 'member')
      .map(([other]) => other)
      .sort((a, b) => a - b);
  }

  friendAdd(by: Fence, to: AccountNumber, text: string): PairAnswer {
    return this.#changePair(by, to, () => decideAdd(this, by.account, to, text));
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean): PairAnswer {
    return this.#changePair(by, from, () => decideAnswer(this, by.account, from, accept));
  }

  friendRemove(by: Fence, other: AccountNumber): PairAnswer {
    return this.#changePair(by, other, () => decideRemove(this, by.account, other));
  }

  addNotice(text: string, now: WallMs): Notice {
    const notice: Notice = { id: this.#notices.length + 1, at: now, text };
    this.#change((tables) => tables.#notices.push(notice));
    return notice;
  }

  hasAccount(account: AccountNumber): boolean {
    return this.#accounts.has(account);
  }

  edge(owner: AccountNumber, other: AccountNumber): Edge | undefined {
    return this.#edges.get(owner)?.get(other);
  }

  countOf(owner: AccountNumber, state: RosterState): number {
    let count = 0;
    for (const edge of this.#edges.get(owner)?.values() ?? []) if (edge.state === state) count++;
    return count;
  }

  #changePair(by: Fence, other: AccountNumber, decide: () => Result<PairChange | undefined, FriendError>): PairAnswer {
    if (!this.#isCurrent(by)) return err('stale-epoch');
    const decision = decide();
    if (!decision.ok) return decision;
    const change = decision.value;
    if (!change) return ok({ friends: false, touched: [] });
    return ok({
      friends: change.mine === 'member',
      touched: [
        this.#touch(by.account, other, { state: change.mine, text: change.text }),
        this.#touch(other, by.account, { state: change.theirs, text: change.text }),
      ],
    });
  }

  #isCurrent(by: Fence): boolean {
    const device = this.#devices.get(by.device);
    return device?.account === by.account && device.active && device.epoch === by.epoch;
  }

  /** Gives the row the next version of its owner's list. */
  #touch(
    owner: AccountNumber,
    other: AccountNumber,
    edge: RosterEdge = this.edge(owner, other)!,
  ): RosterChange['touched'][number] {
    const account = this.#accounts.get(owner)!;
    const version = account.rosterVersion + 1;
    const befriended = edge.state === 'member' || this.edge(owner, other)?.befriended === true;
    this.#change((tables) => {
      tables.#putAccount({ ...account, rosterVersion: version });
      tables.#putEdge(owner, other, { state: edge.state, text: edge.text, version, befriended });
    });
    if (edge.state === 'removed') this.#dropOldestTombstone(owner, befriended);
    return { account: owner, version };
  }

  #dropOldestTombstone(owner: AccountNumber, befriended: boolean): void {
    const tombstones = [...this.#edges.get(owner)!].filter(
      ([, edge]) => edge.state === 'removed' && edge.befriended === befriended,
    );
    if (tombstones.length <= tombstonesMax(befriended)) return;
    const [oldest] = tombstones.reduce((a, b) => (b[1].version < a[1].version ? b : a));
    this.#change((tables) => tables.#edges.get(owner)?.delete(oldest));
  }

  #addDevice(account: AccountNumber, keys: DeviceKeys): void {
    const device: Device = {
      device: keys.device,
      account,
      exchangeKey: copyOf(keys.exchangeKey),
      signKey: copyOf(keys.signKey),
      active: true,
      epoch: 0 as SessionEpoch,
      loginCount: 0,
    };
    this.#replaceDevice(device);
  }

  #replaceDevice(device: Device): void {
    this.#change((tables) => tables.#putDevice(device));
  }

  #forgetOldestDevice(account: AccountNumber, kept: DeviceId): void {
    const devices = this.devicesOf(account);
    if (devices.length <= DEVICES_REMEMBERED_MAX) return;
    const oldest = devices
      .filter(({ device }) => device !== kept)
      .reduce((a, b) => (b.epoch < a.epoch || (b.epoch === a.epoch && b.device < a.device) ? b : a));
    this.#change((tables) => {
      tables.#devices.delete(oldest.device);
      tables.#deviceIds.delete(toHex(oldest.exchangeKey));
    });
  }

  #change(change: Change): void {
    change(this);
    this.#journal.push(change);
  }

  #putAccount(account: Account): void {
    this.#accounts.set(account.account, account);
    this.#numbers.set(account.name, account.account);
  }

  #putDevice(device: Device): void {
    this.#devices.set(device.device, device);
    this.#deviceIds.set(toHex(device.exchangeKey), device.device);
  }

  #putEdge(owner: AccountNumber, other: AccountNumber, edge: Edge): void {
    let edges = this.#edges.get(owner);
    if (!edges) {
      edges = new Map();
      this.#edges.set(owner, edges);
    }
    edges.set(other, edge);
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
