import { fromHex, toHex } from './bytes/hex.ts';
import type { RandomSource } from './random.ts';

declare const brand: unique symbol;

/** A nominal type: only a parser in this file (or a codec) makes one. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Server-given number of a person, from 10001 up. */
export type AccountNumber = Brand<number, 'AccountNumber'>;
/** Unique, case-folded account name (R25). */
export type AccountName = Brand<string, 'AccountName'>;
/** BLAKE2b-128 of the device's two public keys, as 32 hex digits (R6). */
export type DeviceId = Brand<string, 'DeviceId'>;
/** UUIDv7 made by the sender once, for ever; 32 hex digits without dashes. */
export type MessageId = Brand<string, 'MessageId'>;
/** One mail of a device in the mailbox of another: the id of its message, or 16 bytes that name a slot; 32 hex digits. */
export type MailId = Brand<string, 'MailId'>;
/** One numbering of a device's messages: 8 random bytes as 16 hex digits; a restored profile takes a new one (R17). */
export type Incarnation = Brand<string, 'Incarnation'>;
/** Rises with every login of a device; writes of an older one are refused (R21). */
export type SessionEpoch = Brand<number, 'SessionEpoch'>;
/** Pairs a request with its answer on one server connection, u32. */
export type RequestId = Brand<number, 'RequestId'>;

export const ACCOUNT_NUMBER_MIN = 10_001;
export const ACCOUNT_NAME_PATTERN = /^[a-z][a-z0-9_]{2,31}$/;

export function parseAccountNumber(text: string): AccountNumber | undefined {
  if (!/^[1-9][0-9]{4,9}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= ACCOUNT_NUMBER_MIN && number <= 0xffff_ffff ? (number as AccountNumber) : undefined;
}

/** Folds case, then checks `[a-z][a-z0-9_]{2,31}` (R25). */
export function parseAccountName(text: string): AccountName | undefined {
  const folded = text.toLowerCase();
  return ACCOUNT_NAME_PATTERN.test(folded) ? (folded as AccountName) : undefined;
}

export function parseDeviceId(text: string): DeviceId | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? (text as DeviceId) : undefined;
}

/** Accepts 32 hex digits, with or without the dashes of a UUID, in either case. */
export function parseMessageId(text: string): MessageId | undefined {
  const bare = text.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(bare) ? (bare as MessageId) : undefined;
}

export function deviceIdToBytes(id: DeviceId): Uint8Array {
  return fromHex(id);
}

/** A new UUIDv7 (RFC 9562 section 5.7) from wall time and chance. */
export function newMessageId(wallMs: number, random: RandomSource): MessageId {
  const bytes = random.bytes(16).slice();
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(wallMs / 2 ** 32) & 0xffff);
  view.setUint32(2, wallMs % 2 ** 32);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return toHex(bytes) as MessageId;
}

export function newIncarnation(random: RandomSource): Incarnation {
  return toHex(random.bytes(8)) as Incarnation;
}
