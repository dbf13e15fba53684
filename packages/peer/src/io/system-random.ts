import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@magpie/common/random.ts';

/** Small requests are cut from one block, because a system call per 8-byte challenge costs more than the bytes. */
const POOL_BYTES = 4 * 1024;
const POOLED_BYTES_MAX = 256;

/** The program's source of chance: the operating system's generator. */
export class SystemRandom implements RandomSource {
  #pool = new Uint8Array(0);
  #used = 0;

  bytes(length: number): Uint8Array {
    if (length > POOLED_BYTES_MAX) return randomFillSync(new Uint8Array(length));
    if (this.#used + length > this.#pool.length) {
      // A fresh block rather than a refilled one: what was handed out belongs to its taker.
      this.#pool = randomFillSync(new Uint8Array(POOL_BYTES));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    return this.#pool.subarray(from, this.#used);
  }
}
