import { type DeviceList, readDeviceList, verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, equalBytes } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { type Refusal, refusal } from '../refusal.ts';
import { type Account, type DeviceKeys, NO_ACCOUNT_KEY } from '../store/store.ts';

/** A device with the signed list that certifies it (R6), in copies of its own. */
export interface CertifiedDevice extends DeviceKeys {
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
  /** All devices of that list. */
  readonly listed: readonly DeviceId[];
}

export interface DeviceClaim {
  /** The Noise static key that the handshake proved. */
  readonly exchangeKey: Uint8Array;
  readonly signKey: Uint8Array;
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
}

/** So much newer may a list be: whoever skipped to the end of all numbers could never change it again. */
const VERSIONS_AHEAD_MAX = DEVICE_CHAIN_MAX;

/** At registration the account key is the claim's own, and the list holds exactly this device. */
export function certifyFirstDevice(claim: DeviceClaim): Result<CertifiedDevice, Refusal> {
  const list = verifyDeviceList(claim.deviceList, claim.accountKey, 1);
  if (!list.ok) return err(refusal('bad-device-list', list.error));
  if (!holds(list.value, claim)) {
    return err(refusal('bad-device-list', 'must hold exactly this device'));
  }
  if (list.value.version > VERSIONS_AHEAD_MAX) return err(refusal('bad-device-list', 'version too far ahead'));
  return ok(certified(claim, claim.deviceList, list.value));
}

/**
 * At a login with the right password. A newer list that the account key signed and that holds the device replaces the
 * stored one; otherwise the stored one decides.
 * @returns `not-listed` when neither holds the device
 */
export function certifyDevice(claim: DeviceClaim, account: Account): Result<CertifiedDevice | 'not-listed', Refusal> {
  if (claim.deviceList.length > 0) {
    const sent = verifyDeviceList(claim.deviceList, account.accountKey);
    if (!sent.ok && sent.error === 'malformed') return err(refusal('bad-device-list', sent.error));
    if (sent.ok && isNext(sent.value.version, account) && holds(sent.value, claim)) {
      return ok(certified(claim, claim.deviceList, sent.value));
    }
  }
  const stored = verifyDeviceList(account.deviceList, account.accountKey);
  if (!stored.ok || !holds(stored.value, claim)) return ok('not-listed');
  return ok(certified(claim, account.deviceList, stored.value));
}

/**
 * A device that joins the list of an account whose password or recovery code it has shown: by the account's own key, or
 * by another one, with which the chain of lists begins anew (R7).
 */
export function certifyEnrollment(
  claim: DeviceClaim,
  account: Account,
  replaceKey: boolean,
): Result<CertifiedDevice, Refusal> {
  const sameKey = equalBytes(claim.accountKey, account.accountKey);
  const keyless = equalBytes(account.accountKey, NO_ACCOUNT_KEY);
  if (!sameKey && !keyless && !replaceKey) return err(refusal('device-not-certified', 'another account key'));
  if (sameKey && keyless) return err(refusal('bad-device-list', 'no account key'));
  const list = verifyDeviceList(claim.deviceList, claim.accountKey, sameKey ? undefined : 1);
  if (!list.ok) return err(refusal('bad-device-list', list.error));
  if (!holds(list.value, claim)) return err(refusal('bad-device-list', 'not in the list'));
  if (list.value.version <= account.deviceListVersion) return err(refusal('busy', 'another list came first', 1_000));
  if (list.value.version !== account.deviceListVersion + 1) {
    return err(refusal('bad-device-list', 'not the next version'));
  }
  if (!sameKey && list.value.previousHash.some((byte) => byte !== 0)) {
    return err(refusal('bad-device-list', 'a new key has no list before'));
  }
  return ok(certified(claim, claim.deviceList, list.value));
}

/** A newer list of a device that is logged in and stays in it. */
export function certifyNextList(
  device: DeviceId,
  deviceList: Uint8Array,
  account: Account,
): Result<Pick<CertifiedDevice, 'deviceList' | 'deviceListVersion' | 'listed'>, Refusal> {
  const list = verifyDeviceList(deviceList, account.accountKey);
  if (!list.ok) return err(refusal('bad-device-list', list.error));
  if (!isNext(list.value.version, account)) return err(refusal('bad-device-list', 'no next version'));
  const listed = devicesOf(list.value);
  if (!listed.includes(device)) return err(refusal('bad-device-list', 'without this device'));
  return ok({ deviceList: deviceList.slice(), deviceListVersion: list.value.version, listed });
}

/** The devices of the account's present list; empty while it has none. */
export function listedDevices(account: Account): readonly DeviceId[] {
  const list = readDeviceList(account.deviceList);
  return list ? devicesOf(list) : [];
}

function isNext(version: number, account: Account): boolean {
  return version > account.deviceListVersion && version <= account.deviceListVersion + VERSIONS_AHEAD_MAX;
}

function devicesOf(list: DeviceList): DeviceId[] {
  return list.devices.map(({ exchangeKey, signKey }) => deviceIdOf(exchangeKey, signKey));
}

function holds(list: DeviceList, claim: DeviceClaim): boolean {
  return list.devices.some(
    (device) => equalBytes(device.exchangeKey, claim.exchangeKey) && equalBytes(device.signKey, claim.signKey),
  );
}

function certified(claim: DeviceClaim, signedList: Uint8Array, list: DeviceList): CertifiedDevice {
  return {
    device: deviceIdOf(claim.exchangeKey, claim.signKey),
    exchangeKey: claim.exchangeKey.slice(),
    signKey: claim.signKey.slice(),
    accountKey: list.accountKey,
    deviceList: signedList.slice(),
    deviceListVersion: list.version,
    listed: devicesOf(list),
  };
}
