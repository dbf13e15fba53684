import { readdirSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { PAGE_FILES_MAX } from './page-limits.ts';

const INDEX = 'index.html';
/** What Vite names by a hash of the content: `assets/index-BYS-znFG.js`. */
const HASHED = /^\/assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

/** Needs no encoding in a URL, and hides nothing. */
const NAME = /^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** The files of the built page, by the exact path under which each is served; nothing else of the disk is. */
export class PageFiles {
  readonly folder: string;
  /** From the path of a request to the name under the folder. */
  #names: ReadonlyMap<string, string> = new Map();
  #builtAtMs: number | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Looks again when the page was built since. @returns whether there is a page */
  refresh(): boolean {
    const builtAtMs = statSync(join(this.folder, INDEX), { throwIfNoEntry: false })?.mtimeMs;
    if (builtAtMs !== this.#builtAtMs) {
      this.#names = builtAtMs === undefined ? new Map() : namesIn(this.folder);
      this.#builtAtMs = builtAtMs;
    }
    return builtAtMs !== undefined;
  }

  /** A tab that loads the page anew gets the newest one, with the files that belong to it. */
  has(path: string): boolean {
    if (path === '/') this.refresh();
    return this.#names.has(path);
  }

  nameOf(path: string): string | undefined {
    return this.#names.get(path);
  }

  static isHashed(path: string): boolean {
    return HASHED.test(path);
  }
}

function namesIn(folder: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const name = relative(folder, join(entry.parentPath, entry.name)).split(sep).join(posix.sep);
    if (!entry.isFile() || !NAME.test(name) || names.size >= PAGE_FILES_MAX) continue;
    names.set(name === INDEX ? '/' : `/${name}`, name);
  }
  return names;
}
