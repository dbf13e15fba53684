import { fromHex } from '@magpie/common/bytes/hex.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { devicesToForget, proofLost } from './device-rules.ts';
import type { SqliteMail } from './sqlite-mail.ts';
import type { SqliteRoster } from './sqlite-roster.ts';
import { accountOf, bytesOf, deviceOf, sessionAccountOf, sessionDeviceOf } from './sqlite-rows.ts';
import type { Statements } from './sqlite-statements.ts';
import type {
  Account,
  Device,
  DeviceKeys,
  DeviceListChange,
  Enrollment,
  Fence,
  ProofLost,
  ResumedSession,
  Revocation,
} from './store.ts';
import { type CallsOf, DEVICES_REMEMBERED_MAX, pageOf } from './store-calls.ts';

/** Devices, the signed lists of them, and sessions, in SQL. */
export class SqliteDevices implements CallsOf<'devices'> {
  readonly #sql: Statements;
  readonly #roster: SqliteRoster;
  readonly #mail: SqliteMail;

  constructor(sql: Statements, roster: SqliteRoster, mail: SqliteMail) {
    this.#sql = sql;
    this.#roster = roster;
    this.#mail = mail;
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): Device | undefined {
    const row = this.#sql.deviceByExchangeKey.get(exchangeKey);
    return row && deviceOf(row);
  }

  devicesOf(account: AccountNumber): readonly Device[] {
    return this.#sql.devicesOf.all(account).map(deviceOf);
  }

