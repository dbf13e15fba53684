import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is a disk of its own (tmpfs), so that it can be full. Needs the right to mount. */
export class SmallDisk {
  readonly #folder: string;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    mkdirSync(folder, { mode: 0o700, recursive: true });
    if (!mount(folder, bytes)) throw new Error(`cannot mount a tmpfs at ${folder}`);
  }

  /** Leaves not a page free. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.#folder);
    try {
      writeFileSync(this.#filler, Buffer.alloc(Math.max(0, bavail * bsize)), { flag: 'a' });
    } catch (error) {
      // Somebody else took the last pages meanwhile: it is full all the same.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  /** When no program uses it any more. */
  unmount(): void {
    spawnSync('umount', ['-l', this.#folder]);
  }

  get #filler(): string {
    return join(this.#folder, 'filler');
  }
}

export function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'magpie-mount-'));
  const may = mount(folder, 1024 * 1024);
  if (may) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return may;
}

function mount(folder: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]).status === 0;
}
