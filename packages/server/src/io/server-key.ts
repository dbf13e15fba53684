import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import {
  blake2b,
  equalBytes,
  exchangeKeyPairOf,
  type KeyPair,
  newExchangeKeyPair,
} from '@magpie/common/channel/keys.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { type DataFolder, requirePrivate, startErrorOf, syncFolder } from './data-folder.ts';
import { StartError } from './start-error.ts';

const LABEL = 'magpie-server-key-1';
/** Of BLAKE2b over the secret: tells a damaged file from a key. */
const CHECKSUM_BYTES = 8;
/** The file has 103; anything longer is not ours. */
const FILE_BYTES_MAX = 1_024;

export interface ServerKey {
  readonly pair: KeyPair;
  /** No start has kept it yet, so nobody knows the server by it. */
  readonly isNew: boolean;
  /** Makes a new key the server's for good; called once there is a database beside it. @throws StartError */
  keep(): void;
}

/**
 * The X25519 key by which peers know this server. Made on the first start; never made anew where a database shows that
 * users know an old one, unless `allowNew`. A new one is a draft beside the key's place until it is kept, so that a
 * first start that fails halfway is repeated, not taken for the loss of a key or a database.
 * @throws StartError
 */
export function loadServerKey(folder: DataFolder, random: RandomSource, allowNew = false): ServerKey {
  const draft = `${folder.key}.new`;
  try {
    if (existsSync(folder.key)) {
      const pair = readKey(folder.key);
      rmSync(draft, { force: true });
      return { pair, isNew: false, keep: () => {} };
    }
    const pair = readDraft(draft);
    if (!pair && existsSync(folder.database) && !allowNew) throw new StartError('key-missing', folder.key);
    return { pair: pair ?? writeDraft(draft, random), isNew: true, keep: () => keepDraft(draft, folder) };
  } catch (cause) {
    throw startErrorOf(cause, folder.key);
  }
}

function readKey(path: string): KeyPair {
  requirePrivate(path, '600');
  const text = statSync(path).size <= FILE_BYTES_MAX ? readFileSync(path, 'utf8') : '';
  const pair = parseServerKey(text);
  if (!pair) throw new StartError('key-corrupt', path);
  return pair;
}

/** @param text of a key file @returns undefined when it holds no key */
export function parseServerKey(text: string): KeyPair | undefined {
  const [, secretText, checksumText] = /^magpie-server-key-1 ([0-9a-f]{64}) ([0-9a-f]{16})\r?\n?$/.exec(text) ?? [];
  if (secretText === undefined || checksumText === undefined) return undefined;
  const secretKey = fromHex(secretText);
  return equalBytes(checksumOf(secretKey), fromHex(checksumText)) ? exchangeKeyPairOf(secretKey) : undefined;
}

/** @returns undefined where there is none, or none that is whole */
function readDraft(path: string): KeyPair | undefined {
  try {
    return readKey(path);
  } catch {
    return undefined;
  }
}

function writeDraft(path: string, random: RandomSource): KeyPair {
  const pair = newExchangeKeyPair(random);
  rmSync(path, { force: true });
  const handle = openSync(path, 'wx', 0o600);
  try {
    writeSync(handle, `${LABEL} ${toHex(pair.secretKey)} ${toHex(checksumOf(pair.secretKey))}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return pair;
}

function keepDraft(draft: string, folder: DataFolder): void {
  try {
    renameSync(draft, folder.key);
    syncFolder(folder.path);
  } catch (cause) {
    throw startErrorOf(cause, folder.key);
  }
}

/** BLAKE2b has no hash below 16 bytes here; half of it is enough against damage. */
function checksumOf(secretKey: Uint8Array): Uint8Array {
  return blake2b(16, secretKey).subarray(0, CHECKSUM_BYTES);
}
