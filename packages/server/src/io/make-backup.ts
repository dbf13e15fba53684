import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { BackupError, backupErrorOf } from './backup-error.ts';
import { type Backup, sealBackup, verifyBackup } from './backup-file.ts';
import { type DataFolder, syncFolder } from './data-folder.ts';

/** Copies of the database that a running server leaves in its folder for whoever asked for a backup. */
const SNAPSHOT = /^snapshot-[0-9]+\.db(-wal|-shm|-journal)?$/;
/** No copy takes longer to be taken away; an older one was left by a command that was killed. */
const SNAPSHOT_MS_MAX = 3_600_000;

/** Where the running server writes the next copy. */
export function freshSnapshotPath(folder: DataFolder): string {
  removeSnapshots(folder, SNAPSHOT_MS_MAX);
  return join(folder.path, `snapshot-${Date.now()}.db`);
}

/** @param ageMsMin only those that are so old */
export function removeSnapshots(folder: DataFolder, ageMsMin: number): void {
  for (const name of readdirSync(folder.path)) {
    if (!SNAPSHOT.test(name)) continue;
    const path = join(folder.path, name);
    const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - writtenAt >= ageMsMin) rmSync(path, { force: true });
  }
}

/** Refuses what `backup` would overwrite, before any work is done. @throws BackupError */
export function requireTarget(target: string, force: boolean): void {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new BackupError('unusable', target, 'EISDIR');
  if (found && !force) throw new BackupError('exists', target);
}

/**
 * Makes a backup of the copy that the running server left, and takes that away.
 * @param snapshot its name in the data folder
 * @throws BackupError
 */
export async function backupOfSnapshot(
  folder: DataFolder,
  snapshot: string,
  target: string,
  force: boolean,
): Promise<Backup> {
  const source = join(folder.path, basename(snapshot));
  try {
    return await writeBackup(folder, target, force, (part) => copyFileSync(source, part, constants.COPYFILE_EXCL));
  } finally {
    rmSync(source, { force: true });
  }
}

/** Makes a backup of a folder on which no server runs; the caller holds its lock. @throws BackupError */
export async function backupOfFolder(folder: DataFolder, target: string, force: boolean): Promise<Backup> {
  if (!existsSync(folder.database) || !existsSync(folder.key)) throw new BackupError('no-data', folder.path);
  return writeBackup(folder, target, force, async (part) => {
    const db = new Database(folder.database, { fileMustExist: true });
    try {
      await db.backup(part);
    } finally {
      db.close();
    }
  });
}

/** Under a name of its own until it has been read back: the target is there whole, or as it was before. */
async function writeBackup(
  folder: DataFolder,
  target: string,
  force: boolean,
  copyTo: (part: string) => void | Promise<void>,
): Promise<Backup> {
  requireTarget(target, force);
  const part = `${target}.part-${process.pid}`;
  const isOurs = !existsSync(part);
  try {
    if (!isOurs) throw new BackupError('exists', part);
    await copyTo(part);
    chmodSync(part, 0o600);
    sealBackup(part, readFileSync(folder.key, 'utf8'));
    const backup = verifyBackup(part);
    requireTarget(target, force);
    renameSync(part, target);
    syncFolder(dirname(target));
    return backup;
  } catch (cause) {
    throw backupErrorOf(cause, target);
  } finally {
    const left = ['', '-journal', '-wal', '-shm'];
    if (isOurs) for (const ending of left) rmSync(part + ending, { force: true });
  }
}
