import sodium from 'sodium-native';
import { assert } from '../assert.ts';
import { AEAD_TAG_BYTES } from '../limits.ts';

export const CIPHER_KEY_BYTES = 32;

/** One for all: libsodium reads it inside the call, so it is free again when the call returns. */
const nonce = new Uint8Array(12);
const nonceView = new DataView(nonce.buffer);

/** R2: 32 zero bits, then the number as 64 bits, little endian: the nonce of Noise's ChaChaPoly (section 12.3). */
function setNonce(number: number): void {
  nonceView.setUint32(4, number, true);
  nonceView.setUint32(8, number / 2 ** 32, true);
}

/**
 * Encrypts `plaintext` into `out`, which is 16 bytes (the tag) longer and may begin with the plaintext itself.
 * @param number never used twice with one key, below 2^53
 */
export function sealInto(
  out: Uint8Array,
  key: Uint8Array,
  number: number,
  associatedData: Uint8Array | null,
  plaintext: Uint8Array,
): void {
  assert(Number.isSafeInteger(number), 'nonces of this key are used up');
  setNonce(number);
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plaintext, associatedData, null, nonce, key);
}

/**
 * Decrypts into `out`, which is 16 bytes shorter than `ciphertext`.
 * @returns false when the tag does not verify or the ciphertext is shorter than a tag; `out` is then not to be used
 */
export function openInto(
  out: Uint8Array,
  key: Uint8Array,
  number: number,
  associatedData: Uint8Array | null,
  ciphertext: Uint8Array,
): boolean {
  if (ciphertext.length < AEAD_TAG_BYTES || !Number.isSafeInteger(number)) return false;
  setNonce(number);
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, ciphertext, associatedData, nonce, key);
    return true;
  } catch {
    return false;
  }
}

const allOnes = new Uint8Array(12).fill(0xff, 4);
const zeros = new Uint8Array(CIPHER_KEY_BYTES);

/** Noise REKEY (section 4.2): the first 32 bytes of the encryption of 32 zeros under the nonce 2^64 - 1. */
export function rekeyed(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(CIPHER_KEY_BYTES + AEAD_TAG_BYTES);
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, zeros, null, null, allOnes, key);
  return out.slice(0, CIPHER_KEY_BYTES);
}
