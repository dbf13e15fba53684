import { toHex } from '@magpie/common/bytes/hex.ts';
import { KEM_SEED_BYTES, kemKeyPairOf, openEncapsulated } from '@magpie/common/channel/envelope-kem.ts';
import { describe, expect, it } from 'vitest';
import { seededEncapsulate } from './seeded-kem.ts';
import { SeededRandom } from './seeded-random.ts';

describe("the simulator's ML-KEM", () => {
  it('[MB3] makes what OpenSSL opens, which makes it again and compares, to the same secret', () => {
    const encapsulate = seededEncapsulate(new SeededRandom(1, 'kem'));
    for (let index = 0; index < 40; index++) {
      const { publicKey, secretKey } = kemKeyPairOf(new Uint8Array(KEM_SEED_BYTES).fill(index >> 1));
      const { ciphertext, secret } = encapsulate(publicKey)!;
      expect(toHex(openEncapsulated(secretKey, ciphertext)!), `try ${index}`).toBe(toHex(secret));
    }
  });

  it('is equal for equal seeds, and another one each time', () => {
    const { publicKey } = kemKeyPairOf(new Uint8Array(KEM_SEED_BYTES).fill(7));
    const [one, two] = [1, 1].map((seed) => seededEncapsulate(new SeededRandom(seed, 'kem')));
    const first = toHex(one!(publicKey)!.ciphertext);
    expect(toHex(two!(publicKey)!.ciphertext)).toBe(first);
    expect(toHex(one!(publicKey)!.ciphertext)).not.toBe(first);
    expect(one!(publicKey.subarray(1))).toBeUndefined();
  });
});
