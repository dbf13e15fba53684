/** The one source of chance; cryptographically strong in programs, seeded in the simulator. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
}

/** A uniform number in [0, 1) with 32 bits of precision; enough for jitter, never for secrets. */
export function randomUnit(random: RandomSource): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}

/** A uniform unsigned 32-bit integer. */
export function randomUint32(random: RandomSource): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}
