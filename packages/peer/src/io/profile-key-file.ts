import { argon2, createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { type PrivateFileError, preparePrivateFile, readPrivateFile, replacePrivateFile } from './private-file.ts';

/** It is there exactly when the profile has a passphrase (R30). */
export const PROFILE_KEY_FILE_NAME = 'profile.key';
export const PASSPHRASE_CODE_POINTS_MIN = 8;
/** UTF-8; longer ones are no safer. */
export const PASSPHRASE_BYTES_MAX = 1_024;

const VERSION = 1;
const FILE_BYTES_MAX = 4_096;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
/** The key that this wraps with is used once, so its nonce may be constant. */
const NONCE = new Uint8Array(12);
/** Some 0.4 s and 64 MiB for each guess. */
const COST: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
/** What a file may ask for: 1 GiB. */
const COST_MAX: Argon2Cost = { memoryKib: 1_048_576, passes: 64, lanes: 16 };

interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What the passphrase opens: a random key, of which the others follow. The passphrase changes and it stays. */
export class ProfileKey {
  readonly #secret: Uint8Array;

  /** @param secret 32 random bytes */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  static random(random: RandomSource): ProfileKey {
    return new ProfileKey(random.bytes(KEY_BYTES).slice());
  }

  /** Of the database; 32 bytes. */
  get database(): Uint8Array {
    return this.#derive('magpie profile database 1');
  }

  /** Of the key files beside it; 32 bytes. */
  get files(): Uint8Array {
    return this.#derive('magpie profile files 1');
  }

  /**
   * The format, version 1, four lines of ASCII that each end in a line feed:
   * ```
   * magpie-profile-key 1
   * argon2id <memory, KiB> <passes> <lanes> <32 hex: salt>
   * key <96 hex: the key, sealed by ChaCha20-Poly1305 under what argon2id made; associated data: the lines above>
   * check <64 hex: SHA-256 of the three lines above>
   * ```
   */
  async wrapped(passphrase: string, random: RandomSource): Promise<string> {
    const salt = random.bytes(SALT_BYTES);
    const header = `magpie-profile-key ${VERSION}\nargon2id ${COST.memoryKib} ${COST.passes} ${COST.lanes} ${toHex(salt)}\n`;
    const cipher = createCipheriv(CIPHER, await stretched(passphrase, salt, COST), NONCE, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(header), { plaintextLength: KEY_BYTES });
    const sealed = Buffer.concat([cipher.update(this.#secret), cipher.final(), cipher.getAuthTag()]);
    const body = `${header}key ${toHex(sealed)}\n`;
    return `${body}check ${checksum(body)}\n`;
  }

  static async unwrapped(
    text: string,
    passphrase: string,
  ): Promise<Result<ProfileKey, 'corrupt' | 'newer-version' | 'passphrase-wrong'>> {
    const version = /^magpie-profile-key ([0-9]{1,4})\n/.exec(text)?.[1];
    if (version === undefined) return err('corrupt');
    if (Number(version) > VERSION) return err('newer-version');
    const match =
      /^((magpie-profile-key 1\nargon2id ([0-9]{1,7}) ([0-9]{1,2}) ([0-9]{1,2}) ([0-9a-f]{32})\n)key ([0-9a-f]{96})\n)check ([0-9a-f]{64})\n$/.exec(
        text,
      );
    if (!match) return err('corrupt');
    const [, body = '', header = '', memory, passes, lanes, salt = '', sealed = '', check = ''] = match;
    const cost = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) };
    if (checksum(body) !== check || !isPayable(cost)) return err('corrupt');
    const bytes = fromHex(sealed);
    const key = await stretched(passphrase, fromHex(salt), cost);
    const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(header), { plaintextLength: KEY_BYTES });
    decipher.setAuthTag(bytes.subarray(KEY_BYTES));
    try {
      const secret = Buffer.concat([decipher.update(bytes.subarray(0, KEY_BYTES)), decipher.final()]);
      return ok(new ProfileKey(secret));
    } catch {
      return err('passphrase-wrong');
    }
  }

  #derive(info: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, new Uint8Array(), info, KEY_BYTES));
  }
}

export type ProfileKeyProblem = 'absent' | 'corrupt' | 'newer-version' | 'passphrase-wrong' | PrivateFileError['code'];

export interface ProfileKeyError {
  readonly code: ProfileKeyProblem;
  /** As of PrivateFileError. */
  readonly detail: string;
}

/** Whether the profile can only be opened with a passphrase. */
export function hasPassphrase(folder: string): boolean {
  return existsSync(join(folder, PROFILE_KEY_FILE_NAME));
}

/** Opens `profile.key` of a profile folder; `absent` when the profile has no passphrase. */
export async function openProfileKey(folder: string, passphrase: string): Promise<Result<ProfileKey, ProfileKeyError>> {
  const path = join(folder, PROFILE_KEY_FILE_NAME);
  const present = await preparePrivateFile(path, { create: false });
  if (!present.ok) return present;
  if (present.value === 'absent') return err({ code: 'absent', detail: path });
  const text = await readPrivateFile(path, FILE_BYTES_MAX);
  if (!text.ok) return err(text.error === 'too-large' ? { code: 'corrupt', detail: path } : text.error);
  const key = await ProfileKey.unwrapped(text.value, passphrase);
  return key.ok ? key : err({ code: key.error, detail: path });
}

/** Replaces `profile.key` as a whole. Rejects when it cannot be written. */
export async function saveProfileKey(
  folder: string,
  key: ProfileKey,
  passphrase: string,
  random: RandomSource,
): Promise<void> {
  await replacePrivateFile(join(folder, PROFILE_KEY_FILE_NAME), await key.wrapped(passphrase, random), random);
}

/** The same passphrase whatever keyboard it was typed on. In the thread pool. */
function stretched(
  passphrase: string,
  salt: Uint8Array,
  { memoryKib, passes, lanes }: Argon2Cost,
): Promise<Uint8Array> {
  const message = passphrase.normalize('NFKC');
  const parameters = { message, nonce: salt, parallelism: lanes, tagLength: KEY_BYTES, memory: memoryKib, passes };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function isPayable({ memoryKib, passes, lanes }: Argon2Cost): boolean {
  const isEnough = passes >= 1 && lanes >= 1 && memoryKib >= 8 * lanes;
  return isEnough && memoryKib <= COST_MAX.memoryKib && passes <= COST_MAX.passes && lanes <= COST_MAX.lanes;
}

function checksum(body: string): string {
  return createHash('sha256').update(body, 'latin1').digest('hex');
}
