import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MEMORY_DISK = '/dev/shm';

/** Threads that begin from now on keep their compiled code: each of hundreds of stores loads the same sources in its own. */
export function keepCompiledCode(): void {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
}

/**
 * A new folder for a database whose meaning is tested rather than its syncs: in memory where the system has a disk there,
 * since hundreds of stores are opened, and each waits for its disk many times.
 */
export function quickFolder(prefix: string): string {
  return mkdtempSync(join(isWritable(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), prefix));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
