import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type Sqlite from 'better-sqlite3';
import type { ProfilePaths } from '../config.ts';
import { hasPassphrase } from '../io/profile-key-file.ts';
import { notedSocket } from '../io/socket-note.ts';
import { sqliteLibrary } from '../store/sqlite-library.ts';

/** The one daemon of a profile holds this from before it opens the database until its end. */
export interface ProfileLock {
  /** Synchronous, so that it also works as the last act of a process. Safe to call twice. */
  release(): void;
  /** False once somebody deleted or replaced the lock's file: another daemon may have the profile then. */
  isHeld(): boolean;
}

export interface LockHeld {
  /** Process id of the daemon that has the profile; 0 when it cannot be told. */
  readonly pid: number;
}

const CONNECT_TEST_MS = 1_000;

/**
 * Takes the profile, or says who has it. Node has no file locks, SQLite has: an exclusive transaction on an empty
 * database of its own lasts as long as the process, so that kill -9 leaves nothing stale and of two daemons that start
 * together exactly one wins. Should somebody delete the file under a running daemon, its socket still answers.
 *
 * @param options.encrypted by the SQLite that the profile's database is opened with (R30)
 */
export async function lockProfile(
  paths: ProfilePaths,
  options: { readonly encrypted: boolean } = { encrypted: hasPassphrase(paths.folder) },
): Promise<Result<ProfileLock, LockHeld>> {
  const held = takeExclusive(paths.lock, sqliteLibrary(options));
  if (!held) return err({ pid: readPid(paths.pid) });
  if (await answers(await notedSocket(paths))) {
    held.close();
    return err({ pid: readPid(paths.pid) });
  }
  if (process.platform !== 'win32') await unlink(paths.socket).catch(() => {});
  try {
    writeFileSync(paths.pid, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    removePid(paths.pid);
    held.close();
    throw error;
  }
  const taken = fileNumber(paths.lock);
  const isHeld = (): boolean => [taken, undefined].includes(fileNumber(paths.lock));
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    // Otherwise it names the daemon that came after.
    if (isHeld()) removePid(paths.pid);
    held.close();
  };
  return ok({ release, isHeld });
}

/** @returns undefined when another connection, of this or another process, has it */
function takeExclusive(path: string, library: typeof Sqlite): Sqlite.Database | undefined {
  const database = new library(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (/^SQLITE_BUSY/.test(String((error as { readonly code?: unknown }).code))) return undefined;
    throw error;
  }
}

/** Device and inode; empty when there is no such file, undefined when that cannot be told: no sign of a lost lock. */
function fileNumber(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats ? `${stats.dev}:${stats.ino}` : '';
  } catch {
    return undefined;
  }
}

function readPid(path: string): number {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
  } catch {
    return 0;
  }
}

/** Only information for people: the lock itself ends with the connection. */
function removePid(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody was faster.
  }
}

/** Whether anything accepts connections on the socket. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(true), CONNECT_TEST_MS);
    socket.on('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
