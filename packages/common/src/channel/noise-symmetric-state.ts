import { AEAD_TAG_BYTES } from '../limits.ts';
import { CIPHER_KEY_BYTES, openInto, sealInto } from './aead.ts';
import { freshBytes } from './fresh-bytes.ts';
import { blake2b, briefHash, HASH_BYTES, hmacBlake2b } from './keys.ts';

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const THREE = Uint8Array.of(3);

/** By protocol name, of which there are as many as patterns. */
const firstHashes = new Map<string, Uint8Array>();

/** Noise section 5.2: the running hash and the chaining key. Its arrays are replaced, never written to. */
export class NoiseSymmetricState {
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  #key: Uint8Array | undefined;
  #nonce = 0;

  private constructor(hash: Uint8Array, chainingKey: Uint8Array) {
    this.#hash = hash;
    this.#chainingKey = chainingKey;
  }

  static start(protocolName: string): NoiseSymmetricState {
    const hash = firstHashes.get(protocolName) ?? firstHash(protocolName);
    return new NoiseSymmetricState(hash, hash);
  }

  copy(): NoiseSymmetricState {
    const copy = new NoiseSymmetricState(this.#hash, this.#chainingKey);
    copy.#key = this.#key;
    copy.#nonce = this.#nonce;
    return copy;
  }

  get hash(): Uint8Array {
    return this.#hash;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = briefHash(this.#hash, data);
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = this.#derive(input);
    this.#chainingKey = chainingKey;
    this.#setKey(key);
  }

  mixKeyAndHash(input: Uint8Array): void {
    const temporary = hmacBlake2b(this.#chainingKey, input);
    const first = hmacBlake2b(temporary, ONE);
    const second = hmacBlake2b(temporary, first, TWO);
    const third = hmacBlake2b(temporary, second, THREE);
    this.#chainingKey = first;
    this.mixHash(second);
    this.#setKey(third);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    let out = plaintext;
    if (this.#key) {
      out = freshBytes(plaintext.length + AEAD_TAG_BYTES);
      sealInto(out, this.#key, this.#nonce++, this.#hash, plaintext);
    }
    this.mixHash(out);
    return out;
  }

  /** @returns an array that nobody else has, or undefined when the tag does not verify */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    let plaintext: Uint8Array;
    if (this.#key) {
      if (ciphertext.length < AEAD_TAG_BYTES) return undefined;
      plaintext = freshBytes(ciphertext.length - AEAD_TAG_BYTES);
      if (!openInto(plaintext, this.#key, this.#nonce++, this.#hash, ciphertext)) return undefined;
    } else plaintext = ciphertext.slice();
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** @returns the key towards the responder, then the key towards the initiator */
  split(): readonly [Uint8Array, Uint8Array] {
    const [first, second] = this.#derive(new Uint8Array(0));
    return [first.slice(0, CIPHER_KEY_BYTES), second.slice(0, CIPHER_KEY_BYTES)];
  }

  #derive(input: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const temporary = hmacBlake2b(this.#chainingKey, input);
    const first = hmacBlake2b(temporary, ONE);
    return [first, hmacBlake2b(temporary, first, TWO)];
  }

  #setKey(hash: Uint8Array): void {
    this.#key = hash.slice(0, CIPHER_KEY_BYTES);
    this.#nonce = 0;
  }
}

function firstHash(protocolName: string): Uint8Array {
  const name = new TextEncoder().encode(protocolName);
  const hash = name.length > HASH_BYTES ? blake2b(HASH_BYTES, name) : new Uint8Array(HASH_BYTES);
  if (name.length <= HASH_BYTES) hash.set(name);
  firstHashes.set(protocolName, hash);
  return hash;
}
