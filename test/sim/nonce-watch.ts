import { hashBytes } from './seeded-random.ts';
import type { NetworkTap } from './sim-network.ts';

/** Where the clear header of a packet ends; receiver index and packet number stand in its bytes 1 to 10. */
const HEADER_BYTES = 11;
/** The two highest bits of our packets' first byte, and the type in bits 3 to 5: data is 0, a probe 5. */
const FIXED_BITS = 0xc0;
const SEALED_TYPES = new Set([0, 5]);

/**
 * Looks at every datagram on the wire: the same receiver index and packet number with other bytes means that a nonce
 * was used twice under one key. The same bytes again (a resent or mirrored packet) are fine.
 */
export function nonceWatch(report: (detail: string) => void): NetworkTap {
  const seen = new Map<string, number>();
  return {
    onDatagram: (from, to, bytes) => {
      const first = bytes[0] ?? 0;
      if ((first & FIXED_BITS) !== FIXED_BITS || bytes.length < HEADER_BYTES) return;
      if (!SEALED_TYPES.has((first >> 3) & 0x07)) return;
      const key = `${from}>${to} ${Buffer.from(bytes.subarray(1, HEADER_BYTES)).toString('hex')}`;
      const hash = hashBytes(bytes);
      if ((seen.get(key) ?? hash) !== hash) report(`index and packet number used twice: ${key}`);
      seen.set(key, hash);
    },
  };
}
