import { ByteQueue } from '../bytes/byte-queue.ts';

const LENGTH_BYTES = 2;

/** Cuts a byte stream into u16-prefixed messages, one per call; each is a view that holds until the next push. */
export class NoiseMessageReader {
  readonly #bytes = new ByteQueue();
  /** Length of the message being read, once its prefix is complete. */
  #claimed: number | undefined;

  /** True while bytes wait: after a call returned undefined, those of an incomplete message. */
  get partial(): boolean {
    return this.#bytes.length > 0 || this.#claimed !== undefined;
  }

  /** Adds bytes of the stream, which are ours from now on. */
  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  /** @returns exactly `length` bytes that carry no prefix, or undefined until they are there */
  take(length: number): Uint8Array | undefined {
    const bytes = this.#bytes.take(length);
    if (!bytes) this.#bytes.settle();
    return bytes;
  }

  /** @returns the next message, undefined until it is there, or 'too-large' as soon as its prefix says so */
  message(bytesMax: number): Uint8Array | undefined | 'too-large' {
    if (this.#claimed === undefined) {
      const prefix = this.take(LENGTH_BYTES);
      if (!prefix) return undefined;
      this.#claimed = prefix[0]! * 256 + prefix[1]!;
    }
    if (this.#claimed > bytesMax) return 'too-large';
    const message = this.take(this.#claimed);
    if (message) this.#claimed = undefined;
    return message;
  }

  /** Drops what waits. */
  clear(): void {
    this.#bytes.clear();
    this.#claimed = undefined;
  }
}
