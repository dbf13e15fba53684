import { createCipheriv, createDecipheriv } from 'node:crypto';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';

/** How the key files of a profile stand on the disk: as they are, or sealed when the profile has a passphrase (R30). */
export interface FileSeal {
  /** @param name the file's, without its folder: one sealed file never passes for another */
  seal(name: string, text: string): string;
  /** `half-encrypted`: the profile has a passphrase and this file is not sealed, because encrypting was interrupted. */
  open(name: string, text: string): Result<string, 'corrupt' | 'half-encrypted'>;
}

export const OPEN_FILES: FileSeal = {
  seal: (_name, text) => text,
  open: (_name, text) => ok(text),
};

const HEADER = 'magpie-sealed 1\n';
const CIPHER = 'chacha20-poly1305';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whether a key file is sealed. */
export function isSealed(text: string): boolean {
  return text.startsWith(HEADER);
}

/**
 * ChaCha20-Poly1305 with a nonce at random for every writing, of which there are few. Two lines of ASCII:
 * ```
 * magpie-sealed 1
 * <hex: nonce (12 bytes), ciphertext, tag (16 bytes); associated data: the first line and the file's name>
 * ```
 */
export class SealedFiles implements FileSeal {
  readonly #key: Uint8Array;
  readonly #random: RandomSource;

  /** @param key 32 bytes */
  constructor(key: Uint8Array, random: RandomSource) {
    this.#key = key;
    this.#random = random;
  }

  seal(name: string, text: string): string {
    const nonce = this.#random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(name), { plaintextLength: Buffer.byteLength(text, 'latin1') });
    const sealed = Buffer.concat([nonce, cipher.update(text, 'latin1'), cipher.final(), cipher.getAuthTag()]);
    return `${HEADER}${toHex(sealed)}\n`;
  }

  open(name: string, text: string): Result<string, 'corrupt' | 'half-encrypted'> {
    if (!isSealed(text)) return err('half-encrypted');
    const hex = text.slice(HEADER.length, -1);
    if (!text.endsWith('\n') || !/^(?:[0-9a-f]{2}){28,}$/.test(hex)) return err('corrupt');
    const bytes = fromHex(hex);
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    decipher.setAAD(associatedData(name), { plaintextLength: sealed.length });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return ok(Buffer.concat([decipher.update(sealed), decipher.final()]).toString('latin1'));
    } catch {
      return err('corrupt');
    }
  }
}

function associatedData(name: string): Buffer {
  return Buffer.from(`${HEADER}${name}`, 'latin1');
}
