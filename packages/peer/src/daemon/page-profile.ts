import { readFile, writeFile } from 'node:fs/promises';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { preparePrivateFile, readPrivateFile, replacePrivateFile } from '../io/private-file.ts';

const KEY_BYTES = 32;
const KEY_FILE_BYTES_MAX = 256;
const KEY_PATTERN = /^magpie-page-key 1 ([0-9a-f]{64})\n$/;

/**
 * The key that makes the tokens of pages, from `page.key`. Whoever can read it has the profile's control socket, too, so
 * it is not sealed under the passphrase of a profile that has one. A broken one is replaced: pages are opened anew then.
 */
export async function loadPageKey(path: string, random: RandomSource): Promise<Uint8Array> {
  const prepared = await preparePrivateFile(path, { create: false });
  if (prepared.ok && prepared.value === 'present') {
    const text = await readPrivateFile(path, KEY_FILE_BYTES_MAX);
    const hex = text.ok ? KEY_PATTERN.exec(text.value)?.[1] : undefined;
    if (hex !== undefined) return fromHex(hex);
  }
  return renewPageKey(path, random);
}

/** @throws (rejects) when it cannot be written */
export async function renewPageKey(path: string, random: RandomSource): Promise<Uint8Array> {
  const key = random.bytes(KEY_BYTES).slice();
  await replacePrivateFile(path, `magpie-page-key 1 ${toHex(key)}\n`, random);
  return key;
}

/** The port at which the page of this profile was served before: a browser keeps its settings by it. */
export async function readPagePort(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const port = /^(\d{1,5})\n$/.exec(text)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;
}

export async function writePagePort(path: string, port: number): Promise<void> {
  await writeFile(path, `${port}\n`, { mode: 0o600 });
}
