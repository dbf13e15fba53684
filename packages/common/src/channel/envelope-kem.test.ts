import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/hex.ts';
import {
  encapsulateFor,
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SEED_BYTES,
  kemKeyPairOf,
  openEncapsulated,
  readKemKey,
} from './envelope-kem.ts';

const path = new URL('../../../../../shared/vectors/wycheproof_mlkem_768_test.json', import.meta.url);
const absent = !existsSync(path);

interface Vector {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid';
  readonly seed: string;
  readonly ek?: string;
  readonly c: string;
  readonly K: string;
}

describe.skipIf(absent)('ML-KEM-768 and public vectors (skipped where ../shared/vectors is absent)', () => {
  it('[MB3] makes the keys of each seed, opens what is valid, and nothing of what is not', () => {
    const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly testGroups: readonly { readonly tests: readonly Vector[] }[];
    };
    const vectors = testGroups.flatMap(({ tests }) => tests);
    expect(vectors.length).toBeGreaterThan(100);
    for (const { tcId, result, seed, ek, c, K } of vectors) {
      const secret = secretOf(fromHex(seed), fromHex(c), ek);
      if (result === 'valid') expect(secret && toHex(secret), `test ${tcId}`).toBe(K);
      else expect(secret === undefined || toHex(secret) !== K, `test ${tcId}`).toBe(true);
    }
  });
});

describe('ML-KEM-768', () => {
  it('[MB3] gives both sides the same secret, and another one with each call', () => {
    const { publicKey, secretKey } = kemKeyPairOf(new Uint8Array(KEM_SEED_BYTES).fill(1));
    const one = encapsulateFor(publicKey)!;
    const two = encapsulateFor(publicKey)!;
    expect(openEncapsulated(secretKey, one.ciphertext)).toEqual(one.secret);
    expect(toHex(one.secret)).not.toBe(toHex(two.secret));
    expect([one.ciphertext.length, one.secret.length]).toEqual([KEM_CIPHERTEXT_BYTES, 32]);
  });

  it('[MB3] gives a secret that nobody has for a ciphertext that was changed', () => {
    const { publicKey, secretKey } = kemKeyPairOf(new Uint8Array(KEM_SEED_BYTES).fill(1));
    const { ciphertext, secret } = encapsulateFor(publicKey)!;
    ciphertext[500]! ^= 1;
    expect(toHex(openEncapsulated(secretKey, ciphertext)!)).not.toBe(toHex(secret));
  });

  it('[MB3] takes no key and no ciphertext of another length, and no key out of range', () => {
    const { secretKey } = kemKeyPairOf(new Uint8Array(KEM_SEED_BYTES).fill(1));
    for (const length of [0, 32, KEM_PUBLIC_KEY_BYTES - 1, KEM_PUBLIC_KEY_BYTES + 1]) {
      expect(readKemKey(new Uint8Array(length))).toBeUndefined();
      expect(encapsulateFor(new Uint8Array(length))).toBeUndefined();
      expect(openEncapsulated(secretKey, new Uint8Array(length))).toBeUndefined();
    }
    expect(readKemKey(new Uint8Array(KEM_PUBLIC_KEY_BYTES).fill(0xff))).toBeUndefined();
  });
});

/** Undefined where the seed, the public key made of it, or the ciphertext is none. */
function secretOf(seed: Uint8Array, ciphertext: Uint8Array, publicKey: string | undefined): Uint8Array | undefined {
  if (seed.length !== KEM_SEED_BYTES) return undefined;
  const pair = kemKeyPairOf(seed);
  if (publicKey !== undefined && toHex(pair.publicKey) !== publicKey) return undefined;
  return openEncapsulated(pair.secretKey, ciphertext);
}
