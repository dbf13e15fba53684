import { createPrivateKey, createPublicKey, decapsulate, encapsulate, type KeyObject } from 'node:crypto';

// ML-KEM-768 (FIPS 203) of Node's OpenSSL. The keys travel raw; OpenSSL takes and gives them in DER, whose heads are fixed.

/** `d ‖ z`, from which FIPS 203 derives the pair. */
export const KEM_SEED_BYTES = 64;
export const KEM_PUBLIC_KEY_BYTES = 1_184;
export const KEM_CIPHERTEXT_BYTES = 1_088;
export const KEM_SECRET_BYTES = 32;

/** PKCS#8 with the seed alone (RFC 9935), and SubjectPublicKeyInfo. */
const PRIVATE_KEY_HEAD = Buffer.from('3054020100300b060960864801650304040204428040', 'hex');
const PUBLIC_KEY_HEAD = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');

export interface KemKeyPair {
  /** 1,184 bytes. */
  readonly publicKey: Uint8Array;
  readonly secretKey: KeyObject;
}

export interface Encapsulated {
  /** 1,088 bytes: for whoever has the key. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes that only they and the caller know. */
  readonly secret: Uint8Array;
}

/**
 * Makes a secret for the owner of a key, by chance that is not an argument. A port: the simulator has a seeded one.
 * @returns undefined where `readKemKey` does
 */
export type Encapsulate = (publicKey: Uint8Array) => Encapsulated | undefined;

/** @param seed 64 bytes */
export function kemKeyPairOf(seed: Uint8Array): KemKeyPair {
  const key = Buffer.concat([PRIVATE_KEY_HEAD, seed]);
  const secretKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  key.fill(0);
  const spki = createPublicKey(secretKey).export({ format: 'der', type: 'spki' });
  return { publicKey: Uint8Array.from(spki.subarray(PUBLIC_KEY_HEAD.length)), secretKey };
}

/** Undefined for the wrong length and for coefficients out of range (FIPS 203 section 7.2). */
export function readKemKey(publicKey: Uint8Array): KeyObject | undefined {
  if (publicKey.length !== KEM_PUBLIC_KEY_BYTES) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([PUBLIC_KEY_HEAD, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** By OpenSSL's own randomness. */
export const encapsulateFor: Encapsulate = (publicKey) => {
  const key = readKemKey(publicKey);
  if (!key) return undefined;
  const { ciphertext, sharedKey } = encapsulate(key);
  return { ciphertext: Uint8Array.from(ciphertext), secret: Uint8Array.from(sharedKey) };
};

/**
 * @returns the 32-byte secret; for a ciphertext that was not made for this key another one that nobody knows (implicit
 *   rejection); undefined for one of the wrong length
 */
export function openEncapsulated(secretKey: KeyObject, ciphertext: Uint8Array): Uint8Array | undefined {
  if (ciphertext.length !== KEM_CIPHERTEXT_BYTES) return undefined;
  try {
    return Uint8Array.from(decapsulate(secretKey, ciphertext));
  } catch {
    return undefined;
  }
}
