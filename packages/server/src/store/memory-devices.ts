import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { devicesToForget, proofLost } from './device-rules.ts';
import type { MemoryRoster } from './memory-roster.ts';
import type { MemoryRows } from './memory-rows.ts';
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
import { type CallsOf, pageOf } from './store-calls.ts';

/** Devices, the signed lists of them, and sessions, in the memory store. */
export class MemoryDevices implements CallsOf<'devices'> {
  readonly #rows: MemoryRows;
  readonly #roster: MemoryRoster;

  constructor(rows: MemoryRows, roster: MemoryRoster) {
    this.#rows = rows;
    this.#roster = roster;
  }

  deviceByExchangeKey(exchangeKey: Uint8Array): Device | undefined {
    return this.#rows.deviceWithKey(exchangeKey);
  }

  devicesOf(account: AccountNumber): readonly Device[] {
    return this.#rows.devicesOf(account);
  }

  enroll(
    number: AccountNumber,
    enrollment: Enrollment,
  ): Result<DeviceListChange, 'device-taken' | 'older-list' | 'key-changed' | ProofLost> {
    const account = this.#rows.account(number);
    if (!account || account.state === 'deleted') return err('key-changed');
    const lost = proofLost(account.state, account.passwordHash, enrollment.expectedPasswordHash);
    if (lost) return err(lost);
    if (!equalBytes(account.accountKey, enrollment.expectedAccountKey)) return err('key-changed');
    if (enrollment.deviceListVersion <= account.deviceListVersion) return err('older-list');
    if (!this.#mayJoin(number, enrollment)) return err('device-taken');
    this.#join(number, enrollment, enrollment.label);
    const revoked = this.#keepOnly(number, enrollment.listed);
    const { recovery = account } = enrollment;
    const isNewKey = !equalBytes(enrollment.accountKey, account.accountKey);
    if (isNewKey) this.#rows.dropChain(number);
    this.#putList({
      ...account,
      accountKey: copyOf(enrollment.accountKey),
      deviceList: copyOf(enrollment.deviceList),
      deviceListVersion: enrollment.deviceListVersion,
      recoveryKey: copyOf(recovery.recoveryKey),
      sealedSeed: copyOf(recovery.sealedSeed),
    });
    const touched = isNewKey ? this.#roster.touchViewersOf(number) : this.#roster.touchFriendsOf(number);
    return ok({ ...revoked, touched });
  }

  replaceDeviceList(
    by: Fence,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Result<DeviceListChange, 'older-list' | 'stale-epoch'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const account = this.#rows.account(by.account)!;
    if (deviceListVersion <= account.deviceListVersion) return err('older-list');
    const revoked = this.#strikeOut(by.account, listed);
    this.#putList({ ...account, deviceList: copyOf(deviceList), deviceListVersion });
    return ok({ ...revoked, touched: this.#roster.touchFriendsOf(by.account) });
  }

  deviceChain(account: AccountNumber, since: number, limit: number): readonly Uint8Array[] {
    return this.#rows
      .chainOf(account)
      .filter(({ version }) => version > since)
      .slice(0, pageOf(limit))
      .map(({ list }) => list);
  }

  activateDevice(
    number: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
    label: string,
    expectedPasswordHash: string,
  ): Result<DeviceListChange, 'device-taken' | 'older-list' | ProofLost> {
    const account = this.#rows.account(number);
    if (!account || account.state === 'deleted' || !this.#mayJoin(number, keys)) return err('device-taken');
    const lost = proofLost(account.state, account.passwordHash, expectedPasswordHash);
    if (lost) return err(lost);
    const isNewer = deviceListVersion > account.deviceListVersion;
    if (!isNewer && !equalBytes(deviceList, account.deviceList)) return err('older-list');
    this.#join(number, keys, label);
    const revoked = this.#keepOnly(number, listed);
    if (!isNewer) return ok({ ...revoked, touched: [] });
    this.#putList({ ...account, deviceList: copyOf(deviceList), deviceListVersion });
    return ok({ ...revoked, touched: this.#roster.touchFriendsOf(number) });
  }

  claimSession(
    id: DeviceId,
    now: WallMs,
  ): { readonly account: Account; readonly device: Device } | 'locked' | undefined {
    const device = this.#rows.device(id);
    if (!device?.active) return undefined;
    const account = this.#rows.account(device.account)!;
    if (account.state === 'locked') return 'locked';
    const claimed: Device = {
      ...device,
      epoch: Math.max(device.epoch + 1, now) as SessionEpoch,
      loginCount: device.loginCount + 1,
      lastLoginAt: now,
    };
    this.#rows.putDevice(claimed);
    return { account, device: claimed };
  }

  resumeSession(exchangeKey: Uint8Array, now: WallMs): ResumedSession | 'locked' | undefined {
    const known = this.#rows.deviceWithKey(exchangeKey);
    const claimed = known && this.claimSession(known.device, now);
    if (claimed === undefined || claimed === 'locked') return claimed;
    const { account, name, displayName, signatureLine, rosterVersion, deviceListVersion } = claimed.account;
    const { showLastSeen, noticeAckedId } = claimed.account;
    const { device, epoch, loginCount } = claimed.device;
    return {
      account: {
        ...{ account, name, displayName, signatureLine, rosterVersion, deviceListVersion },
        ...{ showLastSeen, noticeAckedId },
      },
      device: { device, epoch, loginCount },
      friends: this.#roster.friendsOf(account),
    };
  }

  deactivateDevice(id: DeviceId, epoch: SessionEpoch): boolean {
    const device = this.#rows.device(id);
    if (!device?.active || device.epoch !== epoch) return false;
    this.#rows.putDevice({ ...device, active: false });
    return true;
  }

  /** The first device of a new account. */
  addFirst(account: Account, keys: DeviceKeys, label: string): void {
    this.#join(account.account, keys, label);
    this.#rows.appendToChain(account.account, { version: account.deviceListVersion, list: account.deviceList });
  }

  /** Active devices but `keep` log in by key no more. */
  revokeAll(account: AccountNumber, keep?: DeviceId): Revocation {
    return this.#revoke(account, (device) => device !== keep);
  }

  dropAll(account: AccountNumber): Revocation {
    const revoked = this.#strikeOut(account, []);
    for (const device of this.#rows.devicesOf(account)) this.#rows.dropDevice(device);
    this.#rows.dropChain(account);
    return revoked;
  }

  /** Whether neither its id nor its key belongs to another device or account. */
  #mayJoin(account: AccountNumber, keys: DeviceKeys): boolean {
    const known = this.#rows.device(keys.device);
    const holder = this.#rows.deviceWithKey(keys.exchangeKey);
    return holder?.device === known?.device && (!known || known.account === account);
  }

  #join(account: AccountNumber, keys: DeviceKeys, label: string): void {
    const known = this.#rows.device(keys.device);
    if (known) return this.#rows.putDevice({ ...known, active: true, label });
    this.#rows.putDevice({
      device: keys.device,
      account,
      exchangeKey: copyOf(keys.exchangeKey),
      signKey: copyOf(keys.signKey),
      active: true,
      epoch: 0 as SessionEpoch,
      loginCount: 0,
      label,
      lastLoginAt: 0 as WallMs,
    });
  }

  /** Of the others the keys log in no more, and too many of them are forgotten. */
  #keepOnly(account: AccountNumber, listed: readonly DeviceId[]): Revocation {
    const revoked = this.#strikeOut(account, listed);
    const forgotten = devicesToForget(this.#rows.devicesOf(account), listed);
    for (const device of forgotten) this.#rows.dropDevice(this.#rows.device(device)!);
    return revoked;
  }

  /** Devices off the list log in by key no more, and nobody reads their mail. */
  #strikeOut(account: AccountNumber, listed: readonly DeviceId[]): Revocation {
    const isOff = (device: DeviceId): boolean => !listed.includes(device);
    for (const { device } of this.#rows.devicesOf(account)) if (isOff(device)) this.#rows.mail.dropBox(device);
    return this.#revoke(account, isOff);
  }

  #revoke(account: AccountNumber, isMeant: (device: DeviceId) => boolean): Revocation {
    const revoked = this.#rows.devicesOf(account).filter(({ device, active }) => active && isMeant(device));
    for (const device of revoked) this.#rows.putDevice({ ...device, active: false });
    return { revoked: revoked.map(({ device, epoch }) => ({ device, epoch })) };
  }

  #putList(account: Account): void {
    this.#rows.putAccount(account);
    this.#rows.appendToChain(account.account, { version: account.deviceListVersion, list: account.deviceList });
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
