import { ByteReader, type DecodeError } from '../bytes/byte-reader.ts';
import { ACK_RANGES_MAX, CANDIDATES_MAX, CLOSE_REASON_BYTES_MAX } from '../limits.ts';
import { endpointCodec } from '../net.ts';
import { err, ok, type Result } from '../result.ts';
import {
  DATA_FIN,
  DATA_LENGTH,
  DATA_OFFSET,
  FRAME_ID,
  FRAMES_PER_PACKET_MAX,
  PATH_FLAG,
  PATH_VALUE_BYTES,
  REKEY_NOISE_BYTES_MAX,
  SKIPPABLE_FRAME_ID_MIN,
} from './frame-ids.ts';
import {
  type AckFrame,
  CANDIDATE_KINDS,
  type Candidate,
  type CandidatesFrame,
  type DataFrame,
  type PathFrame,
  type RekeyFrame,
  type SessionFrame,
  type StreamClass,
} from './packet.ts';

/**
 * Reads the payload of one packet, all of it or nothing. Byte strings are views into `payload`.
 * @returns at most 512 frames; a run of padding is one; skipped frames (R11) are left out
 */
export function decodeSessionFrames(payload: Uint8Array): Result<readonly SessionFrame[], DecodeError> {
  const reader = new ByteReader(payload);
  const frames: SessionFrame[] = [];
  for (let count = 0; reader.remaining > 0; count++) {
    if (count === FRAMES_PER_PACKET_MAX)
      return err({ kind: 'too-long', at: reader.offset, max: FRAMES_PER_PACKET_MAX });
    const frame = readFrame(reader, payload);
    if (reader.error) return err(reader.error);
    if (frame) frames.push(frame);
  }
  return ok(frames);
}

/** @returns undefined for a frame to be skipped, and after an error */
function readFrame(r: ByteReader, payload: Uint8Array): SessionFrame | undefined {
  const id = r.u8();
  switch (id) {
    case FRAME_ID.padding:
      return readPadding(r, payload);
    case FRAME_ID.ping:
      return { type: 'ping' };
    case FRAME_ID.ack:
      return readAck(r);
    case FRAME_ID.credit:
      return { type: 'credit', dataMax: r.varint() };
    case FRAME_ID.streamCredit:
      return { type: 'stream-credit', stream: r.varint(), offsetMax: r.varint() };
    case FRAME_ID.reset:
      return { type: 'reset', stream: r.varint(), code: r.varint(), finalBytes: r.varint() };
    case FRAME_ID.stop:
      return { type: 'stop', stream: r.varint(), code: r.varint() };
    case FRAME_ID.datagram:
      return { type: 'datagram', bytes: r.varBytes(r.remaining) };
    case FRAME_ID.pathChallenge:
      return { type: 'path-challenge', value: r.bytes(PATH_VALUE_BYTES) };
    case FRAME_ID.pathResponse:
      return { type: 'path-response', value: r.bytes(PATH_VALUE_BYTES) };
    case FRAME_ID.newIndex:
      return { type: 'new-index', index: r.u32(), sequence: r.varint() };
    case FRAME_ID.retireIndex:
      return { type: 'retire-index', index: r.u32(), sequence: r.varint() };
    case FRAME_ID.close:
      return { type: 'close', code: r.varint(), reason: r.text(CLOSE_REASON_BYTES_MAX) };
    case FRAME_ID.rekey:
      return readRekey(r);
    case FRAME_ID.candidates:
      return readCandidates(r);
    case FRAME_ID.path:
      return readPath(r);
    default:
      if (id >= FRAME_ID.data && id < FRAME_ID.data + 8) return readData(r, id);
      if (id >= SKIPPABLE_FRAME_ID_MIN) r.varBytes(r.remaining);
      else r.malformed('frame id');
      return undefined;
  }
}

function readPadding(r: ByteReader, payload: Uint8Array): SessionFrame {
  let end = r.offset;
  while (payload[end] === 0) end++;
  const length = end - r.offset;
  r.bytes(length);
  return { type: 'padding', length: length + 1 };
}

/** Every range is checked to lie below the one before it and not below 0, before anybody loops over it. */
function readAck(r: ByteReader): AckFrame | undefined {
  const largest = r.varint();
  const ackDelayUs = r.varint() * 8;
  const recvTimeUs = r.u32();
  const furtherRanges = r.u8();
  if (furtherRanges >= ACK_RANGES_MAX) r.malformed('ack range count');
  let to = largest;
  let from = largest - r.varint();
  if (from < 0) r.malformed('ack range');
  const ranges = [{ from, to }];
  for (let i = 0; i < furtherRanges && !r.error; i++) {
    to = from - r.varint() - 2;
    from = to - r.varint();
    if (from < 0) r.malformed('ack range');
    ranges.push({ from, to });
  }
  return r.error ? undefined : { type: 'ack', ranges, ackDelayUs, recvTimeUs };
}

function readData(r: ByteReader, id: number): DataFrame {
  const stream = r.varint();
  let offset = 0;
  let opening: DataFrame['opening'];
  if (id & DATA_OFFSET) {
    offset = r.varint();
    if (offset === 0) r.malformed('offset 0');
  } else {
    opening = { class: readClass(r), totalBytes: r.varint() };
  }
  const bytes = id & DATA_LENGTH ? r.varBytes(r.remaining) : r.rest();
  if (!Number.isSafeInteger(offset + bytes.length)) r.malformed('stream offset');
  return { type: 'data', stream, offset, fin: (id & DATA_FIN) !== 0, opening, bytes };
}

function readClass(r: ByteReader): StreamClass {
  const value = r.u8();
  if (value <= 3) return value as StreamClass;
  r.malformed('stream class');
  return 3;
}

function readRekey(r: ByteReader): RekeyFrame {
  const step = r.u8();
  if (step !== 1 && step !== 2) r.malformed('rekey step');
  return { type: 'rekey', step: step === 1 ? 1 : 2, index: r.u32(), noise: r.varBytes(REKEY_NOISE_BYTES_MAX) };
}

function readCandidates(r: ByteReader): CandidatesFrame {
  const generation = r.varint();
  const count = r.varint();
  if (count > CANDIDATES_MAX) r.fail({ kind: 'too-long', at: r.offset, max: CANDIDATES_MAX });
  const candidates: Candidate[] = [];
  for (let i = 0; i < count && !r.error; i++) {
    const id = r.u16();
    const kind = CANDIDATE_KINDS[r.u8()];
    const endpoint = endpointCodec.read(r);
    if (kind) candidates.push({ id, kind, endpoint });
    else r.malformed('candidate kind');
  }
  return { type: 'candidates', generation, candidates };
}

function readPath(r: ByteReader): PathFrame {
  const flags = r.u8();
  const candidateId = r.u16();
  const challenge = r.bytes(PATH_VALUE_BYTES);
  const echo = r.bytes(PATH_VALUE_BYTES);
  const selection = r.u32();
  const delayMs = r.u16();
  const observed = endpointCodec.read(r);
  const relayRttMs = r.u16();
  return {
    type: 'path',
    challenge: flags & PATH_FLAG.challenge ? challenge : undefined,
    echo: flags & PATH_FLAG.echo ? echo : undefined,
    selected: (flags & PATH_FLAG.selected) !== 0,
    suspect: (flags & PATH_FLAG.suspect) !== 0,
    keepAlive: (flags & PATH_FLAG.keepAlive) !== 0,
    candidateId,
    selection,
    delayMs,
    observed: flags & PATH_FLAG.observed ? observed : undefined,
    relayRttMs,
  };
}
