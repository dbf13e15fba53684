import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { REFLECT_REQUEST_BYTES, REFLECT_RESPONSE_BYTES } from '../limits.ts';
import { type Endpoint, endpointCodec } from '../net.ts';

/**
 * ```
 * question, 112 bytes: 0x44 | token 32 | txid 8 | zeros
 * answer,    48 bytes: 0x45 | txid 8 | observed endpoint 18 | zeros
 * ```
 * The question is longer than the answer, so the reflector amplifies nothing (security.md 5.2). First bytes 0x40 to
 * 0x4f belong to us beside packets (0xC0 and up) and STUN (below 0x04).
 */
export const REFLECT_QUESTION_BYTE0 = 0x44;
export const REFLECT_ANSWER_BYTE0 = 0x45;
export const REFLECT_TOKEN_BYTES = 32;
export const REFLECT_TXID_BYTES = 8;

export interface ReflectQuestion {
  readonly token: Uint8Array;
  readonly txid: Uint8Array;
}

export interface ReflectAnswer {
  readonly txid: Uint8Array;
  /** Where the question was seen coming from. */
  readonly observed: Endpoint;
}

export function encodeReflectQuestion(question: ReflectQuestion): Uint8Array {
  const writer = new ByteWriter(REFLECT_REQUEST_BYTES);
  writer.u8(REFLECT_QUESTION_BYTE0);
  writer.bytes(question.token);
  writer.bytes(question.txid);
  writer.zeros(REFLECT_REQUEST_BYTES - writer.length);
  return writer.finish();
}

/** @returns undefined for anything that is not exactly a question; the padding is not looked at */
export function decodeReflectQuestion(datagram: Uint8Array): ReflectQuestion | undefined {
  if (datagram.length !== REFLECT_REQUEST_BYTES || datagram[0] !== REFLECT_QUESTION_BYTE0) return undefined;
  const txidAt = 1 + REFLECT_TOKEN_BYTES;
  return {
    token: datagram.subarray(1, txidAt),
    txid: datagram.subarray(txidAt, txidAt + REFLECT_TXID_BYTES),
  };
}

export function encodeReflectAnswer(answer: ReflectAnswer): Uint8Array {
  const writer = new ByteWriter(REFLECT_RESPONSE_BYTES);
  writer.u8(REFLECT_ANSWER_BYTE0);
  writer.bytes(answer.txid);
  endpointCodec.write(writer, answer.observed);
  writer.zeros(REFLECT_RESPONSE_BYTES - writer.length);
  return writer.finish();
}

/** @returns undefined for anything that is not exactly an answer; compare the txid with the questions asked */
export function decodeReflectAnswer(datagram: Uint8Array): ReflectAnswer | undefined {
  if (datagram.length !== REFLECT_RESPONSE_BYTES || datagram[0] !== REFLECT_ANSWER_BYTE0) return undefined;
  const reader = new ByteReader(datagram.subarray(1));
  const txid = reader.bytes(REFLECT_TXID_BYTES);
  const observed = endpointCodec.read(reader);
  return reader.error ? undefined : { txid, observed };
}
