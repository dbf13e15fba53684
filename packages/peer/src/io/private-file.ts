import { chmod, lstat, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toHex } from '@magpie/common/bytes/hex.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';

/** Only the user may read or write what a profile holds. */
export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_FOLDER_MODE = 0o700;

export interface PrivateFileError {
  readonly code: 'permissions' | 'owner' | 'unreadable';
  /** No sentence, for faces speak several languages: the path, with `permissions` the command to type. */
  readonly detail: string;
}

/**
 * Checks that a file belongs to this user and to nobody else, before it is read.
 * @param options.create makes it, empty and 0600, where it is absent; otherwise absent is fine
 */
export async function preparePrivateFile(
  path: string,
  options: { readonly create: boolean },
): Promise<Result<'present' | 'created' | 'absent', PrivateFileError>> {
  try {
    if (options.create && (await createdEmpty(path))) return ok('created');
    return await checkPrivate(path, 'file');
  } catch (error) {
    return isErrno(error, 'ENOENT') && !options.create ? ok('absent') : err(unreadable(path, error));
  }
}

/** Makes the folder (0700) where it is absent, and checks it as files are checked. */
export async function preparePrivateFolder(path: string): Promise<Result<'present' | 'created', PrivateFileError>> {
  try {
    const made = await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER_MODE });
    if (made !== undefined) await chmod(path, PRIVATE_FOLDER_MODE);
    return await checkPrivate(path, 'folder');
  } catch (error) {
    return err(unreadable(path, error));
  }
}

/** ASCII text of a file that was prepared. @returns `too-large` for one of more than `bytesMax`, which is not read */
export async function readPrivateFile(
  path: string,
  bytesMax: number,
): Promise<Result<string, PrivateFileError | 'too-large'>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > bytesMax) return err('too-large');
    } finally {
      await file.close();
    }
    return ok(await readFile(path, 'latin1'));
  } catch (error) {
    return err(unreadable(path, error));
  }
}

/**
 * Puts a file in the place of the one that is there, or of none: after a crash it is the old one or the new one, whole.
 * Durable when it resolves. @throws (rejects) when it cannot be written; the old one stays
 */
export async function replacePrivateFile(path: string, text: string, random: RandomSource): Promise<void> {
  const temporary = temporaryName(path, random);
  try {
    await writeSynced(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * What replacements of this file left beside it that were killed before their end. Nobody may be replacing it.
 * @throws (rejects) what cannot be removed
 */
export async function removeUnfinished(path: string): Promise<void> {
  const folder = dirname(path);
  const beginning = `${basename(path)}.`;
  for (const name of await readdir(folder)) {
    const isLeft = name.startsWith(beginning) && /^[0-9a-f]{16}\.new$/.test(name.slice(beginning.length));
    if (isLeft) await unlink(join(folder, name));
  }
}

/** Beside the file that it is to become. */
export function temporaryName(path: string, random: RandomSource): string {
  return `${path}.${toHex(random.bytes(8))}.new`;
}

/** A new file, 0600, with ASCII text. */
export async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE_MODE);
  try {
    await file.writeFile(text, 'latin1');
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function unreadable(path: string, error: unknown): PrivateFileError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  return { code: 'unreadable', detail: `${path}: ${code}` };
}

async function createdEmpty(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', PRIVATE_FILE_MODE);
    await file.close();
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function checkPrivate(path: string, kind: 'file' | 'folder'): Promise<Result<'present', PrivateFileError>> {
  // A folder may be a link to where the user wants it; a file is replaced by rename and must be what it seems.
  const stats = kind === 'folder' ? await stat(path) : await lstat(path);
  const isKind = kind === 'file' ? stats.isFile() : stats.isDirectory();
  if (!isKind) return err({ code: 'unreadable', detail: `${path}: ${kind === 'file' ? 'EFTYPE' : 'ENOTDIR'}` });
  // Windows has no such bits; the user's profile folder is private there by its access list.
  if (process.getuid === undefined) return ok('present');
  if (stats.uid !== process.getuid()) {
    return err({ code: 'owner', detail: path });
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = kind === 'file' ? '600' : '700';
    return err({ code: 'permissions', detail: `chmod ${mode} '${path}'` });
  }
  return ok('present');
}
