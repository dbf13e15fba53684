import { openInto, rekeyed, sealInto } from './aead.ts';

/** One direction of a stream of records: a key and a count that is never reset (Noise section 5.1). */
export class CipherState {
  #key: Uint8Array;
  #number = 0;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @param out as long as `plaintext` and a tag; may begin with the plaintext itself */
  sealInto(out: Uint8Array, plaintext: Uint8Array): void {
    sealInto(out, this.#key, this.#number++, null, plaintext);
  }

  /** @returns false for anything that is not the very next record of the other side */
  openInto(out: Uint8Array, ciphertext: Uint8Array): boolean {
    return openInto(out, this.#key, this.#number++, null, ciphertext);
  }

  rekey(): void {
    this.#key = rekeyed(this.#key);
  }
}
