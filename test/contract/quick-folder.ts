import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_DISK = '/dev/shm';

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
