import { type DeviceList, verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, equalBytes } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, DeviceKeys } from '../store/store.ts';

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

/** At registration the account key is the claim's own, and the list holds exactly this device. */
export function certifyFirstDevice(claim: DeviceClaim): Result<CertifiedDevice, Refusal> {
  const list = verifyDeviceList(claim.deviceList, claim.accountKey, 1);
  if (!list.ok) return err(refusal('bad-device-list', list.error));
  if (!holds(list.value, claim)) {
    return err(refusal('bad-device-list', 'must hold exactly this device'));
  }
  return ok(certified(claim, claim.deviceList, list.value));
}

/**
 * At a password login the stored account key must have signed the list that holds this device. Of two lists that do,
 * the newer one stays; an older one is no reason to refuse when the newer one holds the device too.
 */
export function certifyDevice(claim: DeviceClaim, account: Account): Result<CertifiedDevice, Refusal> {
  const sent = verifyDeviceList(claim.deviceList, account.accountKey);
  if (!sent.ok) {
    return err(refusal(sent.error === 'malformed' ? 'bad-device-list' : 'device-not-certified', sent.error));
  }
  if (!holds(sent.value, claim)) return err(refusal('device-not-certified', 'not in the list'));
  if (sent.value.version > account.deviceListVersion) {
    return ok(certified(claim, claim.deviceList, sent.value));
  }
  const stored = verifyDeviceList(account.deviceList, account.accountKey);
  if (!stored.ok || !holds(stored.value, claim)) return err(refusal('bad-device-list', 'older than the list known'));
  return ok(certified(claim, account.deviceList, stored.value));
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
    listed: list.devices.map(({ exchangeKey, signKey }) => deviceIdOf(exchangeKey, signKey)),
  };
}
