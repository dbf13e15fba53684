import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { BackupError, backupErrorOf } from './backup-error.ts';
import { type Backup, syncFile, unsealBackup, verifyBackup } from './backup-file.ts';
import { type DataFolder, syncFolder } from './data-folder.ts';

/** What a restore prepares lies here until it is whole … */
const UNFINISHED = 'restore.part';
/** … and from then on here: whoever opens the folder next puts it in place, as often as it takes. */
const PREPARED = 'restore.ready';
/** In the prepared folder: the name of the folder that the old files go to. */
const ASIDE = 'aside';
/** Restores of one folder whose old files are kept. */
const ASIDE_FOLDERS_MAX = 1_000;

export interface Restored {
  readonly backup: Backup;
  /** Where the old database and key are now; absent when there were none. */
  readonly movedTo?: string;
}

/**
 * Puts a backup's database and key in place of what a folder holds; the caller holds the folder's lock. What was there
 * is moved aside, never deleted.
 * @param force also where there is a server already
 * @throws BackupError, with the folder as it was
 */
export function restoreBackup(file: string, folder: DataFolder, force: boolean): Restored {
  finishRestore(folder);
  const backup = verifyBackup(file);
  const isUsed = hasServer(folder);
  if (isUsed && !force) throw new BackupError('has-data', folder.path);
  const aside = asideNameIn(folder);
  try {
    prepare(file, backup, aside, folder);
    finishRestore(folder);
  } catch (cause) {
    throw backupErrorOf(cause, folder.path);
  }
  return { backup, ...(isUsed && { movedTo: join(folder.path, aside) }) };
}

/**
 * Ends a restore that was interrupted: what was prepared goes in place, what was not whole goes away. Called, under the
 * folder's lock, before anything in it is read.
 */
export function finishRestore(folder: DataFolder): void {
  rmSync(join(folder.path, UNFINISHED), { recursive: true, force: true });
  const prepared = join(folder.path, PREPARED);
  if (!existsSync(prepared)) return;
  const aside = join(folder.path, readFileSync(join(prepared, ASIDE), 'utf8'));
  const database = basename(folder.database);
  const key = basename(folder.key);
  // The log of the old database must be gone before the new one has its name.
  replace(folder, database, [`${database}-wal`, `${database}-shm`, database], aside);
  replace(folder, key, [`${key}.new`, key], aside);
  rmSync(prepared, { recursive: true, force: true });
  syncFolder(folder.path);
}

/** Done already where the prepared file is gone. */
function replace(folder: DataFolder, name: string, old: readonly string[], aside: string): void {
  const prepared = join(folder.path, PREPARED, name);
  if (!existsSync(prepared)) return;
  for (const oldName of old) {
    const path = join(folder.path, oldName);
    if (!existsSync(path)) continue;
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    renameSync(path, join(aside, oldName));
  }
  syncFolder(folder.path);
  renameSync(prepared, join(folder.path, name));
  syncFolder(folder.path);
}

function prepare(file: string, backup: Backup, aside: string, folder: DataFolder): void {
  const unfinished = join(folder.path, UNFINISHED);
  mkdirSync(unfinished, { mode: 0o700 });
  const database = join(unfinished, basename(folder.database));
  copyFileSync(file, database, constants.COPYFILE_EXCL);
  chmodSync(database, 0o600);
  unsealBackup(database, backup);
  for (const [name, text] of [
    [basename(folder.key), backup.keyText],
    [ASIDE, aside],
  ] as const) {
    const path = join(unfinished, name);
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
    syncFile(path);
  }
  syncFolder(unfinished);
  renameSync(unfinished, join(folder.path, PREPARED));
  syncFolder(folder.path);
}

function hasServer(folder: DataFolder): boolean {
  return (statSync(folder.database, { throwIfNoEntry: false })?.size ?? 0) > 0 || existsSync(folder.key);
}

function asideNameIn(folder: DataFolder): string {
  for (let number = 1; number <= ASIDE_FOLDERS_MAX; number++) {
    const name = `before-restore-${number}`;
    if (!existsSync(join(folder.path, name))) return name;
  }
  throw new BackupError('unusable', folder.path, 'EEXIST');
}
