import type { RandomSource } from '@magpie/common/random.ts';

/** A 32-bit hash of a text and a seed (murmur3's mixing); good enough to decide fates. */
export function hash32(text: string, seed = 0): number {
  let hash = seed ^ 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0xcc9e2d51);
    hash = (hash << 15) | (hash >>> 17);
    hash = Math.imul(hash, 0x1b873593);
  }
  return finish(hash ^ text.length);
}

/** Mixes a number into a hash. */
export function mix32(hash: number, value: number): number {
  return finish(Math.imul(hash ^ (value | 0), 0x85ebca6b) + Math.imul(Math.floor(value / 2 ** 32) | 0, 0xc2b2ae35));
}

export function hashBytes(bytes: Uint8Array, seed = 0): number {
  let hash = seed ^ bytes.length;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return finish(hash);
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** sfc32, seeded by text: the same name and seed give the same bytes for ever. */
export class SeededRandom implements RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, name: string) {
    this.#a = hash32(name, seed);
    this.#b = hash32(name, seed ^ 0x5bd1e995);
    this.#c = hash32(name, seed ^ 0x2545f491);
    for (let i = 0; i < 15; i++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      const word = this.uint32();
      for (let j = 0; j < 4 && i + j < length; j++) bytes[i + j] = (word >>> (8 * j)) & 0xff;
    }
    return bytes;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }

  /** Uniform whole number from min to max, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  chance(ratio: number): boolean {
    return this.unit() < ratio;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.unit() * items.length)]!;
  }
}
