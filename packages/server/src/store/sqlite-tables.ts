import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
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
import type { SqliteDatabase } from './sqlite-open.ts';
import {
  type AccountRow,
  type DeviceRow,
  prepareStatements,
  type RosterColumns,
  type Statements,
} from './sqlite-statements.ts';
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

type PairAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * What each call of the Store does in SQL. Opens no transaction: whoever calls it has done that, and undoes it when a
 * call throws (only for failures of the database).
 */
export class SqliteTables implements StoreTables, RosterView {
  readonly #sql: Statements;

  constructor(db: SqliteDatabase) {
    this.#sql = prepareStatements(db);
  }

  register(fresh: NewAccount): Result<Account, 'name-taken' | 'device-taken'> {
    if (this.accountByName(fresh.name)) return err('name-taken');
    if (this.#device(fresh.device) || this.deviceByExchangeKey(fresh.exchangeKey)) return err('device-taken');
    const { lastInsertRowid } = this.#sql.insertAccount.run(
      fresh.name,
      fresh.displayName,
      fresh.passwordHash,
      fresh.accountKey,
      fresh.deviceList,
      fresh.deviceListVersion,
      fresh.createdAt,
    );
    const account = Number(lastInsertRowid) as AccountNumber;
    this.#insertDevice(account, fresh);
    return ok(this.accountByNumber(account)!);
  }

