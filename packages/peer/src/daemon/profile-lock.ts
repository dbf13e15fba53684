import { randomBytes } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { ProfilePaths } from '../config.ts';

/** The one daemon of a profile holds this from before it opens the database until its end. */
export interface ProfileLock {
  /** Synchronous, so that it also works as the last act of a process. */
  release(): void;
}

export interface LockHeld {
  /** Process id of the daemon that has the profile; 0 when it cannot be told. */
  readonly pid: number;
}

const ATTEMPTS_MAX = 5;
const CONNECT_TEST_MS = 1_000;

/**
 * Takes the profile, or says who has it. The lock file names a process and the time it started, so that neither the
 * file that kill -9 left behind nor a process id used again keeps a profile locked; a socket that answers always does.
 * The file appears by `link` with its content complete, and a stale one is taken away by `rename`, so that of two
 * daemons that start together one wins.
 */
export async function lockProfile(paths: ProfilePaths): Promise<Result<ProfileLock, LockHeld>> {
  const own = `${process.pid} ${startTimeOf(process.pid)}\n`;
  const draft = `${paths.lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, own, { mode: 0o600, flag: 'wx' });
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (await linked(draft, paths.lock)) return await confirmed(paths, own);
      const holder = await readIfThere(paths.lock);
      if (holder === undefined) continue;
      if (isAlive(holder) || (await answers(paths.socket))) return err({ pid: pidOf(holder) });
      await takeAway(paths.lock, holder);
    }
    return err({ pid: 0 });
  } finally {
    await unlink(draft).catch(() => {});
  }
}

/** A daemon whose lock file somebody deleted still answers on its socket; what does not answer is a leftover. */
async function confirmed(paths: ProfilePaths, own: string): Promise<Result<ProfileLock, LockHeld>> {
  const lock = { release: () => release(paths.lock, own) };
  if (await answers(paths.socket)) {
    lock.release();
    return err({ pid: 0 });
  }
  if (process.platform !== 'win32') await unlink(paths.socket).catch(() => {});
  return ok(lock);
}

function release(path: string, own: string): void {
  try {
    if (readFileSync(path, 'utf8') === own) unlinkSync(path);
  } catch {
    // Already gone: nothing is held.
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes exactly the stale content that was read; a newer lock caught by mistake is put back. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readIfThere(aside)) !== stale) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function pidOf(content: string): number {
  const pid = Number.parseInt(content, 10);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
}

function isAlive(content: string): boolean {
  const pid = pidOf(content);
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = content.trim().split(' ')[1] ?? '';
  const startsNow = startTimeOf(pid);
  return started === '' || startsNow === '' || started === startsNow;
}

/** Clock ticks from boot to the start of a process (proc(5), field 22 of stat); empty where /proc is not there. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
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
