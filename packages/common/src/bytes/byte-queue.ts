const nothing: Uint8Array = new Uint8Array(0);
/** Above twice what `#move` makes, so that a rest that trickles in is not moved at every byte. */
const SLACK_RATIO_MAX = 4;

/**
 * Received bytes that nobody has taken yet, always in one piece. What comes while nothing waits is not copied; what
 * comes behind an incomplete rest is joined to it, in a buffer that grows with what has arrived. A view that was taken
 * is never written to again.
 */
export class ByteQueue {
  #buffer = nothing;
  #at = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#at;
  }

  /** @param bytes ours from now on */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#at === this.#end) {
      this.#buffer = bytes;
      this.#at = 0;
      this.#end = bytes.length;
      return;
    }
    if (this.#end + bytes.length > this.#buffer.length) this.#move(this.length + Math.max(bytes.length, this.length));
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** @param offset from the next byte on, below `length` */
  byteAt(offset: number): number {
    return this.#buffer[this.#at + offset]!;
  }

  /** @param count at most `length` */
  skip(count: number): void {
    this.#at += count;
  }

  /** @returns a view of exactly `count` bytes, undefined until so many wait */
  take(count: number): Uint8Array | undefined {
    if (count > this.length) return undefined;
    this.#at += count;
    return this.#buffer.subarray(this.#at - count, this.#at);
  }

  /** Call when what waits must wait on: a short rest then no longer holds the large buffer that it came in. */
  settle(): void {
    if (this.length === 0) this.clear();
    else if (this.#buffer.length > SLACK_RATIO_MAX * this.length) this.#move(this.length);
  }

  clear(): void {
    this.#buffer = nothing;
    this.#at = 0;
    this.#end = 0;
  }

  /** Moves what waits to the start of a new buffer. */
  #move(capacity: number): void {
    const moved = new Uint8Array(capacity);
    moved.set(this.#buffer.subarray(this.#at, this.#end));
    this.#end -= this.#at;
    this.#at = 0;
    this.#buffer = moved;
  }
}
