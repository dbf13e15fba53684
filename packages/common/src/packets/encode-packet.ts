import { assert, unreachable } from '../assert.ts';
import { ByteWriter, varintLength } from '../bytes/byte-writer.ts';
import { ACK_RANGES_MAX, CANDIDATES_MAX, CLOSE_REASON_BYTES_MAX } from '../limits.ts';
import { endpointCodec } from '../net.ts';
import {
  DATA_FIN,
  DATA_LENGTH,
  DATA_OFFSET,
  FRAME_ID,
  PATH_FLAG,
  PATH_VALUE_BYTES,
  REKEY_NOISE_BYTES_MAX,
} from './frame-ids.ts';
import {
  type AckFrame,
  CANDIDATE_KINDS,
  type CandidatesFrame,
  type DataFrame,
  type PathFrame,
  type RekeyFrame,
  type SessionFrame,
} from './packet.ts';

/** The payload of one packet: the frames one after the other. */
export function encodeSessionFrames(frames: readonly SessionFrame[]): Uint8Array {
  const writer = new ByteWriter();
  for (const frame of frames) writeSessionFrame(writer, frame);
  return writer.finish();
}

export function writeSessionFrame(w: ByteWriter, frame: SessionFrame): void {
  switch (frame.type) {
    case 'padding':
      w.zeros(frame.length);
      return;
    case 'ping':
      w.u8(FRAME_ID.ping);
      return;
    case 'ack':
      writeAck(w, frame);
      return;
    case 'credit':
      w.u8(FRAME_ID.credit);
      w.varint(frame.dataMax);
      return;
    case 'stream-credit':
      w.u8(FRAME_ID.streamCredit);
      w.varint(frame.stream);
      w.varint(frame.offsetMax);
      return;
    case 'data':
      writeData(w, frame);
      return;
    case 'reset':
      w.u8(FRAME_ID.reset);
      w.varint(frame.stream);
      w.varint(frame.code);
      w.varint(frame.finalBytes);
      return;
    case 'stop':
      w.u8(FRAME_ID.stop);
      w.varint(frame.stream);
      w.varint(frame.code);
      return;
    case 'datagram':
      w.u8(FRAME_ID.datagram);
      w.varBytes(frame.bytes);
      return;
    case 'path-challenge':
      w.u8(FRAME_ID.pathChallenge);
      writePathValue(w, frame.value);
      return;
    case 'path-response':
      w.u8(FRAME_ID.pathResponse);
      writePathValue(w, frame.value);
      return;
    case 'new-index':
      w.u8(FRAME_ID.newIndex);
      w.u32(frame.index);
      w.varint(frame.sequence);
      return;
    case 'retire-index':
      w.u8(FRAME_ID.retireIndex);
      w.u32(frame.index);
      w.varint(frame.sequence);
      return;
    case 'close':
      w.u8(FRAME_ID.close);
      w.varint(frame.code);
      assert(Buffer.byteLength(frame.reason) <= CLOSE_REASON_BYTES_MAX, 'close reason too long');
      w.text(frame.reason);
      return;
    case 'rekey':
      writeRekey(w, frame);
      return;
    case 'candidates':
      writeCandidates(w, frame);
      return;
    case 'path':
      writePath(w, frame);
      return;
    default:
      unreachable(frame);
  }
}

/**
 * v largest, v delay in units of 8 us, u32 receive time, u8 number of further ranges, v length of the first range - 1,
 * then per range v gap (missing numbers - 1) and v length - 1, as RFC 9000 section 19.3.1 counts them.
 */
export function writeAck(w: ByteWriter, { ranges, ackDelayUs, recvTimeUs }: Omit<AckFrame, 'type'>): void {
  const first = ranges[0];
  assert(first !== undefined && ranges.length <= ACK_RANGES_MAX, 'an ack has 1 to 32 ranges');
  w.u8(FRAME_ID.ack);
  w.varint(first.to);
  w.varint(Math.floor(ackDelayUs / 8));
  w.u32(recvTimeUs);
  w.u8(ranges.length - 1);
  w.varint(first.to - first.from);
  for (let i = 1; i < ranges.length; i++) {
    const range = ranges[i]!;
    w.varint(ranges[i - 1]!.from - range.to - 2);
    w.varint(range.to - range.from);
  }
}

/** Always with a length, so that any frame may follow. */
export function writeData(w: ByteWriter, frame: Omit<DataFrame, 'type'>): void {
  const { stream, offset, opening, bytes } = frame;
  w.u8(FRAME_ID.data | DATA_LENGTH | (frame.fin ? DATA_FIN : 0) | (offset > 0 ? DATA_OFFSET : 0));
  w.varint(stream);
  if (offset > 0) w.varint(offset);
  else {
    assert(opening !== undefined, 'a frame at offset 0 opens its stream');
    w.u8(opening.class);
    w.varint(opening.totalBytes);
  }
  w.varBytes(bytes);
}

/** Bytes of a data frame before its content, at most; `length` is the content's. */
export function dataFrameOverhead(stream: number, offset: number, totalBytes: number, length: number): number {
  const opening = offset > 0 ? varintLength(offset) : 1 + varintLength(totalBytes);
  return 1 + varintLength(stream) + opening + varintLength(length);
}

function writePathValue(w: ByteWriter, value: Uint8Array): void {
  assert(value.length === PATH_VALUE_BYTES, 'a challenge is 8 bytes');
  w.bytes(value);
}

function writeRekey(w: ByteWriter, frame: RekeyFrame): void {
  assert(frame.noise.length <= REKEY_NOISE_BYTES_MAX, 'rekey message too long');
  w.u8(FRAME_ID.rekey);
  w.u8(frame.step);
  w.u32(frame.index);
  w.varBytes(frame.noise);
}

function writeCandidates(w: ByteWriter, frame: CandidatesFrame): void {
  assert(frame.candidates.length <= CANDIDATES_MAX, 'too many candidates');
  w.u8(FRAME_ID.candidates);
  w.varint(frame.generation);
  w.varint(frame.candidates.length);
  for (const candidate of frame.candidates) {
    w.u16(candidate.id);
    w.u8(CANDIDATE_KINDS.indexOf(candidate.kind));
    endpointCodec.write(w, candidate.endpoint);
  }
}

/** Fixed length, 46 bytes: absent fields are zero, so that a probe's size says nothing. */
function writePath(w: ByteWriter, frame: PathFrame): void {
  const flags =
    (frame.challenge ? PATH_FLAG.challenge : 0) |
    (frame.echo ? PATH_FLAG.echo : 0) |
    (frame.selected ? PATH_FLAG.selected : 0) |
    (frame.suspect ? PATH_FLAG.suspect : 0) |
    (frame.keepAlive ? PATH_FLAG.keepAlive : 0) |
    (frame.observed ? PATH_FLAG.observed : 0);
  w.u8(FRAME_ID.path);
  w.u8(flags);
  w.u16(frame.candidateId);
  if (frame.challenge) writePathValue(w, frame.challenge);
  else w.zeros(PATH_VALUE_BYTES);
  if (frame.echo) writePathValue(w, frame.echo);
  else w.zeros(PATH_VALUE_BYTES);
  w.u32(frame.selection);
  w.u16(frame.delayMs);
  if (frame.observed) endpointCodec.write(w, frame.observed);
  else w.zeros(18);
  w.u16(frame.relayRttMs);
}
