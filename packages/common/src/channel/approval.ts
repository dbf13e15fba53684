import { fromBase32, toBase32 } from '../bytes/base32.ts';
import type { Brand } from '../ids.ts';
import { APPROVED_SEED_BYTES, SEALED_SEED_BYTES } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { CIPHER_KEY_BYTES, sealInto } from './aead.ts';
import { inGroups, ungrouped } from './code-text.ts';
import {
  EXCHANGE_KEY_BYTES,
  equalBytes,
  exchange,
  hkdf,
  keyedHash,
  newExchangeKeyPair,
  signingKeyPairOf,
} from './keys.ts';
import { openSeedWith } from './recovery-code.ts';

/**
 * R7: 80 bits that one device shows and its owner types at another, to be used once, within minutes. The server never
 * sees it; what it does see, the proof, it cannot search for the code in that time.
 */
export type ApprovalCode = Brand<Uint8Array, 'ApprovalCode'>;

/** The device that asks: what its code proof and the answer are bound to. */
export interface AskingDevice {
  readonly exchangeKey: Uint8Array;
  readonly signKey: Uint8Array;
}

const CODE_BYTES = 10;
const PROOF_BYTES = 32;
const ASK_LABEL = new TextEncoder().encode('ask');

export function newApprovalCode(random: RandomSource): ApprovalCode {
  return Uint8Array.from(random.bytes(CODE_BYTES)) as ApprovalCode;
}

/** 16 base32 characters in groups of four. */
export function formatApprovalCode(code: ApprovalCode): string {
  return inGroups(toBase32(code));
}

/** Takes either case, and ignores white space and dashes wherever they stand; undefined when it is no code. */
export function parseApprovalCode(text: string): ApprovalCode | undefined {
  const letters = ungrouped(text);
  return letters === undefined ? undefined : (fromBase32(letters, CODE_BYTES) as ApprovalCode | undefined);
}

/** Shows to an old device of the account that this new one was given the code. */
export function approvalProof(code: ApprovalCode, device: AskingDevice, accountKey: Uint8Array): Uint8Array {
  return keyedHash(PROOF_BYTES, codeKeyOf(code), ASK_LABEL, device.exchangeKey, device.signKey, accountKey);
}

export function isApprovalProof(
  proof: Uint8Array,
  code: ApprovalCode,
  device: AskingDevice,
  accountKey: Uint8Array,
): boolean {
  return equalBytes(proof, approvalProof(code, device, accountKey));
}

/**
 * The account's seed for a new device: sealed by the code and by an exchange with its key, so that neither the server
 * nor whoever saw the code over a shoulder can open it.
 * @param exchangeKey of the new device
 * @returns undefined when no exchange with that key can succeed
 */
export function sealSeedFor(
  code: ApprovalCode,
  exchangeKey: Uint8Array,
  seed: Uint8Array,
  random: RandomSource,
): Uint8Array | undefined {
  const ephemeral = newExchangeKeyPair(random);
  const shared = exchange(ephemeral.secretKey, exchangeKey);
  if (!shared) return undefined;
  const sealKey = sealKeyOf(code, shared, ephemeral.publicKey, exchangeKey);
  const answer = new Uint8Array(APPROVED_SEED_BYTES);
  answer.set(ephemeral.publicKey);
  sealInto(answer.subarray(EXCHANGE_KEY_BYTES), sealKey, 0, signingKeyPairOf(seed).publicKey, seed);
  return answer;
}

/**
 * @param device its own pair; @param accountKey the one that `enroll-needed` named
 * @returns the seed of this very account key, or undefined: another code or device, or other bytes
 */
export function openSeedFrom(
  code: ApprovalCode,
  device: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array },
  accountKey: Uint8Array,
  answer: Uint8Array,
): Uint8Array | undefined {
  if (answer.length !== EXCHANGE_KEY_BYTES + SEALED_SEED_BYTES) return undefined;
  const ephemeralKey = answer.subarray(0, EXCHANGE_KEY_BYTES);
  const shared = exchange(device.secretKey, ephemeralKey);
  if (!shared) return undefined;
  const sealKey = sealKeyOf(code, shared, ephemeralKey, device.publicKey);
  return openSeedWith(sealKey, accountKey, answer.subarray(EXCHANGE_KEY_BYTES));
}

function codeKeyOf(code: ApprovalCode): Uint8Array {
  return hkdf(code, 'magpie approval 1', CIPHER_KEY_BYTES);
}

function sealKeyOf(
  code: ApprovalCode,
  shared: Uint8Array,
  ephemeralKey: Uint8Array,
  exchangeKey: Uint8Array,
): Uint8Array {
  const material = Buffer.concat([shared, codeKeyOf(code), ephemeralKey, exchangeKey]);
  return hkdf(material, 'magpie approval seal 1', CIPHER_KEY_BYTES);
}
