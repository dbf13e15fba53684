import { varintLength } from '../bytes/byte-writer.ts';
import { FRAME_TABLE } from '../frames/frame-table.ts';
import { AEAD_TAG_BYTES, LINK_RECORD_BYTES_MAX } from '../limits.ts';
import { CipherState } from './cipher-state.ts';
import { freshBytes } from './fresh-bytes.ts';

const LENGTH_BYTES = 2;
const PLAINTEXT_BYTES_MAX = LINK_RECORD_BYTES_MAX - AEAD_TAG_BYTES;
const rekeyFrame = Uint8Array.of(FRAME_TABLE.rekey.code);

/**
 * Frames in, sealed records out. A record takes as many whole frames as fit, so that a burst pays the AEAD once; only a
 * frame that is larger than a record is spread over several. Frames are read when the record is made, not copied before.
 */
export class RecordWriter {
  readonly #rekeyMessages: number;
  #cipher: CipherState | undefined;
  #frames: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the head frame, prefix included, that earlier records took. */
  #headOffset = 0;
  #pendingBytes = 0;
  #recordCount = 0;
  #emptyDue = false;
  #rekeyDue = false;

  /** @param rekeyMessages records under one key before a rekey frame */
  constructor(rekeyMessages: number) {
    this.#rekeyMessages = rekeyMessages;
  }

  /** Bytes of frames, prefixes included, that no record has taken yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** From now on frames can be sealed. */
  start(key: Uint8Array): void {
    this.#cipher = new CipherState(key);
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#pendingBytes += varintLength(frame.length) + frame.length;
  }

  /** Asks for a record without a frame, which proves our key to the other side. */
  requestEmpty(): void {
    this.#emptyDue = true;
  }

  /** Asks for a rekey frame at the next frame border. */
  requestRekey(): void {
    this.#rekeyDue = true;
  }

  /** Drops everything; nothing comes out any more. */
  stop(): void {
    this.#cipher = undefined;
    this.#frames = [];
    this.#head = 0;
    this.#pendingBytes = 0;
  }

  /** @returns the next record with its length prefix, or undefined when there is nothing to seal */
  next(): Uint8Array | undefined {
    const cipher = this.#cipher;
    if (!cipher) return undefined;
    if (this.#emptyDue) {
      this.#emptyDue = false;
      return this.#seal(cipher, newRecord(0));
    }
    if ((this.#rekeyDue || this.#recordCount >= this.#rekeyMessages) && this.#headOffset === 0) {
      const record = newRecord(1 + rekeyFrame.length);
      writeFrame(record, LENGTH_BYTES, rekeyFrame);
      this.#seal(cipher, record);
      cipher.rekey();
      this.#rekeyDue = false;
      this.#recordCount = 0;
      return record;
    }
    return this.#pendingBytes === 0 ? undefined : this.#seal(cipher, this.#fill());
  }

  #fill(): Uint8Array {
    const first = this.#frames[this.#head]!;
    const firstBytes = streamBytes(first) - this.#headOffset;
    if (firstBytes > PLAINTEXT_BYTES_MAX) return this.#fillPiece(first);
    let bytes = firstBytes;
    let end = this.#head + 1;
    for (; end < this.#frames.length; end++) {
      const more = streamBytes(this.#frames[end]!);
      if (bytes + more > PLAINTEXT_BYTES_MAX) break;
      bytes += more;
    }
    const record = newRecord(bytes);
    let at = LENGTH_BYTES;
    if (this.#headOffset > 0) {
      record.set(first.subarray(this.#headOffset - varintLength(first.length)), at);
      at += firstBytes;
      this.#head++;
      this.#headOffset = 0;
    }
    for (; this.#head < end; this.#head++) at = writeFrame(record, at, this.#frames[this.#head]!);
    this.#pendingBytes -= bytes;
    if (this.#pendingBytes === 0) {
      this.#frames = [];
      this.#head = 0;
    }
    return record;
  }

  /** The whole record is a piece of one large frame. */
  #fillPiece(frame: Uint8Array): Uint8Array {
    const record = newRecord(PLAINTEXT_BYTES_MAX);
    const prefixBytes = varintLength(frame.length);
    let at = LENGTH_BYTES;
    if (this.#headOffset === 0) at = writePrefix(record, at, frame.length);
    const from = Math.max(this.#headOffset - prefixBytes, 0);
    record.set(frame.subarray(from, from + LENGTH_BYTES + PLAINTEXT_BYTES_MAX - at), at);
    this.#headOffset += PLAINTEXT_BYTES_MAX;
    this.#pendingBytes -= PLAINTEXT_BYTES_MAX;
    return record;
  }

  /** Encrypts in place and writes the length before it. */
  #seal(cipher: CipherState, record: Uint8Array): Uint8Array {
    const length = record.length - LENGTH_BYTES;
    record[0] = length >> 8;
    record[1] = length & 0xff;
    cipher.sealInto(record.subarray(LENGTH_BYTES), record.subarray(LENGTH_BYTES, record.length - AEAD_TAG_BYTES));
    this.#recordCount++;
    return record;
  }
}

function newRecord(plaintextBytes: number): Uint8Array {
  return freshBytes(LENGTH_BYTES + plaintextBytes + AEAD_TAG_BYTES);
}

/** Bytes that a frame takes in the stream of frames (frames/frame-decoder.ts). */
function streamBytes(frame: Uint8Array): number {
  return varintLength(frame.length) + frame.length;
}

function writeFrame(out: Uint8Array, at: number, frame: Uint8Array): number {
  const bodyAt = writePrefix(out, at, frame.length);
  out.set(frame, bodyAt);
  return bodyAt + frame.length;
}

/** A varint (RFC 9000 section 16) of at most 30 bits. */
function writePrefix(out: Uint8Array, at: number, length: number): number {
  let next = at;
  switch (varintLength(length)) {
    case 1:
      out[next++] = length;
      return next;
    case 2:
      out[next++] = 0x40 | (length >> 8);
      break;
    default:
      out[next++] = 0x80 | (length >> 24);
      out[next++] = (length >> 16) & 0xff;
      out[next++] = (length >> 8) & 0xff;
  }
  out[next++] = length & 0xff;
  return next;
}
