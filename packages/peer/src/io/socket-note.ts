import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { ProfilePaths } from '../config.ts';
import { PRIVATE_FILE_MODE } from './private-file.ts';

/** Above what any system takes as the path of a socket. */
const NOTE_BYTES_MAX = 256;

/**
 * A socket outside its profile lies where the daemon's environment said (XDG_RUNTIME_DIR), which need not be what a
 * command's environment says: the daemon leaves the path in the profile.
 */
export async function writeSocketNote(paths: ProfilePaths): Promise<void> {
  if (!isElsewhere(paths)) return;
  await unlink(paths.socketNote).catch(() => {});
  await writeFile(paths.socketNote, `${paths.socket}\n`, { mode: PRIVATE_FILE_MODE, flag: 'wx' });
}

export async function removeSocketNote(paths: ProfilePaths): Promise<void> {
  if (isElsewhere(paths)) await unlink(paths.socketNote).catch(() => {});
}

/** @returns the socket of the daemon that last had the profile, else where one of this environment would listen */
export async function notedSocket(paths: ProfilePaths): Promise<string> {
  if (!isElsewhere(paths)) return paths.socket;
  try {
    if ((await stat(paths.socketNote)).size > NOTE_BYTES_MAX) return paths.socket;
    const path = (await readFile(paths.socketNote, 'utf8')).trimEnd();
    return isAbsolute(path) ? path : paths.socket;
  } catch {
    return paths.socket;
  }
}

function isElsewhere({ folder, socket }: ProfilePaths): boolean {
  return process.platform !== 'win32' && dirname(socket) !== folder;
}
