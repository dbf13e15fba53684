import { createHash } from 'node:crypto';
import { toHex } from '@magpie/common/bytes/hex.ts';
import { type Encapsulate, KEM_PUBLIC_KEY_BYTES } from '@magpie/common/channel/envelope-kem.ts';
import type { RandomSource } from '@magpie/common/random.ts';

// ML-KEM-768 as FIPS 203 writes it down, the sender's half alone, with a chance that is given: OpenSSL has its own, by
// which no two runs of a seed would be equal. For the simulator only: nothing here is in constant time.

const N = 256;
const Q = 3_329;
const K = 3;

type Polynomial = Int32Array;
interface Prepared {
  /** Transposed, in the domain of the transform, as is `t`. */
  readonly matrix: readonly (readonly Polynomial[])[];
  readonly t: readonly Polynomial[];
  readonly keyHash: Uint8Array;
}

const KEYS_KEPT_MAX = 64;

/** Equal for equal random sources. What it makes, OpenSSL opens (`seeded-kem.test.ts`). */
export function seededEncapsulate(random: RandomSource): Encapsulate {
  const kept = new Map<string, Prepared>();
  return (publicKey) => {
    if (publicKey.length !== KEM_PUBLIC_KEY_BYTES) return undefined;
    const name = toHex(publicKey.subarray(KEM_PUBLIC_KEY_BYTES - 64));
    const key = kept.get(name) ?? prepared(publicKey);
    if (kept.size >= KEYS_KEPT_MAX) kept.clear();
    kept.set(name, key);
    const message = random.bytes(32);
    const both = digest('sha3-512', 64, message, key.keyHash);
    return { ciphertext: encrypt(key, message, both.subarray(32)), secret: Uint8Array.from(both.subarray(0, 32)) };
  };
}

/** `K-PKE.Encrypt`, algorithm 14. */
function encrypt(key: Prepared, message: Uint8Array, seed: Uint8Array): Uint8Array {
  const noise = (index: number) => binomial(digest('shake256', 128, seed, Uint8Array.of(index)));
  const y = [0, 1, 2].map((index) => transformed(noise(index)));
  const u = key.matrix.map((row, index) => added(untransformed(innerProduct(row, y)), noise(K + index)));
  const bits = new Int32Array(N).map((_, at) => ((message[at >> 3]! >> (at & 7)) & 1) * ((Q + 1) / 2));
  const v = added(added(untransformed(innerProduct(key.t, y)), noise(2 * K)), bits);
  return new Uint8Array(Buffer.concat([...u.map((one) => compressed(one, 10)), compressed(v, 4)]));
}

function prepared(publicKey: Uint8Array): Prepared {
  const t = [0, 1, 2].map((index) => twelveBits(publicKey.subarray(index * 384, (index + 1) * 384)));
  const rho = publicKey.subarray(K * 384);
  const matrix = [0, 1, 2].map((row) => [0, 1, 2].map((column) => uniform(rho, row, column)));
  return { matrix, t, keyHash: digest('sha3-256', 32, publicKey) };
}

/** `SampleNTT`, algorithm 7: of three bytes two numbers, those below q. */
function uniform(rho: Uint8Array, first: number, second: number): Polynomial {
  const stream = digest('shake128', 1_344, rho, Uint8Array.of(first, second));
  const result = new Int32Array(N);
  for (let at = 0, filled = 0; filled < N; at += 3) {
    const [a, b, c] = [stream[at]!, stream[at + 1]!, stream[at + 2]!];
    for (const value of [a + 256 * (b & 15), (b >> 4) + 16 * c]) {
      if (value < Q && filled < N) result[filled++] = value;
    }
  }
  return result;
}

/** `SamplePolyCBD` with eta 2, algorithm 8. */
function binomial(bytes: Uint8Array): Polynomial {
  return new Int32Array(N).map((_, at) => {
    const four = bytes[at >> 1]! >> (4 * (at & 1));
    return modulo((four & 1) + ((four >> 1) & 1) - ((four >> 2) & 1) - ((four >> 3) & 1));
  });
}

