import { type Codec, decode, encode, fixedBytes, struct, u32 } from '../bytes/codec.ts';
import { type DeviceId, deviceIdToBytes } from '../ids.ts';
import { MAILBOX_KEY_BYTES_MAX } from '../limits.ts';
import { KEM_PUBLIC_KEY_BYTES, KEM_SEED_BYTES, type KemKeyPair, kemKeyPairOf, readKemKey } from './envelope-kem.ts';
import {
  EXCHANGE_KEY_BYTES,
  exchangeKeyPairOf,
  hkdf,
  isUsableExchangeKey,
  type KeyPair,
  SIGNATURE_BYTES,
  sign,
  verify,
} from './keys.ts';

/** A link of the chain from which a device's mailbox keys come, one each week (R9). */
export const LINK_SECRET_BYTES = 32;
/**
 * A chain has no more steps than this: 78 years of weeks. It bounds what whoever names a step makes us compute, about 2 µs
 * for each.
 */
export const MAILBOX_STEP_MAX = 4_095;

/** Which chain, and which link of it. */
export interface MailboxKeyId {
  readonly generation: number;
  /** From 0, at most MAILBOX_STEP_MAX. */
  readonly step: number;
}

/** What a device publishes and others seal for. */
export interface MailboxKey extends MailboxKeyId {
  /** X25519. */
  readonly exchangeKey: Uint8Array;
  /** ML-KEM-768. */
  readonly kemKey: Uint8Array;
}

/** What one link opens. */
export interface MailboxKeyPair {
  readonly exchange: KeyPair;
  readonly kem: KemKeyPair;
}

const SIGNATURE_LABEL = new TextEncoder().encode('magpie mailbox key 1\0');

const mailboxKeyCodec: Codec<MailboxKey> = struct({
  generation: u32,
  step: u32,
  exchangeKey: fixedBytes(EXCHANGE_KEY_BYTES),
  kemKey: fixedBytes(KEM_PUBLIC_KEY_BYTES),
});

/** One way only: whoever has this link has every later one, and none before. */
export function nextLink(secret: Uint8Array): Uint8Array {
  return hkdf(secret, 'magpie mailbox step 1', LINK_SECRET_BYTES);
}

/** @param steps 0 to MAILBOX_STEP_MAX */
export function walkLinks(secret: Uint8Array, steps: number): Uint8Array {
  let link = secret;
  for (let step = 0; step < steps; step++) link = nextLink(link);
  return Uint8Array.from(link);
}

export function mailboxKeyPairOf(secret: Uint8Array): MailboxKeyPair {
  return {
    exchange: exchangeKeyPairOf(hkdf(secret, 'magpie mailbox x25519 1', EXCHANGE_KEY_BYTES)),
    kem: kemKeyPairOf(hkdf(secret, 'magpie mailbox mlkem 1', KEM_SEED_BYTES)),
  };
}

/** The key of a link as it is published: its fields, then the device's signature over a label, its id and the fields. */
export function signMailboxKey(
  id: MailboxKeyId,
  pair: MailboxKeyPair,
  device: DeviceId,
  signSecretKey: Uint8Array,
): Uint8Array {
  const fields = encode(mailboxKeyCodec, {
    generation: id.generation,
    step: id.step,
    exchangeKey: pair.exchange.publicKey,
    kemKey: pair.kem.publicKey,
  });
  return joined(fields, sign(signedBytes(device, fields), signSecretKey));
}

/**
 * @param device whose key it is said to be; @param signKey of that device, from the signed list of its account
 * @returns the key, in copies of its own; undefined for what this device did not sign, and for keys that nothing can be
 *   sealed for
 */
export function verifyMailboxKey(blob: Uint8Array, device: DeviceId, signKey: Uint8Array): MailboxKey | undefined {
  if (blob.length <= SIGNATURE_BYTES || blob.length > MAILBOX_KEY_BYTES_MAX) return undefined;
  const own = Uint8Array.from(blob);
  const fields = own.subarray(0, own.length - SIGNATURE_BYTES);
  const key = decode(mailboxKeyCodec, fields);
  if (!key.ok || key.value.step > MAILBOX_STEP_MAX) return undefined;
  if (!verify(own.subarray(fields.length), signedBytes(device, fields), signKey)) return undefined;
  if (!isUsableExchangeKey(key.value.exchangeKey) || !readKemKey(key.value.kemKey)) return undefined;
  return key.value;
}

/** Of two keys of one device, the one to seal for is that of the newer chain, then of the later step. */
export function isNewerKey(a: MailboxKeyId, b: MailboxKeyId): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.step > b.step);
}

function signedBytes(device: DeviceId, fields: Uint8Array): Uint8Array {
  return joined(SIGNATURE_LABEL, deviceIdToBytes(device), fields);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