  accountByName(name: AccountName): Account | undefined {
    return accountOf(this.#sql.accountByName.get(name));
  }

  accountByNumber(account: AccountNumber): Account | undefined {
    return accountOf(this.#sql.accountByNumber.get(account));
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): Device | undefined {
    return deviceOf(this.#sql.deviceByExchangeKey.get(exchangeKey));
  }

  devicesOf(account: AccountNumber): readonly Device[] {
    return this.#sql.devicesOf.all(account).map((row) => deviceOf(row)!);
  }

  activateDevice(
    number: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Result<DeviceListChange, 'device-taken' | 'older-list'> {
    const known = this.#device(keys.device);
    const holder = this.deviceByExchangeKey(keys.exchangeKey);
    const account = this.accountByNumber(number);
    if (!account || holder?.device !== known?.device || (known && known.account !== number)) return err('device-taken');
    const isNewer = deviceListVersion > account.deviceListVersion;
    if (!isNewer && !equalBytes(deviceList, account.deviceList)) return err('older-list');
    if (known) this.#sql.setDeviceActive.run(1, fromHex(keys.device));
    else {
      this.#insertDevice(number, keys);
      this.#forgetOldestDevice(number, keys.device);
    }
    const revoked = this.devicesOf(number).filter(({ device, active }) => active && !listed.includes(device));
    for (const { device } of revoked) this.#sql.setDeviceActive.run(0, fromHex(device));
    const change = { touched: [], revoked: revoked.map(({ device, epoch }) => ({ device, epoch })) };
    if (!isNewer) return ok(change);
    this.#sql.setDeviceList.run(deviceList, deviceListVersion, number);
    return ok({ ...change, touched: this.friendsOf(number).map((friend) => this.#touch(friend, number)) });
  }

  claimSession(device: DeviceId, now: WallMs): { readonly account: Account; readonly device: Device } | undefined {
    const claimed = deviceOf(this.#sql.claimSession.get(now, fromHex(device)));
    return claimed && { account: this.accountByNumber(claimed.account)!, device: claimed };
  }

  deactivateDevice(device: DeviceId, epoch: SessionEpoch): boolean {
    return this.#sql.deactivateDevice.run(fromHex(device), epoch).changes === 1;
  }

  roster(account: AccountNumber, since: number): { readonly version: number; readonly rows: readonly RosterRow[] } {
    return {
      version: this.#sql.rosterVersion.get(account) ?? 0,
      rows: this.#sql.rosterSince.all(account, since).map(rosterRowOf),
    };
  }

  areFriends(a: AccountNumber, b: AccountNumber): boolean {
    return this.edge(a, b)?.state === 'member' && this.edge(b, a)?.state === 'member';
  }

  friendsOf(account: AccountNumber): readonly AccountNumber[] {
    return this.#sql.friendsOf.all(account);
  }

  friendAdd(by: Fence, to: AccountNumber, text: string, now: WallMs): PairAnswer {
    return this.#changePair(by, to, now, () => decideAdd(this, by.account, to, text));
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean, now: WallMs): PairAnswer {
    return this.#changePair(by, from, now, () => decideAnswer(this, by.account, from, accept));
  }

  friendRemove(by: Fence, other: AccountNumber, now: WallMs): PairAnswer {
    return this.#changePair(by, other, now, () => decideRemove(this, by.account, other));
  }

  addNotice(text: string, now: WallMs): Notice {
    return { id: Number(this.#sql.insertNotice.run(now, text).lastInsertRowid), at: now, text };
  }

  hasAccount(account: AccountNumber): boolean {
    return this.#sql.rosterVersion.get(account) !== undefined;
  }

  edge(owner: AccountNumber, other: AccountNumber): RosterEdge | undefined {
    return this.#sql.edge.get(owner, other);
  }

  countOf(owner: AccountNumber, state: RosterState): number {
    return this.#sql.countOf.get(owner, state)!;
  }

  #changePair(
    by: Fence,
    other: AccountNumber,
    now: WallMs,
    decide: () => Result<PairChange | undefined, FriendError>,
  ): PairAnswer {
    if (!this.#isCurrent(by)) return err('stale-epoch');
    const decision = decide();
    if (!decision.ok) return decision;
    const change = decision.value;
    if (!change) return ok({ friends: false, touched: [] });
    return ok({
      friends: change.mine === 'member',
      touched: [
        this.#putEdge(by.account, other, change.mine, change.text, now),
        this.#putEdge(other, by.account, change.theirs, change.text, now),
      ],
    });
  }

  #isCurrent(by: Fence): boolean {
    const device = this.#device(by.device);
    return device?.account === by.account && device.active && device.epoch === by.epoch;
  }

  #putEdge(
    owner: AccountNumber,
    other: AccountNumber,
    state: RosterState,
    text: string,
    now: WallMs,
  ): RosterChange['touched'][number] {
    const version = this.#sql.nextRosterVersion.get(owner)!;
    const isFriend = state === 'member' ? 1 : 0;
    const befriended = this.#sql.putEdge.get(owner, other, state, version, text, now, isFriend)!;
    if (state === 'removed')
      this.#sql.dropOldTombstones.run({ owner, befriended, kept: tombstonesMax(befriended === 1) });
    return { account: owner, version };
  }

  /** Gives the row the next version of its owner's list: what it shows of the other account changed. */
  #touch(owner: AccountNumber, other: AccountNumber): RosterChange['touched'][number] {
    const version = this.#sql.nextRosterVersion.get(owner)!;
    this.#sql.touchEdge.run(version, owner, other);
    return { account: owner, version };
  }

  #device(device: DeviceId): Device | undefined {
    return deviceOf(this.#sql.deviceById.get(fromHex(device)));
  }

  #insertDevice(account: AccountNumber, keys: DeviceKeys): void {
    this.#sql.insertDevice.run(fromHex(keys.device), account, keys.exchangeKey, keys.signKey);
  }

  #forgetOldestDevice(account: AccountNumber, kept: DeviceId): void {
    if (this.#sql.countDevices.get(account)! <= DEVICES_REMEMBERED_MAX) return;
    this.#sql.forgetOldestDevice.run(account, fromHex(kept));
  }
}

function accountOf(row: AccountRow | undefined): Account | undefined {
  return (
    row && {
      account: row.account as AccountNumber,
      name: row.name as AccountName,
      displayName: row.display_name,
      passwordHash: row.password_hash,
      accountKey: bytesOf(row.account_key),
      deviceList: bytesOf(row.device_list),
      deviceListVersion: row.device_list_version,
      rosterVersion: row.roster_version,
    }
  );
}

function deviceOf(row: DeviceRow | undefined): Device | undefined {
  return (
    row && {
      device: toHex(row.device) as DeviceId,
      account: row.account as AccountNumber,
      exchangeKey: bytesOf(row.exchange_key),
      signKey: bytesOf(row.sign_key),
      active: row.active === 1,
      epoch: row.epoch as SessionEpoch,
      loginCount: row.login_count,
    }
  );
}

function rosterRowOf(row: RosterColumns): RosterRow {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    state: row.state,
    version: row.version,
    accountKey: bytesOf(row.account_key),
    deviceList: row.device_list.length === 0 ? NOTHING : bytesOf(row.device_list),
    text: row.text,
  };
}

/** A plain array of its own: a Buffer may be a window on a larger block, which would cross threads whole. */
function bytesOf(blob: Uint8Array): Uint8Array {
  return new Uint8Array(blob);
}
