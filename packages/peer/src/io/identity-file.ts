import { createHash } from 'node:crypto';
import { link, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Identity, IdentityKeeper } from '../engine/identity.ts';
import { type FileSeal, OPEN_FILES } from './file-seal.ts';
import {
  isErrno,
  type PrivateFileError,
  preparePrivateFile,
  preparePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
  syncFolder,
  temporaryName,
  unreadable,
  writeSynced,
} from './private-file.ts';

export const IDENTITY_FILE_NAME = 'identity.key';
const SEED_BYTES = 32;
const VERSION = 1;
/** Far above what version 1 needs; a larger file is not ours and is not read. */
const FILE_BYTES_MAX = 4_096;

export interface IdentityFileError {
  readonly code: PrivateFileError['code'] | 'corrupt' | 'newer-version' | 'absent' | 'half-encrypted';
  /** As of PrivateFileError; never a key. */
  readonly detail: string;
}

/**
 * Reads `identity.key` of a profile folder; makes folder and file on first use. What is damaged is never replaced: the
 * friends would see another key, and the old one would be gone.
 *
 * @param options.mayCreate false when the profile is in use already, so that a lost key file is reported (`absent`)
 */
export async function loadOrCreateIdentity(
  folder: string,
  random: RandomSource,
  options: { readonly mayCreate: boolean; readonly seal?: FileSeal } = { mayCreate: true },
): Promise<Result<Identity, IdentityFileError>> {
  const ready = await preparePrivateFolder(folder);
  if (!ready.ok) return ready;
  const path = join(folder, IDENTITY_FILE_NAME);
  const seal = options.seal ?? OPEN_FILES;
  const loaded = await loadIdentity(path, seal);
  if (loaded.ok || loaded.error.code !== 'absent' || !options.mayCreate) return loaded;
  const identity: Identity = {
    exchangeSecret: random.bytes(SEED_BYTES).slice(),
    signSeed: random.bytes(SEED_BYTES).slice(),
    accountSeed: random.bytes(SEED_BYTES).slice(),
  };
  try {
    const temporary = temporaryName(path, random);
    await writeSynced(temporary, seal.seal(IDENTITY_FILE_NAME, formatIdentity(identity)));
    await putInPlace(temporary, path);
  } catch (error) {
    return err(unreadable(path, error));
  }
  // Another process may have been first; what is on disk is the identity.
  return loadIdentity(path, seal);
}

/**
 * Keeps another account key in the identity file, when this device joins an account (R7). The file is replaced as a
 * whole: after a crash it holds the old key or the new one, and in either case the device's own keys. What was there
 * before is kept in `identity.key.old`: a key that friends have pinned is never gone for good.
 */
export class IdentityFile implements IdentityKeeper {
  readonly #path: string;
  readonly #random: RandomSource;
  readonly #seal: FileSeal;
  /** One replacement after the other: the last one asked for stays. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, random: RandomSource, seal: FileSeal = OPEN_FILES) {
    this.#path = join(folder, IDENTITY_FILE_NAME);
    this.#random = random;
    this.#seal = seal;
  }

  replaceAccountSeed(seed: Uint8Array): Promise<void> {
    const own = Uint8Array.from(seed);
    const replaced = this.#last.then(() => this.#replace(own));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  async #replace(accountSeed: Uint8Array): Promise<void> {
    const present = await loadIdentity(this.#path, this.#seal);
    if (!present.ok) throw new Error(`identity file: ${present.error.code}`);
    await this.#put(`${this.#path}.old`, present.value);
    await this.#put(this.#path, { ...present.value, accountSeed });
  }

  #put(path: string, identity: Identity): Promise<void> {
    return replacePrivateFile(path, this.#seal.seal(basename(path), formatIdentity(identity)), this.#random);
  }
}

/**
 * The format, version 1, five lines of ASCII that each end in a line feed:
 * ```
 * magpie-identity 1
 * exchange <64 hex: X25519 secret of the device>
 * sign <64 hex: Ed25519 seed of the device>
 * account <64 hex: Ed25519 seed of the account>
 * check <64 hex: SHA-256 of the four lines above>
 * ```
 */
export function formatIdentity({ exchangeSecret, signSeed, accountSeed }: Identity): string {
  const body = [
    `magpie-identity ${VERSION}`,
    `exchange ${toHex(exchangeSecret)}`,
    `sign ${toHex(signSeed)}`,
    `account ${toHex(accountSeed)}`,
    '',
  ].join('\n');
  return `${body}check ${checksum(body)}\n`;
}

export function parseIdentity(text: string): Result<Identity, 'corrupt' | 'newer-version'> {
  const version = /^magpie-identity ([0-9]{1,4})\n/.exec(text)?.[1];
  if (version === undefined) return err('corrupt');
  if (Number(version) > VERSION) return err('newer-version');
  const match =
    /^(magpie-identity 1\nexchange ([0-9a-f]{64})\nsign ([0-9a-f]{64})\naccount ([0-9a-f]{64})\n)check ([0-9a-f]{64})\n$/.exec(
      text,
    );
  if (!match) return err('corrupt');
  const [, body = '', exchange = '', sign = '', account = '', check = ''] = match;
  if (checksum(body) !== check) return err('corrupt');
  return ok({ exchangeSecret: fromHex(exchange), signSeed: fromHex(sign), accountSeed: fromHex(account) });
}

async function loadIdentity(path: string, seal: FileSeal): Promise<Result<Identity, IdentityFileError>> {
  const present = await preparePrivateFile(path, { create: false });
  if (!present.ok) return present;
  if (present.value === 'absent') return err({ code: 'absent', detail: path });
  const text = await readPrivateFile(path, FILE_BYTES_MAX);
  if (!text.ok) return text.error === 'too-large' ? err({ code: 'corrupt', detail: path }) : err(text.error);
  const opened = seal.open(IDENTITY_FILE_NAME, text.value);
  if (!opened.ok) return err({ code: opened.error, detail: path });
  const identity = parseIdentity(opened.value);
  if (identity.ok) return identity;
  if (identity.error === 'newer-version') {
    return err({ code: 'newer-version', detail: path });
  }
  return err({ code: 'corrupt', detail: path });
}

/** Under its name only when complete, and never over an identity that is there. */
async function putInPlace(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
    await unlink(temporary);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) await unlink(temporary);
    // Some file systems know no links.
    else await rename(temporary, path);
  }
  await syncFolder(dirname(path));
}

function checksum(body: string): string {
  return createHash('sha256').update(body, 'latin1').digest('hex');
}
