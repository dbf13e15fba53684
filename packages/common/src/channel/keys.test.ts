import { createCipheriv, hkdfSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import sodium from 'sodium-native';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/hex.ts';
import { openInto, rekeyed, sealInto } from './aead.ts';
import {
  blake2b,
  deviceIdOf,
  equalBytes,
  exchange,
  hkdf,
  isUsableExchangeKey,
  keyedHash,
  newSigningKeyPair,
  sign,
  verify,
} from './keys.ts';
import { PacketCipher } from './packet-cipher.ts';

const vectors = new URL('../../../../../shared/vectors/', import.meta.url);
const absent = !existsSync(vectors);

interface Suite<Case> {
  readonly testGroups: readonly {
    readonly ivSize?: number;
    readonly publicKey?: { readonly pk: string };
    readonly tests: readonly (Case & { readonly tcId: number; readonly result: string; readonly flags: string[] })[];
  }[];
}

describe.skipIf(absent)('public vectors (skipped where ../shared/vectors is absent)', () => {
  it('X25519 agrees with Wycheproof, and refuses every zero result', () => {
    const suite = load<{ public: string; private: string; shared: string }>('x25519');
    let refused = 0;
    for (const test of suite.testGroups.flatMap((group) => group.tests)) {
      const shared = exchange(fromHex(test.private), fromHex(test.public));
      const zero = /^0+$/.test(test.shared);
      expect(shared && toHex(shared), `case ${test.tcId}`).toBe(zero ? undefined : test.shared);
      expect(isUsableExchangeKey(fromHex(test.public)), `case ${test.tcId}`).toBe(!zero);
      if (zero) refused++;
    }
    expect(refused).toBe(31);
  });

  it('ChaCha20-Poly1305 agrees with Wycheproof', () => {
    const suite = load<{ key: string; iv: string; aad: string; msg: string; ct: string; tag: string }>(
      'chacha20_poly1305',
    );
    const tests = suite.testGroups.filter(({ ivSize }) => ivSize === 96).flatMap((group) => group.tests);
    expect(tests.length).toBe(316);
    for (const test of tests) {
      const [key, nonce, header] = [fromHex(test.key), fromHex(test.iv), fromHex(test.aad)];
      const opened = new Uint8Array(test.ct.length / 2);
      const sealed = new Uint8Array(opened.length + 16);
      const open = (): unknown =>
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(opened, null, fromHex(test.ct + test.tag), header, nonce, key);
      if (test.result === 'invalid') {
        expect(open, `case ${test.tcId}`).toThrow();
        continue;
      }
      open();
      expect(toHex(opened), `case ${test.tcId}`).toBe(test.msg);
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, fromHex(test.msg), header, null, nonce, key);
      expect(toHex(sealed), `case ${test.tcId}`).toBe(test.ct + test.tag);
    }
  });

  it('Ed25519 agrees with Wycheproof', () => {
    const suite = load<{ msg: string; sig: string }>('ed25519');
    for (const group of suite.testGroups) {
      for (const test of group.tests) {
        const valid = verify(fromHex(test.sig), fromHex(test.msg), fromHex(group.publicKey!.pk));
        expect(valid, `case ${test.tcId}`).toBe(test.result === 'valid');
      }
    }
  });
});

