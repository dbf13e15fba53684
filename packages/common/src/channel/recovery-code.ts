import { fromBase32, toBase32 } from '../bytes/base32.ts';
import type { Brand } from '../ids.ts';
import { SEALED_SEED_BYTES } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { CIPHER_KEY_BYTES, openInto, sealInto } from './aead.ts';
import { inGroups, ungrouped } from './code-text.ts';
import { blake2b, hkdf, type KeyPair, SIGN_KEY_BYTES, sign, signingKeyPairOf, verify } from './keys.ts';

/** R7: 128 bits, shown once. It opens the sealed seed of the account key and proves itself to the server. */
export type RecoveryCode = Brand<Uint8Array, 'RecoveryCode'>;

export const SEED_BYTES = 32;
const CODE_BYTES = 16;
const PASSWORD_HASH_BYTES = 32;

/** Keeps a signature for a recovery from being taken for a signature over anything else. */
const SIGNATURE_LABEL = new TextEncoder().encode('magpie recover 1\0');

/** What a recovery signs: where, for which device and account, and which password it sets. */
export interface RecoveryClaim {
  /** Static key of the server (LK), so that another server can do nothing with the signature. */
  readonly serverKey: Uint8Array;
  /** Exchange key of the device that asks: the one its handshake proved. */
  readonly exchangeKey: Uint8Array;
  /** Name or number as in the frame; case and outer white space do not matter. */
  readonly account: string;
  /** Empty: the password stays. */
  readonly newPassword: string;
}

export function newRecoveryCode(random: RandomSource): RecoveryCode {
  return Uint8Array.from(random.bytes(CODE_BYTES)) as RecoveryCode;
}

/** 26 base32 characters in groups of four. */
export function formatRecoveryCode(code: RecoveryCode): string {
  return inGroups(toBase32(code));
}

/** Takes either case, and ignores white space and dashes wherever they stand; undefined when it is no code. */
export function parseRecoveryCode(text: string): RecoveryCode | undefined {
  const letters = ungrouped(text);
  return letters === undefined ? undefined : (fromBase32(letters, CODE_BYTES) as RecoveryCode | undefined);
}

/** The Ed25519 pair whose public half the server keeps: it knows who has the code, and cannot open the seal. */
export function recoveryKeyPair(code: RecoveryCode): KeyPair {
  return signingKeyPairOf(hkdf(code, 'magpie recovery sign 1', SEED_BYTES));
}

/**
 * The account's seed for the server to keep, bound to the account key it belongs to. The nonce is always 0: one code
 * seals one seed once.
 */
export function sealSeed(code: RecoveryCode, seed: Uint8Array): Uint8Array {
  const accountKey = signingKeyPairOf(seed).publicKey;
  const sealed = new Uint8Array(SEALED_SEED_BYTES);
  sealInto(sealed, sealKeyOf(code), 0, accountKey, seed);
  return sealed;
}

/** @returns the seed of this very account key, or undefined: another code, other bytes, or the seed of another key */
export function openSeed(code: RecoveryCode, accountKey: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  return openSeedWith(sealKeyOf(code), accountKey, sealed);
}

/** As `openSeed`, with the key of the seal. */
export function openSeedWith(sealKey: Uint8Array, accountKey: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length !== SEALED_SEED_BYTES || accountKey.length !== SIGN_KEY_BYTES) return undefined;
  const seed = new Uint8Array(SEED_BYTES);
  if (!openInto(seed, sealKey, 0, accountKey, sealed)) return undefined;
  // A seal of some other seed would let whoever made it sign for a key that nobody has pinned.
  return Buffer.compare(signingKeyPairOf(seed).publicKey, accountKey) === 0 ? seed : undefined;
}

/** The bytes under the signature of `recover` (ID13). */
export function recoveryMessage(claim: RecoveryClaim): Uint8Array {
  const account = new TextEncoder().encode(claim.account.trim().toLowerCase());
  const password = blake2b(PASSWORD_HASH_BYTES, new TextEncoder().encode(claim.newPassword));
  return Buffer.concat([
    SIGNATURE_LABEL,
    claim.serverKey,
    claim.exchangeKey,
    Uint8Array.of(account.length & 0xff),
    account,
    password,
  ]);
}

export function signRecovery(code: RecoveryCode, claim: RecoveryClaim): Uint8Array {
  return sign(recoveryMessage(claim), recoveryKeyPair(code).secretKey);
}

export function verifyRecovery(recoveryKey: Uint8Array, claim: RecoveryClaim, signature: Uint8Array): boolean {
  return verify(signature, recoveryMessage(claim), recoveryKey);
}

function sealKeyOf(code: RecoveryCode): Uint8Array {
  return hkdf(code, 'magpie recovery seal 1', CIPHER_KEY_BYTES);
}
