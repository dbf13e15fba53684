import { deviceListHash, signDeviceList } from '@magpie/common/channel/device-list.ts';
import { exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { Identity } from './identity.ts';

/** A list of an account, with the device of the identity and `others` more. */
export function signedList(identity: Identity, version: number, previousHash: Uint8Array, others = 0): Uint8Array {
  const account = signingKeyPairOf(identity.accountSeed);
  const own = {
    exchangeKey: exchangeKeyPairOf(identity.exchangeSecret).publicKey,
    signKey: signingKeyPairOf(identity.signSeed).publicKey,
  };
  const rest = Array.from({ length: others }, (_, index) => ({
    exchangeKey: exchangeKeyPairOf(new Uint8Array(32).fill(100 + index)).publicKey,
    signKey: new Uint8Array(32).fill(100 + index),
  }));
  const list = { accountKey: account.publicKey, version, previousHash, devices: [own, ...rest] };
  return signDeviceList(list, account.secretKey);
}

/** Lists 1 to `count`, each behind the one before; every second one holds another device. */
export function chainOf(identity: Identity, count: number): readonly Uint8Array[] {
  const blobs: Uint8Array[] = [];
  for (let version = 1; version <= count; version++) {
    const before = blobs.at(-1);
    const hash = before ? deviceListHash(before) : new Uint8Array(32);
    blobs.push(signedList(identity, version, hash, (version + 1) % 2));
  }
  return blobs;
}
