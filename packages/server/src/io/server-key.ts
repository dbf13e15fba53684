import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
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

/**
 * The X25519 key by which peers know this server. Made on the first start; never made anew where a database shows that
 * users know an old one, unless `allowNew`.
 * @throws StartError
 */
export function loadServerKey(folder: DataFolder, random: RandomSource, allowNew = false): KeyPair {
  try {
    if (existsSync(folder.key)) return readKey(folder.key);
    if (existsSync(folder.database) && !allowNew) throw new StartError('key-missing', folder.key);
    const pair = newExchangeKeyPair(random);
    writeKey(folder, pair.secretKey);
    return pair;
  } catch (cause) {
    throw startErrorOf(cause, folder.key);
  }
}

function readKey(path: string): KeyPair {
  requirePrivate(path, '600');
  const text = statSync(path).size <= FILE_BYTES_MAX ? readFileSync(path, 'utf8') : '';
  const [, secretText, checksumText] = /^magpie-server-key-1 ([0-9a-f]{64}) ([0-9a-f]{16})\r?\n?$/.exec(text) ?? [];
  if (secretText === undefined || checksumText === undefined) throw new StartError('key-corrupt', path);
  const secretKey = fromHex(secretText);
  if (!equalBytes(checksumOf(secretKey), fromHex(checksumText))) throw new StartError('key-corrupt', path);
  return exchangeKeyPairOf(secretKey);
}

/** Whole or not at all: a temporary file, synced, then renamed. */
function writeKey(folder: DataFolder, secretKey: Uint8Array): void {
  const temporary = `${folder.key}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, `${LABEL} ${toHex(secretKey)} ${toHex(checksumOf(secretKey))}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, folder.key);
  syncFolder(folder.path);
}

/** BLAKE2b has no hash below 16 bytes here; half of it is enough against damage. */
function checksumOf(secretKey: Uint8Array): Uint8Array {
  return blake2b(16, secretKey).subarray(0, CHECKSUM_BYTES);
}
