import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, exchangeKeyPairOf, type KeyPair, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Identity } from './identity.ts';

/** The keys of this installation in the forms that are needed. */
export interface DeviceKeys {
  readonly device: DeviceId;
  readonly exchange: KeyPair;
  readonly signKey: Uint8Array;
  readonly accountKey: Uint8Array;
  /** The signed list of the account's devices: this one alone, until a second computer can be added. */
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
}

const NO_PREVIOUS_LIST = new Uint8Array(32);

export function deviceKeysOf(identity: Identity): DeviceKeys {
  const exchange = exchangeKeyPairOf(identity.exchangeSecret);
  const sign = signingKeyPairOf(identity.signSeed);
  const account = signingKeyPairOf(identity.accountSeed);
  const list = {
    accountKey: account.publicKey,
    version: 1,
    devices: [{ exchangeKey: exchange.publicKey, signKey: sign.publicKey }],
    previousHash: NO_PREVIOUS_LIST,
  };
  return {
    device: deviceIdOf(exchange.publicKey, sign.publicKey),
    exchange,
    signKey: sign.publicKey,
    accountKey: account.publicKey,
    deviceList: signDeviceList(list, account.secretKey),
    deviceListVersion: list.version,
  };
}
