import { assert } from '../assert.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { DATAGRAM_BYTES_MAX, PACKET_HEADER_BYTES } from '../limits.ts';
import { firstByte, u32At } from './header.ts';

/**
 * ```
 * off size   init, first packet of a session (R1)      response
 * 0   1      byte0, type init                          byte0, type response
 * 1   4      sender index u32                          receiver index u32 (the init's sender index)
 * 5   6      zero                                      sender index u32, 2 zero bytes
 * 11  8      psk id                                    Noise message 2 to the end
 * 19  16     mac, keyed by the psk (R3)
 * 35  16     cookie mac, zero without a cookie
 * 51  n      Noise message 1 to the end
 * ```
 * All that precedes Noise is its prologue. An answer must never be longer than its question. Message 1 of IKpsk2 is
 * 96 bytes and its payload, message 2 is 48 bytes and its payload: the shortest init is 147 bytes long, so a response
 * with at most 88 bytes of payload fits any init and nothing needs padding. A longer payload in message 2 would need
 * zeros appended to the payload of message 1, where they are encrypted and ignored as bytes after the last field.
 */
export interface InitPacket {
  readonly senderIndex: number;
  readonly pskId: Uint8Array;
  readonly mac: Uint8Array;
  readonly cookieMac: Uint8Array;
  readonly noise: Uint8Array;
}

export interface ResponsePacket {
  readonly receiverIndex: number;
  readonly senderIndex: number;
  readonly noise: Uint8Array;
}

export const PSK_ID_BYTES = 8;
export const HANDSHAKE_MAC_BYTES = 16;
/** Where the mac stands: it covers what comes before it and the Noise message after both macs. */
export const INIT_MAC_OFFSET = PACKET_HEADER_BYTES + PSK_ID_BYTES;
export const INIT_PROLOGUE_BYTES = INIT_MAC_OFFSET + 2 * HANDSHAKE_MAC_BYTES;
export const RESPONSE_PROLOGUE_BYTES = PACKET_HEADER_BYTES;
/** e 32, s 32 + 16, payload 0 + 16. */
export const INIT_NOISE_BYTES_MIN = 96;
/** e 32, payload 0 + 16. */
export const RESPONSE_NOISE_BYTES_MIN = 48;
/** The longest response that is no longer than the shortest init. */
export const RESPONSE_NOISE_BYTES_MAX = INIT_PROLOGUE_BYTES + INIT_NOISE_BYTES_MIN - RESPONSE_PROLOGUE_BYTES;

/** Everything before the Noise message: the prologue of message 1. */
export function initPrologue(init: Omit<InitPacket, 'noise'>): Uint8Array {
  assert(init.pskId.length === PSK_ID_BYTES, 'psk id is 8 bytes');
  assert(init.mac.length === HANDSHAKE_MAC_BYTES && init.cookieMac.length === HANDSHAKE_MAC_BYTES, 'macs are 16 bytes');
  const writer = new ByteWriter(INIT_PROLOGUE_BYTES);
  writer.u8(firstByte('init', false));
  writer.u32(init.senderIndex);
  writer.zeros(6);
  writer.bytes(init.pskId);
  writer.bytes(init.mac);
  writer.bytes(init.cookieMac);
  return writer.finish();
}

export function encodeInit(init: InitPacket): Uint8Array {
  assert(init.noise.length >= INIT_NOISE_BYTES_MIN, 'message 1 too short');
  return join(initPrologue(init), init.noise);
}

/** @returns undefined when malformed; the fields are views into `bytes` */
export function decodeInit(bytes: Uint8Array): InitPacket | undefined {
  if (bytes.length < INIT_PROLOGUE_BYTES + INIT_NOISE_BYTES_MIN || bytes.length > DATAGRAM_BYTES_MAX) return undefined;
  if (bytes[0] !== firstByte('init', false) || !zeros(bytes, 5, PACKET_HEADER_BYTES)) return undefined;
  return {
    senderIndex: u32At(bytes, 1),
    pskId: bytes.subarray(PACKET_HEADER_BYTES, INIT_MAC_OFFSET),
    mac: bytes.subarray(INIT_MAC_OFFSET, INIT_MAC_OFFSET + HANDSHAKE_MAC_BYTES),
    cookieMac: bytes.subarray(INIT_MAC_OFFSET + HANDSHAKE_MAC_BYTES, INIT_PROLOGUE_BYTES),
    noise: bytes.subarray(INIT_PROLOGUE_BYTES),
  };
}

/** Everything before the Noise message. Noise has one prologue, the init's; the hello in message 2 repeats the sender index. */
export function responsePrologue(response: Omit<ResponsePacket, 'noise'>): Uint8Array {
  const writer = new ByteWriter(RESPONSE_PROLOGUE_BYTES);
  writer.u8(firstByte('response', false));
  writer.u32(response.receiverIndex);
  writer.u32(response.senderIndex);
  writer.zeros(2);
  return writer.finish();
}

export function encodeResponse(response: ResponsePacket): Uint8Array {
  const { length } = response.noise;
  assert(length >= RESPONSE_NOISE_BYTES_MIN && length <= RESPONSE_NOISE_BYTES_MAX, 'message 2 of a wrong length');
  return join(responsePrologue(response), response.noise);
}

/** @returns undefined when malformed; `noise` is a view into `bytes` */
export function decodeResponse(bytes: Uint8Array): ResponsePacket | undefined {
  const noiseBytes = bytes.length - RESPONSE_PROLOGUE_BYTES;
  if (noiseBytes < RESPONSE_NOISE_BYTES_MIN || noiseBytes > RESPONSE_NOISE_BYTES_MAX) return undefined;
  if (bytes[0] !== firstByte('response', false) || !zeros(bytes, 9, RESPONSE_PROLOGUE_BYTES)) return undefined;
  return {
    receiverIndex: u32At(bytes, 1),
    senderIndex: u32At(bytes, 5),
    noise: bytes.subarray(RESPONSE_PROLOGUE_BYTES),
  };
}

function join(prologue: Uint8Array, noise: Uint8Array): Uint8Array {
  const packet = new Uint8Array(prologue.length + noise.length);
  packet.set(prologue);
  packet.set(noise, prologue.length);
  return packet;
}

function zeros(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
