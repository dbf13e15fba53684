import { hash } from 'node:crypto';
import type { AccountNumber } from '../ids.ts';

/** One side of a safety number: the account as the server names it, and the key that it is held to have. */
export interface SafetySide {
  readonly account: AccountNumber;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
}

/** Each guess at a key with the same digits costs this many hashes (Signal's NumericFingerprintGenerator: 5200). */
const ITERATIONS = 5_200;
/** Goes into the hash: another scheme gets another number. */
const VERSION = 1;
const CHUNK_BYTES = 5;
const CHUNKS_PER_SIDE = 6;
const CHUNK_VALUES = 100_000;

/**
 * The number that two people read to each other: 60 digits in groups of five, the same on both sides whoever computes
 * it (Signal's numeric fingerprints, with SHA-512). Each side's 30 digits stand for about 100 bits.
 */
export function safetyNumber(a: SafetySide, b: SafetySide): string {
  const [first, second] = [digitsOf(a), digitsOf(b)].sort() as [string, string];
  return (first + second).replace(/\d{5}(?=\d)/g, '$& ');
}

function digitsOf({ account, accountKey }: SafetySide): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(account);
  let digest = Buffer.concat([Uint8Array.of(0, VERSION), accountKey, number]);
  for (let i = 0; i < ITERATIONS; i++) digest = hash('sha512', Buffer.concat([digest, accountKey]), 'buffer');
  let digits = '';
  for (let i = 0; i < CHUNKS_PER_SIDE; i++) {
    const value = digest.readUIntBE(i * CHUNK_BYTES, CHUNK_BYTES) % CHUNK_VALUES;
    digits += String(value).padStart(5, '0');
  }
  return digits;
}
