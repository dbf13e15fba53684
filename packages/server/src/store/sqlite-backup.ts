import { closeSync, constants, fsyncSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SqliteDatabase } from './sqlite-open.ts';

/** Pages of one step: some 0.3 ms of copying, between which calls are answered. */
const PAGES_PER_STEP = 64;
/** 8 MiB go to the disk at a time, in another thread, so that the last sync, which holds up the calls, has little left. */
const PAGES_PER_SYNC = 2_048;

/**
 * Copies a database that is in use, in small steps between which its connection may write: what it writes meanwhile is in
 * the copy. The file appears at once, complete and synced, mode 0600; an old one is replaced.
 * @param signal stops the copying
 * @throws what SQLite or the system says; nothing is left behind then
 */
export async function backupDatabase(db: SqliteDatabase, path: string, signal: AbortSignal): Promise<void> {
  if (isSameFile(path, db.name)) throw new Error('the copy would replace the database itself');
  const partial = makePartial(path);
  try {
    await copyInSteps(db, partial, signal);
    publish(partial, path);
  } catch (cause) {
    dropPartial(partial);
    throw cause;
  }
}

async function copyInSteps(db: SqliteDatabase, partial: string, signal: AbortSignal): Promise<void> {
  const file = await open(partial, 'r');
  let pagesSynced = 0;
  let syncing: Promise<void> | undefined;
  // What fails here fails again in the sync at the end.
  const synced = (): void => {
    syncing = undefined;
  };
  try {
    await db.backup(partial, {
      progress: ({ totalPages, remainingPages }) => {
        signal.throwIfAborted();
        const pagesCopied = totalPages - remainingPages;
        if (!syncing && pagesCopied - pagesSynced >= PAGES_PER_SYNC) {
          pagesSynced = pagesCopied;
          syncing = file.datasync().then(synced, synced);
        }
        return PAGES_PER_STEP;
      },
    });
  } finally {
    await syncing;
    await file.close();
  }
}

/** The same at once, for a database that nobody uses yet. */
export function copyDatabase(db: SqliteDatabase, path: string): void {
  const partial = makePartial(path);
  try {
    db.prepare('VACUUM INTO ?').run(partial);
    publish(partial, path);
  } catch (cause) {
    dropPartial(partial);
    throw cause;
  }
}

/** An empty file that only its owner reads; what a killed program left of one goes. */
function makePartial(path: string): string {
  const partial = `${path}.partial`;
  dropPartial(partial);
  closeSync(openSync(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
  return partial;
}

function publish(partial: string, path: string): void {
  sync(partial);
  renameSync(partial, path);
  sync(dirname(resolve(path)));
}

function sync(path: string): void {
  const handle = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function dropPartial(partial: string): void {
  rmSync(partial, { force: true });
  rmSync(`${partial}-journal`, { force: true });
}

function isSameFile(path: string, other: string): boolean {
  try {
    return realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}
