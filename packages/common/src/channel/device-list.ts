import { type Codec, decode, encode, fixedBytes, listMax, struct, u64 } from '../bytes/codec.ts';
import { toHex } from '../bytes/hex.ts';
import { DEVICE_LIST_BYTES_MAX, DEVICE_LIST_VERSION_MAX, DEVICES_MAX } from '../limits.ts';
import { err, ok, type Result } from '../result.ts';
import {
  blake2b,
  EXCHANGE_KEY_BYTES,
  equalBytes,
  isUsableExchangeKey,
  SIGN_KEY_BYTES,
  SIGNATURE_BYTES,
  sign,
  verify,
} from './keys.ts';

/**
 * R6: the devices of an account, certified by its key. The account is named by that key, because its number is not
 * known before registration.
 */
export interface DeviceList {
  readonly accountKey: Uint8Array;
  /** Rises with every change; a lower one than seen before is refused by the reader. */
  readonly version: number;
  readonly devices: readonly { readonly exchangeKey: Uint8Array; readonly signKey: Uint8Array }[];
  /** `deviceListHash` of the list before this one, 32 zero bytes for the first. */
  readonly previousHash: Uint8Array;
}

export type DeviceListError = 'malformed' | 'bad-signature' | 'wrong-account';

export const DEVICE_LIST_HASH_BYTES = 32;

/** Keeps a signature over a list from being taken for a signature over anything else. */
const SIGNATURE_LABEL = new TextEncoder().encode('magpie device list 1\0');

const deviceListCodec: Codec<DeviceList> = struct({
  accountKey: fixedBytes(SIGN_KEY_BYTES),
  version: u64,
  previousHash: fixedBytes(DEVICE_LIST_HASH_BYTES),
  devices: listMax(
    struct({ exchangeKey: fixedBytes(EXCHANGE_KEY_BYTES), signKey: fixedBytes(SIGN_KEY_BYTES) }),
    DEVICES_MAX,
  ),
});

/** @returns the encoded list, then the account key's signature over a label and the list */
export function signDeviceList(list: DeviceList, accountSecretKey: Uint8Array): Uint8Array {
  const encoded = encode(deviceListCodec, list);
  const blob = new Uint8Array(encoded.length + SIGNATURE_BYTES);
  blob.set(encoded);
  blob.set(sign(signedBytes(encoded), accountSecretKey), encoded.length);
  return blob;
}

/**
 * @param expectedAccountKey the key pinned for this account, or the one it registers with
 * @param devicesMax a list of more is `malformed`, before any work is spent on its signature and keys
 * @returns the list, in copies of its own; `malformed` also for a device that is listed twice or has an unusable key.
 *   Whether its version may follow the last one seen is for the caller.
 */
export function verifyDeviceList(
  blob: Uint8Array,
  expectedAccountKey: Uint8Array,
  devicesMax: number = DEVICES_MAX,
): Result<DeviceList, DeviceListError> {
  if (blob.length > DEVICE_LIST_BYTES_MAX || blob.length <= SIGNATURE_BYTES) return err('malformed');
  const own = Uint8Array.from(blob);
  const encoded = own.subarray(0, own.length - SIGNATURE_BYTES);
  const list = decode(deviceListCodec, encoded);
  if (!list.ok || list.value.devices.length > devicesMax) return err('malformed');
  if (list.value.version > DEVICE_LIST_VERSION_MAX) return err('malformed');
  if (!equalBytes(list.value.accountKey, expectedAccountKey)) return err('wrong-account');
  if (!verify(own.subarray(encoded.length), signedBytes(encoded), expectedAccountKey)) return err('bad-signature');
  const { devices } = list.value;
  const distinct = new Set(devices.map((device) => toHex(device.exchangeKey)));
  if (distinct.size !== devices.length) return err('malformed');
  if (!devices.every((device) => isUsableExchangeKey(device.exchangeKey))) return err('malformed');
  return ok(list.value);
}

/** A list that was verified before, when it was stored. @returns undefined where there is none */
export function readDeviceList(verified: Uint8Array): DeviceList | undefined {
  if (verified.length > DEVICE_LIST_BYTES_MAX || verified.length <= SIGNATURE_BYTES) return undefined;
  const list = decode(deviceListCodec, Uint8Array.from(verified.subarray(0, verified.length - SIGNATURE_BYTES)));
  return list.ok ? list.value : undefined;
}

/** What the next list carries as `previousHash`: BLAKE2b-256 of the whole signed blob. */
export function deviceListHash(blob: Uint8Array): Uint8Array {
  return blake2b(DEVICE_LIST_HASH_BYTES, blob);
}

function signedBytes(encoded: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SIGNATURE_LABEL.length + encoded.length);
  bytes.set(SIGNATURE_LABEL);
  bytes.set(encoded, SIGNATURE_LABEL.length);
  return bytes;
}
