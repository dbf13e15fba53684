import { equalBytes, keyedHash } from '@magpie/common/channel/keys.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import { REFLECT_TOKEN_MS } from '../limits.ts';

const EXPIRY_BYTES = 6;
const DEVICE_TAG_BYTES = 10;
const MAC_BYTES = 16;

/**
 * Tokens that let a device ask the reflector: expiry (server's monotonic ms, u48) ‖ device tag 10 ‖ MAC 16, keyed
 * BLAKE2b. They are checked without any state, no client clock is trusted, and the tag differs per token, so nobody on
 * the path can follow a device by it. A restart voids them all; a login brings a new one.
 */
export class ReflectTokens {
  readonly #macKey: Uint8Array;
  readonly #tagKey: Uint8Array;

  constructor(random: RandomSource) {
    this.#macKey = random.bytes(32);
    this.#tagKey = random.bytes(32);
  }

  issue(deviceBytes: Uint8Array, now: Instant): { readonly token: Uint8Array; readonly tokenMs: number } {
    const token = new Uint8Array(EXPIRY_BYTES + DEVICE_TAG_BYTES + MAC_BYTES);
    const expiry = token.subarray(0, EXPIRY_BYTES);
    writeU48(expiry, Math.floor(now) + REFLECT_TOKEN_MS);
    token.set(keyedHash(16, this.#tagKey, deviceBytes, expiry).subarray(0, DEVICE_TAG_BYTES), EXPIRY_BYTES);
    token.set(this.#mac(token), EXPIRY_BYTES + DEVICE_TAG_BYTES);
    return { token, tokenMs: REFLECT_TOKEN_MS };
  }

  check(token: Uint8Array, now: Instant): boolean {
    if (token.length !== EXPIRY_BYTES + DEVICE_TAG_BYTES + MAC_BYTES) return false;
    if (readU48(token) <= now) return false;
    return equalBytes(token.subarray(EXPIRY_BYTES + DEVICE_TAG_BYTES), this.#mac(token));
  }

  #mac(token: Uint8Array): Uint8Array {
    return keyedHash(MAC_BYTES, this.#macKey, token.subarray(0, EXPIRY_BYTES + DEVICE_TAG_BYTES));
  }
}

function writeU48(bytes: Uint8Array, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(0, Math.floor(value / 2 ** 32));
  view.setUint32(2, value % 2 ** 32);
}

function readU48(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}
