import { FrameDecoder } from '../frames/frame-decoder.ts';
import { FRAME_TABLE } from '../frames/frame-table.ts';
import { AEAD_TAG_BYTES, LINK_RECORD_BYTES_MAX } from '../limits.ts';
import { CipherState } from './cipher-state.ts';
import { freshBytes } from './fresh-bytes.ts';
import type { NoiseMessageReader } from './noise-message-reader.ts';

export type RecordFailure = 'too-large' | 'bad-record' | 'no-rekey';

/**
 * Sealed records in, frames out: the mirror of RecordWriter. A record is opened only when every frame before it was
 * taken, so that whoever stops taking holds sealed bytes and not an object for each frame in them.
 */
export class RecordReader {
  readonly #input: NoiseMessageReader;
  readonly #decoder: FrameDecoder;
  readonly #recordsMaxWithoutRekey: number;
  #cipher: CipherState | undefined;
  #sinceRekey = 0;
  #opened = 0;
  #progress = false;

  /** @param input the stream, from the first record on */
  constructor(input: NoiseMessageReader, frameBytesMax: number, recordsMaxWithoutRekey: number) {
    this.#input = input;
    this.#decoder = new FrameDecoder(frameBytesMax);
    this.#recordsMaxWithoutRekey = recordsMaxWithoutRekey;
  }

  /** From now on records can be opened. */
  start(key: Uint8Array): void {
    this.#cipher = new CipherState(key);
  }

  setFrameBytesMax(bytes: number): void {
    this.#decoder.setBytesMax(bytes);
  }

  /** Records opened so far, also those without a frame. */
  get opened(): number {
    return this.#opened;
  }

  /** True while a record or a frame is incomplete. Meaningful after `next` returned undefined. */
  get partial(): boolean {
    return this.#input.partial || this.#decoder.partial;
  }

  /** @returns whether a frame, or a record outside of any frame, was completed since the last call */
  takeProgress(): boolean {
    const progress = this.#progress;
    this.#progress = false;
    return progress;
  }

  /** Opens the next record, whose frames `next` then gives. @returns undefined until it is there */
  open(bytesMax: number): 'opened' | undefined | RecordFailure {
    const record = this.#input.message(bytesMax);
    if (record === undefined || record === 'too-large') return record;
    const plaintext = plaintextFor(record);
    if (!this.#cipher!.openInto(plaintext, record)) return 'bad-record';
    this.#opened++;
    this.#sinceRekey++;
    this.#decoder.push(plaintext);
    if (!this.#decoder.partial) this.#progress = true;
    return 'opened';
  }

  /** @returns the next frame, never empty and never `rekey`; undefined when the next record is not complete */
  next(): Uint8Array | undefined | RecordFailure {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame === undefined) {
        if (this.#sinceRekey >= this.#recordsMaxWithoutRekey) return 'no-rekey';
        const opened = this.open(LINK_RECORD_BYTES_MAX);
        if (opened === 'opened') continue;
        return opened;
      }
      if (frame === 'too-large') return frame;
      if (frame.length === 0) return 'bad-record';
      this.#progress = true;
      if (frame[0] !== FRAME_TABLE.rekey.code) return frame;
      // The last frame under the old key: nothing may follow it in its record.
      if (frame.length !== 1 || this.#decoder.partial) return 'bad-record';
      this.#cipher!.rekey();
      this.#sinceRekey = 0;
    }
  }
}

/** A record that is most of what it came in is opened where it lies; from a larger piece a kept frame would hold all of it. */
function plaintextFor(record: Uint8Array): Uint8Array {
  const bytes = Math.max(record.length - AEAD_TAG_BYTES, 0);
  return 2 * record.length >= record.buffer.byteLength ? record.subarray(0, bytes) : freshBytes(bytes);
}
