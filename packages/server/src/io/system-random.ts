import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@magpie/common/random.ts';

/** The operating system's generator. */
export const systemRandom: RandomSource = { bytes: (length) => randomFillSync(new Uint8Array(length)) };
