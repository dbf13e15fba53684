import { AEAD_TAG_BYTES } from '../limits.ts';
import { openInto, sealInto } from './aead.ts';
import { freshBytes } from './fresh-bytes.ts';

/** One direction of one key of a peer session. The caller keeps packet numbers unique and the replay window. */
export class PacketCipher {
  readonly #key: Uint8Array;

  /** @param key 32 bytes, of one direction, as NoiseHandshake.split gives them */
  constructor(key: Uint8Array) {
    this.#key = Uint8Array.from(key);
  }

  /**
   * @param packetNumber never used twice with this key
   * @returns header, ciphertext and tag in one new buffer; the header is associated data
   */
  seal(packetNumber: number, header: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const packet = freshBytes(header.length + plaintext.length + AEAD_TAG_BYTES);
    packet.set(header);
    sealInto(packet.subarray(header.length), this.#key, packetNumber, header, plaintext);
    return packet;
  }

  /**
   * @param ciphertext what follows the header in the packet, tag included
   * @returns the plaintext in a new buffer, or undefined for anything this key did not seal under this number and header
   */
  open(packetNumber: number, header: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (ciphertext.length < AEAD_TAG_BYTES) return undefined;
    const plaintext = freshBytes(ciphertext.length - AEAD_TAG_BYTES);
    return openInto(plaintext, this.#key, packetNumber, header, ciphertext) ? plaintext : undefined;
  }
}