  enroll(
    account: AccountNumber,
    enrollment: Enrollment,
  ): Result<DeviceListChange, 'device-taken' | 'older-list' | 'key-changed' | ProofLost> {
    const { accountKey, deviceList, deviceListVersion, listed, recovery } = enrollment;
    const stored = this.#sql.accountByNumber.get(account);
    if (!stored || stored.state === 'deleted') return err('key-changed');
    const lost = proofLost(stored.state, stored.password_hash, enrollment.expectedPasswordHash);
    if (lost) return err(lost);
    if (!equalBytes(stored.account_key, enrollment.expectedAccountKey)) return err('key-changed');
    if (deviceListVersion <= stored.device_list_version) return err('older-list');
    if (!this.#mayJoin(account, enrollment)) return err('device-taken');
    this.#join(account, enrollment, enrollment.label);
    const revoked = this.#keepOnly(account, listed);
    if (recovery) this.#sql.setRecovery.run(recovery.recoveryKey, recovery.sealedSeed, account);
    const isNewKey = !equalBytes(accountKey, stored.account_key);
    if (isNewKey) {
      this.#sql.setAccountKey.run(accountKey, account);
      this.#sql.dropChain.run(account);
    }
    this.#putList(account, deviceList, deviceListVersion);
    const touched = isNewKey ? this.#roster.touchViewersOf(account) : this.#roster.touchFriendsOf(account);
    return ok({ ...revoked, touched });
  }

  replaceDeviceList(
    by: Fence,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Result<DeviceListChange, 'older-list' | 'stale-epoch'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    if (deviceListVersion <= this.#sql.accountByNumber.get(by.account)!.device_list_version) return err('older-list');
    const revoked = this.#strikeOut(by.account, listed);
    this.#putList(by.account, deviceList, deviceListVersion);
    return ok({ ...revoked, touched: this.#roster.touchFriendsOf(by.account) });
  }

  deviceChain(account: AccountNumber, since: number, limit: number): readonly Uint8Array[] {
    return this.#sql.chain.all(account, since, pageOf(limit)).map(bytesOf);
  }

  activateDevice(
    account: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
    label: string,
    expectedPasswordHash: string,
  ): Result<DeviceListChange, 'device-taken' | 'older-list' | ProofLost> {
    const stored = this.#sql.accountByNumber.get(account);
    if (!stored || stored.state === 'deleted' || !this.#mayJoin(account, keys)) return err('device-taken');
    const lost = proofLost(stored.state, stored.password_hash, expectedPasswordHash);
    if (lost) return err(lost);
    const isNewer = deviceListVersion > stored.device_list_version;
    if (!isNewer && !equalBytes(deviceList, stored.device_list)) return err('older-list');
    this.#join(account, keys, label);
    const revoked = this.#keepOnly(account, listed);
    if (!isNewer) return ok({ ...revoked, touched: [] });
    this.#putList(account, deviceList, deviceListVersion);
    return ok({ ...revoked, touched: this.#roster.touchFriendsOf(account) });
  }

  claimSession(
    device: DeviceId,
    now: WallMs,
  ): { readonly account: Account; readonly device: Device } | 'locked' | undefined {
    const id = fromHex(device);
    const claimed = this.#sql.claimSession.get({ now, device: id });
    if (!claimed) return this.#sql.isActiveDevice.get(id) === 1 ? 'locked' : undefined;
    return { account: accountOf(this.#sql.accountByNumber.get(claimed.account)!), device: deviceOf(claimed) };
  }

  resumeSession(exchangeKey: Uint8Array, now: WallMs): ResumedSession | 'locked' | undefined {
    const claimed = this.#sql.resumeSession.get({ now, exchangeKey });
    if (!claimed) return this.#sql.deviceByExchangeKey.get(exchangeKey)?.active === 1 ? 'locked' : undefined;
    return {
      account: sessionAccountOf(this.#sql.sessionAccount.get(claimed.account)!),
      device: sessionDeviceOf(claimed),
      friends: this.#roster.friendsOf(claimed.account as AccountNumber),
    };
  }

  deactivateDevice(device: DeviceId, epoch: SessionEpoch): boolean {
    return this.#sql.deactivateDevice.run(fromHex(device), epoch).changes === 1;
  }

  isKnown(keys: DeviceKeys): boolean {
    return this.#device(keys.device) !== undefined || this.deviceByExchangeKey(keys.exchangeKey) !== undefined;
  }

  /** The first device of a new account. */
  addFirst(account: AccountNumber, keys: DeviceKeys, label: string, list: Uint8Array, version: number): void {
    this.#join(account, keys, label);
    this.#sql.appendToChain.run(account, version, list);
  }

  /** Active devices but `keep` log in by key no more. */
  revokeAll(account: AccountNumber, keep?: DeviceId): Revocation {
    return this.#revoke(account, (device) => device !== keep);
  }

  dropAll(account: AccountNumber): Revocation {
    const revoked = this.#strikeOut(account, []);
    this.#sql.dropDevices.run(account);
    this.#sql.dropChain.run(account);
    return revoked;
  }

  /** Whether neither its id nor its key belongs to another device or account. */
  #mayJoin(account: AccountNumber, keys: DeviceKeys): boolean {
    const known = this.#device(keys.device);
    const holder = this.deviceByExchangeKey(keys.exchangeKey);
    return holder?.device === known?.device && (!known || known.account === account);
  }

  #join(account: AccountNumber, keys: DeviceKeys, label: string): void {
    const device = fromHex(keys.device);
    if (this.#sql.reactivateDevice.run(label, device).changes === 1) return;
    this.#sql.insertDevice.run(device, account, keys.exchangeKey, keys.signKey, label);
  }

  /** Of the others the keys log in no more, and too many of them are forgotten. */
  #keepOnly(account: AccountNumber, listed: readonly DeviceId[]): Revocation {
    const revoked = this.#strikeOut(account, listed);
    if (this.#sql.countDevices.get(account)! <= DEVICES_REMEMBERED_MAX) return revoked;
    for (const device of devicesToForget(this.devicesOf(account), listed)) this.#sql.dropDevice.run(fromHex(device));
    return revoked;
  }

  /** Devices off the list log in by key no more, and nobody reads their mail. */
  #strikeOut(account: AccountNumber, listed: readonly DeviceId[]): Revocation {
    const isOff = (device: DeviceId): boolean => !listed.includes(device);
    for (const { device } of this.devicesOf(account)) if (isOff(device)) this.#mail.dropBox(device);
    return this.#revoke(account, isOff);
  }

  #revoke(account: AccountNumber, isMeant: (device: DeviceId) => boolean): Revocation {
    const revoked = this.devicesOf(account).filter(({ device, active }) => active && isMeant(device));
    for (const { device } of revoked) this.#sql.revokeDevice.run(fromHex(device));
    return { revoked: revoked.map(({ device, epoch }) => ({ device, epoch })) };
  }

  #putList(account: AccountNumber, list: Uint8Array, version: number): void {
    this.#sql.setDeviceList.run(list, version, account);
    this.#sql.appendToChain.run(account, version, list);
    this.#sql.trimChain.run({ account, kept: DEVICE_CHAIN_MAX });
  }

  #device(device: DeviceId): Device | undefined {
    const row = this.#sql.deviceById.get(fromHex(device));
    return row && deviceOf(row);
  }
}
