// Plain JavaScript for any Node >= 18: are the libraries under node_modules those of package-lock.json?
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * npm writes what it has installed, `npm install` and `npm ci` alike, into node_modules/.package-lock.json. The tree
 * fits when each package of the lock file is there, in its version, and no other; optional packages of other machines
 * may be absent.
 */
export function librariesMatch(root) {
  const wanted = packagesIn(join(root, 'package-lock.json'));
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined ? !mayBeAbsent(entry) : !isSame(entry, found) || !existsSync(join(root, path)))
      return false;
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined);
}

function packagesIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function isSame(wanted, found) {
  return (
    wanted.version === found.version &&
    wanted.integrity === found.integrity &&
    Boolean(wanted.link) === Boolean(found.link)
  );
}

/** An optional package that names no machine comes with another one that does, and is left out with it. */
function mayBeAbsent({ optional, os, cpu, libc }) {
  if (!optional) return false;
  const namesNoMachine = os === undefined && cpu === undefined && libc === undefined;
  return namesNoMachine || !(allows(os, process.platform) && allows(cpu, process.arch) && allows(libc, libcHere()));
}

/** As npm reads `os`, `cpu` and `libc`: one name or several, `!name` for all but that one. */
function allows(names, here) {
  if (names === undefined || here === undefined) return true;
  const list = [names].flat();
  if (list.includes(`!${here}`)) return false;
  return list.includes(here) || list.includes('any') || list.every((name) => name.startsWith('!'));
}

let libc;

/** Node's report is the one place that tells; making it takes a moment, so it is made once. */
function libcHere() {
  if (process.platform !== 'linux') return undefined;
  libc ??= process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return libc;
}
