import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/hex.ts';
import type { DeviceId } from '../ids.ts';
import { kemKeyPairOf } from './envelope-kem.ts';
import { deviceIdOf, exchangeKeyPairOf, sign, signingKeyPairOf } from './keys.ts';
import {
  isNewerKey,
  MAILBOX_STEP_MAX,
  mailboxKeyPairOf,
  nextLink,
  signMailboxKey,
  verifyMailboxKey,
  walkLinks,
} from './mailbox-key.ts';

const secret = new Uint8Array(32).fill(7);
const signing = signingKeyPairOf(new Uint8Array(32).fill(8));
const device = deviceIdOf(exchangeKeyPairOf(new Uint8Array(32).fill(9)).publicKey, signing.publicKey);

describe('chain of mailbox keys', () => {
  it('[MB1] goes one step at a time, so that walking twice is walking once', () => {
    expect(walkLinks(secret, 0)).toEqual(secret);
    expect(walkLinks(secret, 1)).toEqual(nextLink(secret));
    expect(walkLinks(walkLinks(secret, 2), 3)).toEqual(walkLinks(secret, 5));
  });

  it('[MB1] gives links and keys that differ in all their parts', () => {
    const pair = mailboxKeyPairOf(secret);
    const next = mailboxKeyPairOf(nextLink(secret));
    const parts = [secret, nextLink(secret), pair.exchange.secretKey, pair.exchange.publicKey, pair.kem.publicKey];
    parts.push(next.exchange.secretKey, next.exchange.publicKey, next.kem.publicKey);
    expect(new Set(parts.map(toHex)).size).toBe(parts.length);
  });

  it('[MB1] gives the same keys from the same link on every machine', () => {
    const { exchange, kem } = mailboxKeyPairOf(secret);
    expect(toHex(exchange.publicKey)).toBe('6c79a8177de1fe78468bd020c45fcb4b714a4114e9de770e87dc007272ca3570');
    const seed =
      'eeb88f03ece7741f332b7162a38fdbf07bfcfe552e28e4cec93accc582c63003' +
      '2892ccf7542d941f6e9296c085880c0b116d6390e2f0e967037af5bca64a6e4d';
    expect(kem.publicKey).toEqual(kemKeyPairOf(fromHex(seed)).publicKey);
    expect(toHex(nextLink(secret))).toBe('50ff76521391ecd3d988f8817eec823bd82dc53c46d0c7a74ed1ea78bca4847a');
  });
});

describe('published mailbox key', () => {
  it('[MB2] is read as it was signed, in 1,288 bytes', () => {
    const pair = mailboxKeyPairOf(secret);
    const blob = signMailboxKey({ generation: 3, step: 5 }, pair, device, signing.secretKey);
    expect(blob.length).toBe(1_288);
    expect(verifyMailboxKey(blob, device, signing.publicKey)).toEqual({
      generation: 3,
      step: 5,
      exchangeKey: pair.exchange.publicKey,
      kemKey: pair.kem.publicKey,
    });
  });

  it('[MB2] is that of no other device and no other signer', () => {
    const blob = published();
    expect(verifyMailboxKey(blob, '00'.repeat(16) as DeviceId, signing.publicKey)).toBeUndefined();
    const other = signingKeyPairOf(new Uint8Array(32).fill(1));
    expect(verifyMailboxKey(blob, device, other.publicKey)).toBeUndefined();
    expect(verifyMailboxKey(blob, device, new Uint8Array(0))).toBeUndefined();
  });

  it('[MB2] is nothing once a byte of it is changed, or it is cut', () => {
    const blob = published();
    for (let at = 0; at < blob.length; at += 13) {
      const changed = blob.slice();
      changed[at]! ^= 0x20;
      expect(verifyMailboxKey(changed, device, signing.publicKey), `byte ${at}`).toBeUndefined();
      expect(verifyMailboxKey(blob.subarray(0, at), device, signing.publicKey), `${at} bytes`).toBeUndefined();
    }
    expect(verifyMailboxKey(new Uint8Array(4_000), device, signing.publicKey)).toBeUndefined();
  });

  it('[MB2] may carry signed bytes of a newer version behind its fields', () => {
    const fields = published().subarray(0, 1_288 - 64);
    const longer = Uint8Array.from([...fields, 1, 2, 3]);
    expect(verifyMailboxKey(signedBlob(longer), device, signing.publicKey)?.step).toBe(5);
  });

  it('[MB2] is refused, though signed, with a point of small order, a KEM key out of range or a step beyond all', () => {
    const fields = published().subarray(0, 1_288 - 64);
    const small = fields.slice().fill(0, 8, 40);
    const outOfRange = fields.slice().fill(0xff, 40);
    const beyond = fields.slice();
    new DataView(beyond.buffer).setUint32(4, MAILBOX_STEP_MAX + 1);
    for (const bad of [small, outOfRange, beyond]) {
      expect(verifyMailboxKey(signedBlob(bad), device, signing.publicKey)).toBeUndefined();
    }
    new DataView(beyond.buffer).setUint32(4, MAILBOX_STEP_MAX);
    expect(verifyMailboxKey(signedBlob(beyond), device, signing.publicKey)?.step).toBe(MAILBOX_STEP_MAX);
  });

  it('[MB5] is newer by its generation, then by its step', () => {
    expect(isNewerKey({ generation: 2, step: 0 }, { generation: 1, step: 9 })).toBe(true);
    expect(isNewerKey({ generation: 1, step: 2 }, { generation: 1, step: 1 })).toBe(true);
    expect(isNewerKey({ generation: 1, step: 1 }, { generation: 1, step: 1 })).toBe(false);
    expect(isNewerKey({ generation: 1, step: 9 }, { generation: 2, step: 0 })).toBe(false);
  });
});

function published(): Uint8Array {
  return signMailboxKey({ generation: 3, step: 5 }, mailboxKeyPairOf(secret), device, signing.secretKey);
}

function signedBlob(fields: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('magpie mailbox key 1\0');
  const message = Buffer.concat([label, Buffer.from(device, 'hex'), fields]);
  return Uint8Array.from(Buffer.concat([fields, sign(message, signing.secretKey)]));
}
