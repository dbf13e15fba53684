import { REPLAY_WINDOW_PACKETS } from '@magpie/common/limits.ts';

/** Bits of the ring; one word more than the window, because the highest number's word is only partly filled. */
const RING_WORDS = Math.ceil(REPLAY_WINDOW_PACKETS / 32) + 1;
const RING_BITS = RING_WORDS * 32;

/**
 * Which packet numbers of a session have been seen: a ring of bits below the highest (R2). Ask `has` before opening
 * a packet and `mark` it only after its tag has verified, or a forger could move the window.
 */
export class ReplayWindow {
  /** Made with the first packet: an idle session holds none. */
  #bits: Uint32Array | undefined;
  #highest = -1;

  /** True for a number seen before, and for one too old to know. */
  has(packetNumber: number): boolean {
    if (packetNumber > this.#highest) return false;
    if (packetNumber <= this.#highest - REPLAY_WINDOW_PACKETS) return true;
    const bit = packetNumber % RING_BITS;
    return ((this.#bits![bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }

  mark(packetNumber: number): void {
    this.#bits ??= new Uint32Array(RING_WORDS);
    if (packetNumber > this.#highest) this.#advance(this.#bits, packetNumber);
    else if (packetNumber <= this.#highest - REPLAY_WINDOW_PACKETS) return;
    const bit = packetNumber % RING_BITS;
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** Clears the words that the new highest number enters. */
  #advance(bits: Uint32Array, packetNumber: number): void {
    const oldWord = Math.floor(this.#highest / 32);
    const newWord = Math.floor(packetNumber / 32);
    if (newWord - oldWord >= RING_WORDS) bits.fill(0);
    else for (let word = oldWord + 1; word <= newWord; word++) bits[word % RING_WORDS] = 0;
    this.#highest = packetNumber;
  }
}
