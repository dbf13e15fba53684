import { ByteQueue } from '../bytes/byte-queue.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';

/** The longest prefix that a length below FRAME_BYTES_MAX needs. */
const PREFIX_BYTES_MAX = 4;

/** A frame in the stream: varint length of id and body, then id and body. */
export function frameToStream(frame: Uint8Array): Uint8Array {
  const writer = new ByteWriter(frame.length + 8);
  writer.varint(frame.length);
  writer.bytes(frame);
  return writer.finish();
}

/**
 * Cuts a stream of bytes into frames, one per call. The claimed length is checked before anything is kept, and buffers
 * grow by what has arrived, never by what was claimed.
 */
export class FrameDecoder {
  readonly #bytes = new ByteQueue();
  #bytesMax: number;
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
    return this.#bytes.length > 0;
  }

  get bufferedBytes(): number {
    return this.#bytes.length;
  }

  /** Adds bytes of the stream; drain `next` afterwards. The bytes are kept as they are, so they must not be reused. */
  push(bytes: Uint8Array): void {
    if (!this.#failed) this.#bytes.push(bytes);
  }

  /** @returns the next whole frame (id and body), undefined if none is complete, or 'too-large': then the stream is over */
  next(): Uint8Array | undefined | 'too-large' {
    if (this.#failed) return 'too-large';
    const bytes = this.#bytes;
    const available = bytes.length;
    if (available === 0) return undefined;
    // A varint (RFC 9000 section 16): the first two bits tell its length.
    const first = bytes.byteAt(0);
    const prefixBytes = 1 << (first >> 6);
    if (prefixBytes > PREFIX_BYTES_MAX) return this.#fail();
    if (available < prefixBytes) return undefined;
    let length = first & 0x3f;
    for (let i = 1; i < prefixBytes; i++) length = length * 256 + bytes.byteAt(i);
    if (length > this.#bytesMax) return this.#fail();
    if (available < prefixBytes + length) return undefined;
    bytes.skip(prefixBytes);
    return bytes.take(length);
  }

  #fail(): 'too-large' {
    this.#failed = true;
    this.#bytes.clear();
    return 'too-large';
  }
}