const reversed = (index: number): number => {
  let bits = 0;
  for (let bit = 0; bit < 7; bit++) bits |= ((index >> bit) & 1) << (6 - bit);
  return bits;
};
const power = (exponent: number): number => (exponent === 0 ? 1 : (power(exponent - 1) * 17) % Q);
const ZETAS = Array.from({ length: 128 }, (_, index) => power(reversed(index)));
const GAMMAS = Array.from({ length: 128 }, (_, index) => power(2 * reversed(index) + 1));

/** `NTT`, algorithm 9. */
function transformed(polynomial: Polynomial): Polynomial {
  const f = polynomial.slice();
  let zeta = 1;
  for (let length = 128; length >= 2; length >>= 1) {
    for (let start = 0; start < N; start += 2 * length, zeta++) {
      for (let at = start; at < start + length; at++) {
        const product = (ZETAS[zeta]! * f[at + length]!) % Q;
        f[at + length] = modulo(f[at]! - product);
        f[at] = modulo(f[at]! + product);
      }
    }
  }
  return f;
}

/** The inverse, algorithm 10. */
function untransformed(polynomial: Polynomial): Polynomial {
  const f = polynomial.slice();
  let zeta = 127;
  for (let length = 2; length <= 128; length <<= 1) {
    for (let start = 0; start < N; start += 2 * length, zeta--) {
      for (let at = start; at < start + length; at++) {
        const before = f[at]!;
        f[at] = modulo(before + f[at + length]!);
        f[at + length] = (ZETAS[zeta]! * modulo(f[at + length]! - before)) % Q;
      }
    }
  }
  return f.map((value) => (value * 3_303) % Q);
}

/** Sum of products in the domain of the transform, algorithms 11 and 12. */
function innerProduct(a: readonly Polynomial[], b: readonly Polynomial[]): Polynomial {
  const sum = new Int32Array(N);
  for (const [index, f] of a.entries()) {
    const g = b[index]!;
    for (let at = 0; at < N; at += 2) {
      const [f0, f1, g0, g1] = [f[at]!, f[at + 1]!, g[at]!, g[at + 1]!];
      sum[at] = (sum[at]! + f0 * g0 + ((f1 * g1) % Q) * GAMMAS[at >> 1]!) % Q;
      sum[at + 1] = (sum[at + 1]! + f0 * g1 + f1 * g0) % Q;
    }
  }
  return sum;
}

function added(a: Polynomial, b: Polynomial): Polynomial {
  return a.map((value, at) => (value + b[at]!) % Q);
}

/** `Compress` and `ByteEncode`, algorithm 5, with `bits` for each number. */
function compressed(polynomial: Polynomial, bits: number): Uint8Array {
  const bytes = new Uint8Array((N * bits) / 8);
  for (const [index, value] of polynomial.entries()) {
    const small = Math.floor((value * 2 ** bits + (Q - 1) / 2) / Q) % 2 ** bits;
    for (let bit = 0; bit < bits; bit++) {
      const at = index * bits + bit;
      bytes[at >> 3]! |= ((small >> bit) & 1) << (at & 7);
    }
  }
  return bytes;
}

function twelveBits(bytes: Uint8Array): Polynomial {
  return new Int32Array(N).map((_, index) => {
    const at = (index >> 1) * 3;
    return index & 1 ? (bytes[at + 1]! >> 4) | (bytes[at + 2]! << 4) : bytes[at]! | ((bytes[at + 1]! & 15) << 8);
  });
}

function modulo(value: number): number {
  return ((value % Q) + Q) % Q;
}

function digest(name: string, outputLength: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name, { outputLength });
  for (const part of parts) hash.update(part);
  return hash.digest();
}
