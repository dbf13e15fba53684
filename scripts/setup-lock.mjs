// Plain JavaScript for any Node >= 18: one set-up at a time.
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';

const POLL_MS = 200;
/** Longer than any installation takes; then the number in the file belongs to some other process. */
const AGE_MS_MAX = 30 * 60_000;
/** From making the file to writing into it takes no time: an empty file of this age was left by a process that ended. */
const EMPTY_MS_MAX = 5_000;

/**
 * Runs `task` while no other process of this user does the same, and waits for its turn. A lock whose process is gone
 * is taken over.
 * @param onWait called once when there is somebody to wait for
 */
export function withSetupLock(path, task, onWait) {
  let isWaiting = false;
  while (!take(path)) {
    if (removeStale(path)) continue;
    if (!isWaiting) onWait();
    isWaiting = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    return task();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  let handle;
  try {
    handle = openSync(path, 'wx', 0o600);
  } catch (cause) {
    if (cause.code === 'EEXIST') return false;
    throw cause;
  }
  writeSync(handle, ownerText());
  closeSync(handle);
  return true;
}

/** Moved away before it is removed: of several who find the same stale lock, one gets it, and nobody gets a fresh one. */
function removeStale(path) {
  const owner = staleOwner(path);
  if (owner === undefined) return false;
  const aside = `${path}.${process.pid}.tmp`;
  try {
    renameSync(path, aside);
    const isFresh = readFileSync(aside, 'utf8') !== owner;
    if (isFresh) renameSync(aside, path);
    else rmSync(aside);
    return !isFresh;
  } catch {
    // Somebody else was quicker.
    return true;
  }
}

/** @returns what stands in the lock, when whoever wrote it is gone */
function staleOwner(path) {
  try {
    const ageMs = Date.now() - statSync(path).mtimeMs;
    const owner = readFileSync(path, 'utf8');
    if (owner === '') return ageMs > EMPTY_MS_MAX ? owner : undefined;
    const [pid, host] = owner.split(' ');
    const isGone = ageMs > AGE_MS_MAX || (host === hostname() && !isRunningElsewhere(Number(pid)));
    return isGone ? owner : undefined;
  } catch {
    // It was given back meanwhile.
    return undefined;
  }
}

/** Our own number in a lock that we do not hold is that of a process before us. */
function isRunningElsewhere(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause.code === 'EPERM';
  }
}

function ownerText() {
  return `${process.pid} ${hostname()} ${Date.now()}`;
}
