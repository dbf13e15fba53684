const nothing: Uint8Array = new Uint8Array(0);
const LENGTH_BYTES = 2;
const HELD_BYTES_MIN = 64;

/**
 * Cuts a byte stream into u16-prefixed messages. What arrived whole is handed out as a view; only the incomplete rest
 * is copied, into a buffer that grows with what has arrived, never with what was claimed.
 */
export class NoiseMessageReader {
  #input = nothing;
  #at = 0;
  #held = nothing;
  #heldBytes = 0;
  /** Length of the message being read, once its prefix is complete. */
  #claimed: number | undefined;

  /** True while a message is incomplete. Meaningful after a call returned undefined. */
  get partial(): boolean {
    return this.#heldBytes > 0 || this.#claimed !== undefined;
  }

  /** Adds bytes of the stream. Take everything before the next push. */
  push(bytes: Uint8Array): void {
    this.#input = bytes;
    this.#at = 0;
  }

  /** @returns exactly `length` bytes that carry no prefix, or undefined until they are there */
  take(length: number): Uint8Array | undefined {
    const available = this.#input.length - this.#at;
    if (this.#heldBytes === 0 && available >= length) {
      this.#at += length;
      return this.#input.subarray(this.#at - length, this.#at);
    }
    this.#hold(Math.min(available, length - this.#heldBytes));
    if (this.#heldBytes < length) {
      this.#input = nothing;
      this.#at = 0;
      return undefined;
    }
    const whole = this.#held.subarray(0, length);
    this.#held = nothing;
    this.#heldBytes = 0;
    return whole;
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

  #hold(count: number): void {
    const needed = this.#heldBytes + count;
    if (needed > this.#held.length) {
      const bigger = new Uint8Array(Math.max(needed, 2 * this.#held.length, HELD_BYTES_MIN));
      bigger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = bigger;
    }
    this.#held.set(this.#input.subarray(this.#at, this.#at + count), this.#heldBytes);
    this.#at += count;
    this.#heldBytes = needed;
  }
}
