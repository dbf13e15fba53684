import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { preparePrivateFile, readPrivateFile, replacePrivateFile } from '../io/private-file.ts';

const KEY_BYTES = 32;
const KEY_FILE_BYTES_MAX = 256;
const PORT_FILE_BYTES_MAX = 16;
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
  const key = newPageKey(random);
  await writePageKey(path, key, random);
  return key;
}

export function newPageKey(random: RandomSource): Uint8Array {
  return random.bytes(KEY_BYTES).slice();
}

/** @throws (rejects) when it cannot be written */
export async function writePageKey(path: string, key: Uint8Array, random: RandomSource): Promise<void> {
  await replacePrivateFile(path, `magpie-page-key 1 ${toHex(key)}\n`, random);
}

/** The port at which the page of this profile was served before: a browser keeps its settings by it. */
export async function readPagePort(path: string): Promise<number | undefined> {
  const text = await readPrivateFile(path, PORT_FILE_BYTES_MAX);
  const port = text.ok ? /^(\d{1,5})\n$/.exec(text.value)?.[1] : undefined;
  return port !== undefined && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;
}

/** @throws (rejects) when it cannot be written */
export async function writePagePort(path: string, port: number, random: RandomSource): Promise<void> {
  await replacePrivateFile(path, `${port}\n`, random);
}
