import { ByteWriter } from '../bytes/byte-writer.ts';

/**
 * Neighbouring parts up to this size become one, so that a frame trickled in byte by byte costs its own bytes and not
 * an object for each of them.
 */
const MERGE_BYTES_MAX = 1_024;

/** A frame in the stream: varint length of id and body, then id and body. */
export function frameToStream(frame: Uint8Array): Uint8Array {
  const writer = new ByteWriter(frame.length + 8);
  writer.varint(frame.length);
  writer.bytes(frame);
  return writer.finish();
}

/**
 * Cuts a stream of bytes into frames. The claimed length is checked before anything is kept, and buffers grow by
 * what has arrived, never by what was claimed.
 */
export class FrameDecoder {
  #bytesMax: number;
  #parts: Uint8Array[] = [];
  #buffered = 0;
  #failed = false;

  /** @param bytesMax largest frame, id included */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Raises (or lowers) the limit, as after a login. */
  setBytesMax(bytesMax: number): void {
    this.#bytesMax = bytesMax;
  }

  /** True while a frame is incomplete: the connection then owes the rest within PARTIAL_FRAME_MS_MAX. */
  get partial(): boolean {
    return this.#buffered > 0;
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** Adds bytes of the stream; drain `next` afterwards. The bytes are kept as they are, so they must not be reused. */
  push(bytes: Uint8Array): void {
    if (this.#failed || bytes.length === 0) return;
    this.#buffered += bytes.length;
    const last = this.#parts.at(-1);
    if (!last || last.length + bytes.length > MERGE_BYTES_MAX) {
      this.#parts.push(bytes);
      return;
    }
    const merged = new Uint8Array(last.length + bytes.length);
    merged.set(last);
    merged.set(bytes, last.length);
    this.#parts[this.#parts.length - 1] = merged;
  }

  /** @returns the next whole frame (id and body), undefined if none is complete, or 'too-large': then the stream is over */
  next(): Uint8Array | undefined | 'too-large' {
    if (this.#failed) return 'too-large';
    if (this.#buffered === 0) return undefined;
    const head = this.#peek(8);
    const prefixBytes = 1 << (head[0]! >> 6);
    if (prefixBytes > 4) return this.#fail();
    if (head.length < prefixBytes) return undefined;
    let length = head[0]! & 0x3f;
    for (let i = 1; i < prefixBytes; i++) length = length * 256 + head[i]!;
    if (length > this.#bytesMax) return this.#fail();
    if (this.#buffered < prefixBytes + length) return undefined;
    this.#take(prefixBytes);
    return this.#take(length);
  }

  #fail(): 'too-large' {
    this.#failed = true;
    this.#parts = [];
    this.#buffered = 0;
    return 'too-large';
  }

  #peek(length: number): Uint8Array {
    const first = this.#parts[0]!;
    if (first.length >= length || this.#parts.length === 1) return first.subarray(0, length);
    const joined = new Uint8Array(Math.min(length, this.#buffered));
    let at = 0;
    for (const part of this.#parts) {
      const piece = part.subarray(0, joined.length - at);
      joined.set(piece, at);
      at += piece.length;
      if (at === joined.length) break;
    }
    return joined;
  }

  #take(length: number): Uint8Array {
    this.#buffered -= length;
    const first = this.#parts[0];
    if (first && first.length >= length) {
      if (first.length === length) this.#parts.shift();
      else this.#parts[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const joined = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const part = this.#parts[0]!;
      const piece = part.subarray(0, length - at);
      joined.set(piece, at);
      at += piece.length;
      if (piece.length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(piece.length);
    }
    return joined;
  }
}
