import { closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StartError } from './start-error.ts';

/** What the server keeps, and where. The folder is 0700; what lies in it is 0600. */
export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly key: string;
  readonly lock: string;
}

/** What the system and SQLite call a disk that is full or failing. */
const DISK_CODES = /^(ENOSPC|EDQUOT|EIO|SQLITE_FULL|SQLITE_IOERR.*)$/;

export function dataFolderAt(path: string): DataFolder {
  return { path, database: join(path, 'server.db'), key: join(path, 'server.key'), lock: join(path, 'server.lock') };
}

/** Makes the folder on the first start. @throws StartError */
export function prepareDataFolder(folder: DataFolder): void {
  try {
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    requireOwn(folder.path);
    requirePrivate(folder.path, '700');
  } catch (cause) {
    throw startErrorOf(cause, folder.path);
  }
}

/** As prepareDataFolder, for a folder that must be there. @throws StartError */
export function requireDataFolder(folder: DataFolder): void {
  try {
    requireOwn(folder.path);
    requirePrivate(folder.path, '700');
  } catch (cause) {
    throw startErrorOf(cause, folder.path);
  }
}

/** Refuses another user's folder: its owner may enter it whatever its mode, which matters to root alone. */
function requireOwn(path: string): void {
  const ownUid = process.getuid?.();
  const { uid } = statSync(path);
  if (ownUid !== undefined && uid !== ownUid) throw new StartError('foreign-owner', path, { detail: String(uid) });
}

/** Refuses what group or others may touch. Windows keeps rights elsewhere. */
export function requirePrivate(path: string, mode: '600' | '700'): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return;
  throw new StartError('permissions', path, { fix: `chmod ${mode} ${shellQuoted(path)}` });
}

/**
 * Takes the folder for this process until `release`, or until the process ends, in whichever way: the lock is the
 * kernel's, through a transaction that SQLite holds open on a file of its own.
 * @throws StartError
 */
export function lockDataFolder(folder: DataFolder): { release(): void } {
  let db: Database.Database | undefined;
  try {
    db = new Database(folder.lock, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    const code = (cause as { code?: string }).code ?? '';
    if (code.startsWith('SQLITE_BUSY')) throw new StartError('already-running', folder.path);
    throw startErrorOf(cause, folder.lock);
  }
  const held = db;
  return { release: () => held.close() };
}

/** Makes a rename or a new file in the folder durable. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The failure of a system call or of SQLite on `path`, as a reason for not starting. */
export function startErrorOf(cause: unknown, path: string): StartError {
  if (cause instanceof StartError) return cause;
  const detail = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new StartError(DISK_CODES.test(detail) ? 'disk' : 'unreadable', path, { detail });
}

function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
