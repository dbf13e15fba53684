import { describe, expect, it } from 'vitest';
import { DEVICES_MAX } from '../limits.ts';
import { type DeviceList, deviceListHash, signDeviceList, verifyDeviceList } from './device-list.ts';
import { exchangeKeyPairOf, type KeyPair, signingKeyPairOf } from './keys.ts';

const account = signingKeyPairOf(new Uint8Array(32).fill(1));
const stranger = signingKeyPairOf(new Uint8Array(32).fill(2));

describe('signed device list [R6]', () => {
  it('reads back what the account key signed', () => {
    const list = listOf(2);
    const blob = signDeviceList(list, account.secretKey);
    expect(verifyDeviceList(blob, account.publicKey)).toEqual({ ok: true, value: list });
  });

  it('holds as many devices as an account may have', () => {
    const list = listOf(DEVICES_MAX);
    expect(verifyDeviceList(signDeviceList(list, account.secretKey), account.publicKey).ok).toBe(true);
  });

  it('keeps no view of the bytes it was given', () => {
    const blob = signDeviceList(listOf(1), account.secretKey);
    const list = verifyDeviceList(blob, account.publicKey);
    blob.fill(0);
    expect(list).toEqual({ ok: true, value: listOf(1) });
  });

  it('refuses every single flipped bit and every cut', () => {
    const blob = signDeviceList(listOf(1), account.secretKey);
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const changed = blob.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifyDeviceList(changed, account.publicKey).ok, `bit ${bit}`).toBe(false);
    }
    for (let length = 0; length < blob.length; length++) {
      expect(verifyDeviceList(blob.subarray(0, length), account.publicKey).ok, `length ${length}`).toBe(false);
    }
  });

  it('names the cause', () => {
    const blob = signDeviceList(listOf(1), account.secretKey);
    expect(verifyDeviceList(blob, stranger.publicKey)).toEqual({ ok: false, error: 'wrong-account' });
    const forged = signDeviceList(listOf(1), stranger.secretKey);
    expect(verifyDeviceList(forged, account.publicKey)).toEqual({ ok: false, error: 'bad-signature' });
    expect(verifyDeviceList(new Uint8Array(0), account.publicKey)).toEqual({ ok: false, error: 'malformed' });
    expect(verifyDeviceList(new Uint8Array(5_000), account.publicKey)).toEqual({ ok: false, error: 'malformed' });
  });

  it('refuses a device that is listed twice, and a key with which no exchange succeeds', () => {
    const [device] = listOf(1).devices;
    for (const devices of [[device!, device!], [{ exchangeKey: new Uint8Array(32), signKey: device!.signKey }]]) {
      const blob = signDeviceList({ ...listOf(1), devices }, account.secretKey);
      expect(verifyDeviceList(blob, account.publicKey)).toEqual({ ok: false, error: 'malformed' });
    }
  });

  it('chains to the list before it by its hash', () => {
    const first = signDeviceList(listOf(1), account.secretKey);
    const second = { ...listOf(2), version: 2, previousHash: deviceListHash(first) };
    expect(verifyDeviceList(signDeviceList(second, account.secretKey), account.publicKey)).toEqual({
      ok: true,
      value: second,
    });
  });
});

function listOf(deviceCount: number): DeviceList {
  const devices = Array.from({ length: deviceCount }, (_, index) => ({
    exchangeKey: publicKeyOf(exchangeKeyPairOf(new Uint8Array(32).fill(10 + index))),
    signKey: publicKeyOf(signingKeyPairOf(new Uint8Array(32).fill(50 + index))),
  }));
  return { accountKey: account.publicKey, version: 1, devices, previousHash: new Uint8Array(32) };
}

function publicKeyOf(pair: KeyPair): Uint8Array {
  return pair.publicKey;
}
