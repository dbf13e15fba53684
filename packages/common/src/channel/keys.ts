import sodium from 'sodium-native';
import { assert } from '../assert.ts';
import { toHex } from '../bytes/hex.ts';
import type { DeviceId } from '../ids.ts';
import type { RandomSource } from '../random.ts';
import { freshBytes } from './fresh-bytes.ts';

export const EXCHANGE_KEY_BYTES = 32;
export const SIGN_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
/** BLAKE2b at its full length, as Noise uses it. */
export const HASH_BYTES = 64;
/** Block of BLAKE2b, which HMAC pads its key to. */
const HASH_BLOCK_BYTES = 128;

/** X25519: both halves 32 bytes. Ed25519: 32 bytes public, 64 bytes secret (seed, then public key). */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** A new X25519 pair (RFC 7748). */
export function newExchangeKeyPair(random: RandomSource): KeyPair {
  return exchangeKeyPairOf(random.bytes(EXCHANGE_KEY_BYTES));
}

/** The X25519 pair of a 32-byte secret, which is copied. */
export function exchangeKeyPairOf(secretKey: Uint8Array): KeyPair {
  const pair = { publicKey: new Uint8Array(EXCHANGE_KEY_BYTES), secretKey: Uint8Array.from(secretKey) };
  sodium.crypto_scalarmult_base(pair.publicKey, pair.secretKey);
  return pair;
}

/**
 * X25519.
 * @returns the 32-byte secret, in a slice of a common slab, or undefined when it would be all zero: the public key is a point of small order
 */
export function exchange(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const shared = freshBytes(EXCHANGE_KEY_BYTES);
  try {
    sodium.crypto_scalarmult(shared, secretKey, publicKey);
  } catch {
    return undefined;
  }
  return shared;
}

const anySecretKey = new Uint8Array(EXCHANGE_KEY_BYTES).fill(0x42);

/** False for the wrong length and for points of small order, with which every exchange fails, whatever our key. */
export function isUsableExchangeKey(publicKey: Uint8Array): boolean {
  return publicKey.length === EXCHANGE_KEY_BYTES && exchange(anySecretKey, publicKey) !== undefined;
}

/** A new Ed25519 pair (RFC 8032). */
export function newSigningKeyPair(random: RandomSource): KeyPair {
  return signingKeyPairOf(random.bytes(32));
}

/** The Ed25519 pair of a 32-byte seed. */
export function signingKeyPairOf(seed: Uint8Array): KeyPair {
  const pair = { publicKey: new Uint8Array(SIGN_KEY_BYTES), secretKey: new Uint8Array(64) };
  sodium.crypto_sign_seed_keypair(pair.publicKey, pair.secretKey, seed);
  return pair;
}

export function sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const signature = new Uint8Array(SIGNATURE_BYTES);
  sodium.crypto_sign_detached(signature, message, secretKey);
  return signature;
}

/** False for a bad signature, and for a signature or key of the wrong length. */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== SIGN_KEY_BYTES) return false;
  return sodium.crypto_sign_verify_detached(signature, message, publicKey);
}

/**
 * One for all, to join short parts in: libsodium takes half the time for one array as for a list of them. It reads them
 * inside the call, so this is free again when the call returns.
 */
const joined = new Uint8Array(512);

/** BLAKE2b (RFC 7693) of the parts joined. @param length of the hash, 16 to 64 bytes */
export function blake2b(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return hashInto(new Uint8Array(length), parts);
}

/** BLAKE2b in its keyed mode, a MAC. @param length 16 to 64 bytes @param key 16 to 64 bytes */
export function keyedHash(length: number, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hashInto(new Uint8Array(length), parts, key);
}

/** BLAKE2b at its full length, in a slice of a common slab: for what is not kept. */
export function briefHash(...parts: readonly Uint8Array[]): Uint8Array {
  return hashInto(freshBytes(HASH_BYTES), parts);
}

function hashInto(hash: Uint8Array, parts: readonly Uint8Array[], key?: Uint8Array): Uint8Array {
  let bytes = 0;
  for (const part of parts) {
    if (bytes + part.length <= joined.length) joined.set(part, bytes);
    bytes += part.length;
  }
  if (bytes <= joined.length) sodium.crypto_generichash(hash, joined.subarray(0, bytes), key);
  else sodium.crypto_generichash_batch(hash, parts, key);
  return hash;
}

/** A key of HMAC filled up to a block; one for all, as `joined` is. */
const block = new Uint8Array(HASH_BLOCK_BYTES);

/**
 * HMAC-BLAKE2b (RFC 2104 over 64-byte BLAKE2b), which Noise prescribes although BLAKE2b has a mode with a key. In a slice
 * of a common slab, as `briefHash`.
 */
export function hmacBlake2b(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const short = key.length > HASH_BLOCK_BYTES ? briefHash(key) : key;
  fillBlock(short, 0x36);
  const inner = briefHash(block, ...parts);
  fillBlock(short, 0x5c);
  return briefHash(block, inner);
}

function fillBlock(key: Uint8Array, pad: number): void {
  block.fill(pad);
  for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
}

/**
 * HKDF (RFC 5869) with HMAC-BLAKE2b and an empty salt.
 * @param label goes in as `info`, so that keys for different purposes differ
 * @param length up to 255 * 64 bytes
 */
export function hkdf(key: Uint8Array, label: string | Uint8Array, length: number): Uint8Array {
  assert(length <= 255 * HASH_BYTES, 'hkdf length');
  const info = typeof label === 'string' ? new TextEncoder().encode(label) : label;
  const pseudoRandomKey = hmacBlake2b(new Uint8Array(HASH_BYTES), key);
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, counter = 1; at < length; at += HASH_BYTES, counter++) {
    block = hmacBlake2b(pseudoRandomKey, block, info, Uint8Array.of(counter));
    output.set(block.subarray(0, length - at), at);
  }
  return output;
}

/** R6: BLAKE2b-128 of both public keys. */
export function deviceIdOf(exchangeKey: Uint8Array, signKey: Uint8Array): DeviceId {
  return toHex(blake2b(16, exchangeKey, signKey)) as DeviceId;
}

/** Compares in constant time; the lengths are not secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && sodium.sodium_memcmp(a, b);
}
