// Plain JavaScript for any Node >= 18: is the built page the one of these sources?
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Everything the build reads: the page, what it shares with the programs, and the versions of the libraries. */
const SOURCES = ['packages/peer/web', 'packages/common/src', 'package-lock.json'];
/** Written by build-page.ts into the folder of the page, so that both appear together. */
const STAMP = 'packages/peer/dist/web/.sources';

export function isPageBuilt(root) {
  try {
    return readFileSync(join(root, STAMP), 'utf8').trim() === hashOfSources(root);
  } catch {
    return false;
  }
}

export function hashOfSources(root) {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesUnder(join(root, source))).sort()) {
    hash.update(`${relative(root, path)}\0`).update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex');
}

function filesUnder(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    if (cause.code === 'ENOTDIR') return [path];
    if (cause.code === 'ENOENT') return [];
    throw cause;
  }
  return entries
    .filter(({ name }) => !name.startsWith('.') && !/\.test\.tsx?$/.test(name))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)]));
}
