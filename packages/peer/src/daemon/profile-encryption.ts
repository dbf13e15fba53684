import { copyFile, type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { ProfilePaths } from '../config.ts';
import { isSealed, SealedFiles } from '../io/file-seal.ts';
import { IDENTITY_FILE_NAME } from '../io/identity-file.ts';
import { MAILBOX_KEY_FILE_NAME } from '../io/mailbox-key-file.ts';
import {
  isErrno,
  preparePrivateFile,
  readPrivateFile,
  replacePrivateFile,
  syncFolder,
  temporaryName,
} from '../io/private-file.ts';
import { openProfileKey, PROFILE_KEY_FILE_NAME, ProfileKey, saveProfileKey } from '../io/profile-key-file.ts';
import { changeKey, giveKey, sqliteLibrary } from '../store/sqlite-library.ts';
import { isPlain, keepTemporaryInMemory, openDatabase } from '../store/sqlite-open.ts';
import { lockProfile } from './profile-lock.ts';
import { ProfileProblem, startError } from './run-daemon.ts';

/**
 * Giving a profile a passphrase, changing it and taking it away (R30), while no daemon runs.
 *
 * Every file is written anew beside the old one, synced, checked, and put in its place by a rename, one after the other.
 * `profile.key` comes first and goes last, so that whenever the power fails everything can be opened with the
 * passphrase; a daemon refuses what is half done, and giving the same command again finishes it.
 */

const KEY_FILES = [IDENTITY_FILE_NAME, `${IDENTITY_FILE_NAME}.old`, MAILBOX_KEY_FILE_NAME] as const;
/** Far above what any of them needs, sealed or not. */
const KEY_FILE_BYTES_MAX = 65_536;
const LEFT_BEHIND =
  /^(identity\.key|identity\.key\.old|mailbox\.key|profile\.key|profile\.db)\.[0-9a-f]{16}\.new(-journal)?$/;

export type Outcome = Promise<Result<void, RpcError>>;

/** Everything in the profile that could be read by whoever has the disk cannot, without the passphrase. */
export function encryptProfile(paths: ProfilePaths, passphrase: string, random: RandomSource): Outcome {
  return alone(paths, async () => {
    const present = await openProfileKey(paths.folder, passphrase);
    if (!present.ok && present.error.code !== 'absent') throw problem(present.error);
    if (present.ok && (await isWhollySealed(paths))) throw new ProfileProblem('encrypted', paths.folder);
    const key = present.ok ? present.value : ProfileKey.random(random);
    if (!present.ok) await saveProfileKey(paths.folder, key, passphrase, random);
    await changeDatabase(paths.database, undefined, key.database, random);
    const seal = new SealedFiles(key.files, random);
    await changeKeyFiles(paths.folder, (name, text) => (isSealed(text) ? text : seal.seal(name, text)), random);
  });
}

export function decryptProfile(paths: ProfilePaths, passphrase: string, random: RandomSource): Outcome {
  return alone(paths, async () => {
    const key = await needKey(paths, passphrase);
    await changeDatabase(paths.database, key.database, undefined, random);
    const seal = new SealedFiles(key.files, random);
    await changeKeyFiles(paths.folder, (name, text) => (isSealed(text) ? opened(seal, name, text) : text), random);
    await unlink(join(paths.folder, PROFILE_KEY_FILE_NAME));
    await syncFolder(paths.folder);
  });
}

/** The key and with it all files stay; only what wraps the key changes. */
export function changePassphrase(
  paths: ProfilePaths,
  passphrase: string,
  newPassphrase: string,
  random: RandomSource,
): Outcome {
  return alone(paths, async () => {
    const key = await needKey(paths, passphrase);
    await saveProfileKey(paths.folder, key, newPassphrase, random);
  });
}

/** Runs with the profile's lock, by the SQLite that can encrypt; names what went wrong as a failed start does. */
async function alone(paths: ProfilePaths, body: () => Promise<void>): Outcome {
  process.umask(0o077);
  try {
    const isProfile = await stat(paths.database).then(() => true, isAbsent);
    if (!isProfile) throw new ProfileProblem('no-profile', paths.folder);
    const locked = await lockProfile(paths, { encrypted: true });
    if (!locked.ok) return err({ code: 'DAEMON_ALREADY_RUNNING', detail: { pid: locked.error.pid } });
    try {
      await removeLeftBehind(paths.folder);
      await body();
      return ok(undefined);
    } finally {
      locked.value.release();
    }
  } catch (error) {
    return err(startError(error, paths));
  }
}

async function needKey(paths: ProfilePaths, passphrase: string): Promise<ProfileKey> {
  const key = await openProfileKey(paths.folder, passphrase);
  if (key.ok) return key.value;
  throw key.error.code === 'absent' ? new ProfileProblem('not-encrypted', paths.folder) : problem(key.error);
}

/** Copies the database under another key and puts the copy in its place; nothing when it is under it already. */
async function changeDatabase(
  path: string,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  random: RandomSource,
): Promise<void> {
  if (isPlain(path) === (to === undefined)) return;
  const rows = settledRows(path, from);
  const copy = temporaryName(path, random);
  try {
    await copyFile(path, copy);
    rekey(copy, from, to);
    if (settledRows(copy, to) !== rows) throw new ProfileProblem('corrupt', copy);
    await sync(copy);
    await putInPlace(copy, path);
  } catch (error) {
    await removeErased(copy).catch(() => undefined);
    throw error;
  }
}

/** Checks the whole file and leaves no log beside it. @returns how many rows of messages it has */
function settledRows(path: string, key: Uint8Array | undefined): number {
  // Brings it to the newest schema too, so that what follows is never half of an old one.
  openDatabase(path, key, { encrypted: true }).close();
  const db = new (sqliteLibrary({ encrypted: true }))(path);
  try {
    if (key) giveKey(db, key);
    keepTemporaryInMemory(db);
    db.pragma('journal_mode = DELETE');
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw new ProfileProblem('corrupt', path);
    return Number(db.prepare('SELECT count(*) FROM message').pluck().get());
  } finally {
    db.close();
  }
}

function rekey(path: string, from: Uint8Array | undefined, to: Uint8Array | undefined): void {
  const db = new (sqliteLibrary({ encrypted: true }))(path);
  try {
    if (from) giveKey(db, from);
    keepTemporaryInMemory(db);
    db.pragma('journal_mode = MEMORY');
    changeKey(db, to);
  } finally {
    db.close();
  }
}

async function changeKeyFiles(
  folder: string,
  change: (name: string, text: string) => string,
  random: RandomSource,
): Promise<void> {
  for (const name of KEY_FILES) {
    const path = join(folder, name);
    const present = await preparePrivateFile(path, { create: false });
    if (!present.ok) throw problem(present.error);
    if (present.value === 'absent') continue;
    const text = await readPrivateFile(path, KEY_FILE_BYTES_MAX);
    if (!text.ok) throw text.error === 'too-large' ? new ProfileProblem('corrupt', path) : problem(text.error);
    const changed = change(name, text.value);
    if (changed !== text.value) await overwriting(path, () => replacePrivateFile(path, changed, random));
  }
}

function opened(seal: SealedFiles, name: string, text: string): string {
  const plain = seal.open(name, text);
  if (!plain.ok) throw new ProfileProblem(plain.error, name);
  return plain.value;
}

async function isWhollySealed(paths: ProfilePaths): Promise<boolean> {
  if (isPlain(paths.database)) return false;
  for (const name of KEY_FILES) {
    const text = await readPrivateFile(join(paths.folder, name), KEY_FILE_BYTES_MAX);
    if (text.ok && !isSealed(text.value)) return false;
  }
  return true;
}

async function putInPlace(copy: string, path: string): Promise<void> {
  await overwriting(path, async () => {
    await rename(copy, path);
    await syncFolder(dirname(path));
  });
}

/**
 * Writes zeros over what was at the path once something else stands there. As far as the disk lets it: copies that a file
 * system or a flash disk keeps by itself stay, and so does what has another name too: somebody's backup.
 */
async function overwriting(path: string, replace: () => Promise<void>): Promise<void> {
  const old = await open(path, 'r+');
  try {
    await replace();
    const { nlink } = await old.stat();
    if (nlink === 0) await erase(old);
  } finally {
    await old.close();
  }
}

/** A copy may be plain still: its texts are not left in free blocks. */
async function removeErased(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await erase(file);
  } finally {
    await file.close();
    await unlink(path);
  }
}

async function erase(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const zeros = Buffer.alloc(Math.min(size, 1 << 20));
  for (let at = 0; at < size; at += zeros.length) await file.write(zeros, 0, Math.min(zeros.length, size - at), at);
  await file.sync();
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

/** Of an earlier run that ended in the middle. */
async function removeLeftBehind(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (LEFT_BEHIND.test(name)) await removeErased(join(folder, basename(name)));
  }
}

function problem({ code, detail }: { readonly code: string; readonly detail: string }): ProfileProblem {
  return new ProfileProblem(code, detail);
}

function isAbsent(error: unknown): false {
  if (isErrno(error, 'ENOENT')) return false;
  throw error;
}
