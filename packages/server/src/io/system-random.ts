import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@magpie/common/random.ts';

/** A call of the system costs as much for 4 KiB as for the 32 bytes of a key. */
const DRAWN_BYTES = 4_096;

const drawn = new Uint8Array(DRAWN_BYTES);
let left = 0;

/** The operating system's generator. What was given out is nowhere else. */
export const systemRandom: RandomSource = {
  bytes: (length) => {
    if (length > DRAWN_BYTES) return randomFillSync(new Uint8Array(length));
    if (length > left) {
      randomFillSync(drawn);
      left = DRAWN_BYTES;
    }
    const bytes = drawn.slice(left - length, left);
    drawn.fill(0, left - length, left);
    left -= length;
    return bytes;
  },
};