describe('keys', () => {
  it('hashes as RFC 7693 says', () => {
    expect(toHex(blake2b(64, new TextEncoder().encode('a'), new TextEncoder().encode('bc')))).toBe(
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    );
  });

  it('keys a hash, and takes parts as one text', () => {
    const key = new Uint8Array(32).fill(1);
    const whole = keyedHash(16, key, Uint8Array.of(1, 2, 3));
    expect(keyedHash(16, key, Uint8Array.of(1), Uint8Array.of(2, 3))).toEqual(whole);
    expect(keyedHash(16, new Uint8Array(32).fill(2), Uint8Array.of(1, 2, 3))).not.toEqual(whole);
    expect(blake2b(16, Uint8Array.of(1, 2, 3))).not.toEqual(whole);
  });

  it('derives keys as RFC 5869 says', () => {
    const key = new Uint8Array(32).fill(7);
    for (const length of [16, 32, 64, 65, 200]) {
      const expected = hkdfSync('blake2b512', key, new Uint8Array(0), 'mac1', length);
      expect(toHex(hkdf(key, 'mac1', length))).toBe(toHex(new Uint8Array(expected)));
    }
    expect(hkdf(key, 'mac1', 32)).not.toEqual(hkdf(key, 'mac2', 32));
  });

  it('signs and verifies, and takes wrong lengths for wrong signatures', () => {
    const { publicKey, secretKey } = newSigningKeyPair({ bytes: (length) => new Uint8Array(length).fill(3) });
    const message = Uint8Array.of(1, 2, 3);
    const signature = sign(message, secretKey);
    expect(verify(signature, message, publicKey)).toBe(true);
    expect(verify(signature, Uint8Array.of(1, 2), publicKey)).toBe(false);
    expect(verify(signature.subarray(1), message, publicKey)).toBe(false);
    expect(verify(new Uint8Array(65), message, publicKey)).toBe(false);
    expect(verify(signature, message, publicKey.subarray(1))).toBe(false);
    expect(verify(signature, message, new Uint8Array(32))).toBe(false);
  });

  it('[R6] names a device by both of its keys', () => {
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(deviceIdOf(a, b)).toMatch(/^[0-9a-f]{32}$/);
    expect(deviceIdOf(a, b)).not.toBe(deviceIdOf(b, a));
  });

  it('compares bytes of any lengths', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});

describe('packet cipher', () => {
  const key = new Uint8Array(32).fill(5);
  const header = Uint8Array.of(9, 8, 7);
  const text = Uint8Array.of(1, 2, 3, 4);

  it('opens what it sealed, under the same number and header only', () => {
    const cipher = new PacketCipher(key);
    const packet = cipher.seal(2 ** 40 + 3, header, text);
    expect(packet.subarray(0, 3)).toEqual(header);
    const ciphertext = packet.subarray(3);
    expect(cipher.open(2 ** 40 + 3, header, ciphertext)).toEqual(text);
    expect(cipher.open(3, header, ciphertext)).toBeUndefined();
    expect(cipher.open(2 ** 40 + 3, Uint8Array.of(9, 8, 6), ciphertext)).toBeUndefined();
    expect(cipher.open(2 ** 40 + 3, header, ciphertext.subarray(1))).toBeUndefined();
    expect(cipher.open(2 ** 40 + 3, header, ciphertext.subarray(0, 15))).toBeUndefined();
    expect(cipher.open(2 ** 40 + 3, header, new Uint8Array(0))).toBeUndefined();
    expect(new PacketCipher(new Uint8Array(32)).open(2 ** 40 + 3, header, ciphertext)).toBeUndefined();
  });

  it('[R2] puts the packet number into the nonce as LE64 behind 32 zero bits', () => {
    const nonce = fromHex('000000000605040302010000');
    const other = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    other.setAAD(header, { plaintextLength: text.length });
    const expected = Buffer.concat([header, other.update(text), other.final(), other.getAuthTag()]);
    expect(toHex(new PacketCipher(key).seal(0x0102_0304_0506, header, text))).toBe(toHex(expected));
  });

  it('hands out packets that do not share bytes', () => {
    const cipher = new PacketCipher(key);
    const packets = Array.from({ length: 2_000 }, (_, number) => cipher.seal(number, header, text));
    for (const [number, packet] of packets.entries()) {
      expect(cipher.open(number, header, packet.subarray(3))).toEqual(text);
    }
  });

  it('rekeys by Noise REKEY: what the nonce 2^64 - 1 makes of 32 zeros', () => {
    // From an independent computation with node:crypto's chacha20-poly1305.
    expect(toHex(rekeyed(key))).toBe('00293f60e457f58889371f0b847dae08a50308f90941a428c66ddce8a866f0bd');
    const sealed = new Uint8Array(20);
    sealInto(sealed, rekeyed(key), 0, null, text);
    expect(openInto(new Uint8Array(4), key, 0, null, sealed)).toBe(false);
  });
});

function load<Case>(name: string): Suite<Case> {
  return JSON.parse(readFileSync(new URL(`wycheproof_${name}_test.json`, vectors), 'utf8')) as Suite<Case>;
}
