import { assert } from '../assert.ts';
import { PACKET_HEADER_BYTES } from '../limits.ts';
import { PACKET_TYPES, type PacketHeader, type PacketType } from './packet.ts';

/** Packet numbers are u48 on the wire. */
export const PACKET_NUMBER_MAX = 2 ** 48 - 1;

const FIXED_BITS = 0xc0;
const KEY_PHASE_BIT = 0x04;
const ACK_NOW_BIT = 0x02;
const ZERO_BIT = 0x01;

/**
 * The 11 bytes before the ciphertext, all of them associated data.
 * @param into written to from its start when given; must hold 11 bytes
 */
export function encodeHeader(header: PacketHeader, into = new Uint8Array(PACKET_HEADER_BYTES)): Uint8Array {
  const { receiverIndex, packetNumber } = header;
  assert(packetNumber >= 0 && packetNumber <= PACKET_NUMBER_MAX, 'packet number out of range');
  into[0] = firstByte(header.type, header.ackNow);
  into[1] = receiverIndex >>> 24;
  into[2] = receiverIndex >>> 16;
  into[3] = receiverIndex >>> 8;
  into[4] = receiverIndex;
  const high = Math.floor(packetNumber / 2 ** 32);
  const low = packetNumber >>> 0;
  into[5] = high >>> 8;
  into[6] = high;
  into[7] = low >>> 24;
  into[8] = low >>> 16;
  into[9] = low >>> 8;
  into[10] = low;
  return into;
}

/**
 * Reads the header of a data or probe packet. Handshake packets share the first byte only: tell them apart with
 * packetTypeOf and read them with the decoders of handshake-packet.ts.
 * @returns undefined for anything that is no packet of ours
 */
export function decodeHeader(bytes: Uint8Array): PacketHeader | undefined {
  const type = packetTypeOf(bytes);
  if (type === undefined || bytes.length < PACKET_HEADER_BYTES) return undefined;
  return {
    type,
    ackNow: (bytes[0]! & ACK_NOW_BIT) !== 0,
    receiverIndex: u32At(bytes, 1),
    packetNumber: (bytes[5]! * 256 + bytes[6]!) * 2 ** 32 + u32At(bytes, 7),
  };
}

/** What the first byte says: for telling packets apart before anything else is read. */
export function packetTypeOf(bytes: Uint8Array): PacketType | undefined {
  const first = bytes[0];
  if (first === undefined || (first & FIXED_BITS) !== FIXED_BITS) return undefined;
  if ((first & (KEY_PHASE_BIT | ZERO_BIT)) !== 0) return undefined;
  return PACKET_TYPES[(first >> 3) & 0x07];
}

export function firstByte(type: PacketType, ackNow: boolean): number {
  return FIXED_BITS | (PACKET_TYPES.indexOf(type) << 3) | (ackNow ? ACK_NOW_BIT : 0);
}

/** Big endian; the caller has checked the length. */
export function u32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
