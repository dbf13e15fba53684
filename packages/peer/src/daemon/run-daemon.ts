import { chmod, link, mkdir, readdir, rename } from 'node:fs/promises';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { isForPages } from '@magpie/common/rpc/rpc-table.ts';
import { MAGPIE_VERSION, type ProfilePaths, programName } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import { preparePrivateFolder } from '../io/private-file.ts';
import { removeSocketNote, writeSocketNote } from '../io/socket-note.ts';
import { SystemRandom } from '../io/system-random.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import { openDaemonLog } from './daemon-log.ts';
import type { LogLevel } from './log-level.ts';
import { PageHost } from './page-host.ts';
import { lockProfile, type ProfileLock } from './profile-lock.ts';
import { rpcHandlers } from './rpc-methods.ts';
import { type ClientPipe, RpcSession } from './rpc-session.ts';

export interface DaemonOptions {
  readonly udp: boolean;
  readonly logLevel: LogLevel;
  /** Of a profile that has one (R30). */
  readonly passphrase?: string | undefined;
  /** Accepts `debug.dropUdp`. */
  readonly testHooks: boolean;
}

/**
 * Builds the engine of a profile on the real ports; made by main.ts.
 * @throws (rejects with) ProfileProblem, or StoreOpenError, which has the same fields
 */
export type ComposeEngine = (paths: ProfilePaths, options: DaemonOptions, log: Log) => Promise<Engine>;

export interface RunningDaemon {
  readonly pid: number;
  /** Says goodbye, closes everything; at most STOP_MS_MAX. Safe to call twice. */
  stop(reason: string): Promise<void>;
  /** Resolves when the daemon has ended, however that came. */
  readonly ended: Promise<void>;
}

/** The goodbye to server and friends may take this long; then the process ends all the same. */
const STOP_MS_MAX = 4_500;

/** How often the daemon looks whether the lock is still its own: as long may two daemons have one profile. */
const LOCK_LOOK_MS = 5_000;

/** Starts the daemon of a profile in this process: the folder, the lock, the engine, then the control socket. */
export async function runDaemon(
  paths: ProfilePaths,
  options: DaemonOptions,
  compose: ComposeEngine,
): Promise<Result<RunningDaemon, RpcError>> {
  process.umask(0o077);
  let lock: ProfileLock | undefined;
  let log: Log | undefined;
  try {
    await ensureProfileFolder(paths.folder);
    const locked = await lockProfile(paths);
    if (!locked.ok) return err({ code: 'DAEMON_ALREADY_RUNNING', detail: { pid: locked.error.pid } });
    lock = locked.value;
    log = openDaemonLog(paths.log, options.logLevel);
    return ok(await bringUp(paths, options, compose, lock, log));
  } catch (error) {
    log?.error({ stack: error instanceof Error ? error.stack : String(error) }, 'daemon could not start');
    lock?.release();
    return err(startError(error, paths));
  }
}

async function bringUp(
  paths: ProfilePaths,
  options: DaemonOptions,
  compose: ComposeEngine,
  lock: ProfileLock,
  log: Log,
): Promise<RunningDaemon> {
  const engine = await compose(paths, options, log);
  let control: ControlServer | undefined;
  let page: PageHost | undefined;
  let stopping: Promise<void> | undefined;
  let looks: NodeJS.Timeout | undefined;
  const end = Promise.withResolvers<void>();
  const stop = (reason: string): Promise<void> => {
    clearInterval(looks);
    stopping ??= takeDown(paths, engine, [control, page], lock, log, reason).then(end.resolve);
    return stopping;
  };
  const status = {
    pid: process.pid,
    version: MAGPIE_VERSION,
    startedAt: new Date().toISOString(),
    profile: paths.folder,
    command: programName(process.env),
  };
  try {
    await engine.start();
    const accept = (pipe: ClientPipe): RpcSession => new RpcSession(pipe, surface, handlers, log, isForPages);
    page = new PageHost({ paths, random: new SystemRandom(), accept, nowMs: Date.now, log });
    const surface = {
      engine,
      status,
      page,
      testHooks: options.testHooks,
      stop: () => setImmediate(() => void stop('asked')),
    };
    const handlers = rpcHandlers(surface);
    await writeSocketNote(paths);
    control = await startControlServer(surface, paths.socket, log);
    await resumePage(page, log);
  } catch (error) {
    await Promise.race([engine.stop().catch(() => {}), delay(STOP_MS_MAX)]);
    throw error;
  }
  looks = setInterval(() => {
    if (!lock.isHeld()) {
      log.error({ lock: paths.lock }, 'the lock file was deleted or replaced: this daemon ends, another may run');
      void stop('lock lost');
    }
  }, LOCK_LOOK_MS).unref();
  log.info({ version: MAGPIE_VERSION, udp: options.udp }, 'daemon ready');
  return { pid: process.pid, stop, ended: end.promise };
}

async function takeDown(
  paths: ProfilePaths,
  engine: Engine,
  [control, page]: readonly [ControlServer | undefined, PageHost | undefined],
  lock: ProfileLock,
  log: Log,
  reason: string,
): Promise<void> {
  log.info({ reason }, 'daemon stops');
  const goodbye = engine.stop().catch((error: unknown) => {
    log.error({ stack: error instanceof Error ? error.stack : undefined }, 'engine did not stop cleanly');
  });
  await Promise.race([goodbye, delay(STOP_MS_MAX)]);
  await page?.close();
  if (!lock.isHeld()) {
    await keepingSocket(paths.socket, async () => control?.close());
  } else {
    await control?.close();
    await removeSocketNote(paths);
  }
  lock.release();
  log.info({}, 'daemon stopped');
}

/** The page is not what a daemon is for: it runs without one, and the next who asks for it is told why. */
async function resumePage(page: PageHost, log: Log): Promise<void> {
  await page.resume().catch((error: unknown) => {
    log.warn({ code: (error as NodeJS.ErrnoException).code }, 'page is not served');
  });
}

/** Closing a socket deletes its path, at which another daemon may listen by now: that one's is put back. */
async function keepingSocket(path: string, close: () => Promise<void>): Promise<void> {
  const kept = `${path}.kept`;
  const linked = await link(path, kept).then(
    () => true,
    () => false,
  );
  await close();
  if (linked) await rename(kept, path).catch(() => {});
}

/** A new or empty folder is made private; one in use that others may enter is refused with the command to type. */
async function ensureProfileFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') {
    await mkdir(folder, { recursive: true });
    return;
  }
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length === 0) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
  const ready = await preparePrivateFolder(folder);
  if (!ready.ok) throw new ProfileProblem(ready.error.code, ready.error.detail);
}

/** Why a profile's folder, key file or database cannot be used, in the codes of io/ and store/. */
export class ProfileProblem extends Error {
  override readonly name = 'ProfileProblem';
  readonly code: string;
  readonly detail: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

const ERROR_OF_PROBLEM: Readonly<Record<string, string>> = {
  permissions: 'PROFILE_UNUSABLE',
  owner: 'PROFILE_UNUSABLE',
  unreadable: 'PROFILE_UNUSABLE',
  io: 'STORE_FAILED',
  locked: 'PROFILE_LOCKED',
  corrupt: 'PROFILE_CORRUPT',
  foreign: 'PROFILE_CORRUPT',
  absent: 'PROFILE_CORRUPT',
  'newer-schema': 'PROFILE_NEWER',
  'newer-version': 'PROFILE_NEWER',
  full: 'DISK_FULL',
  'passphrase-needed': 'PASSPHRASE_NEEDED',
  'passphrase-wrong': 'PASSPHRASE_WRONG',
  'half-encrypted': 'PROFILE_HALF_ENCRYPTED',
  encrypted: 'PROFILE_ENCRYPTED',
  'not-encrypted': 'PROFILE_NOT_ENCRYPTED',
  'no-profile': 'PROFILE_EMPTY',
  EACCES: 'PROFILE_UNUSABLE',
  EPERM: 'PROFILE_UNUSABLE',
  EROFS: 'PROFILE_UNUSABLE',
  ENOTDIR: 'PROFILE_UNUSABLE',
  EEXIST: 'PROFILE_UNUSABLE',
  ENAMETOOLONG: 'PROFILE_UNUSABLE',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
};

/** Of the database that is the lock; SQLite's extended codes begin with these. */
const ERROR_OF_SQLITE: readonly (readonly [prefix: string, code: string])[] = [
  ['SQLITE_FULL', 'DISK_FULL'],
  ['SQLITE_IOERR', 'STORE_FAILED'],
  ['SQLITE_CANTOPEN', 'PROFILE_UNUSABLE'],
  ['SQLITE_READONLY', 'PROFILE_UNUSABLE'],
  ['SQLITE_PERM', 'PROFILE_UNUSABLE'],
  ['SQLITE_CORRUPT', 'PROFILE_CORRUPT'],
  ['SQLITE_NOTADB', 'PROFILE_CORRUPT'],
];

/** Names the cause of a failed start, as far as it is known. */
export function startError(error: unknown, paths: ProfilePaths): RpcError {
  const { code, detail } = error instanceof Error ? (error as Error & { code?: unknown; detail?: unknown }) : {};
  const cause = typeof detail === 'string' ? detail : String(code ?? 'unknown');
  const name = typeof code === 'string' ? nameOf(code) : undefined;
  const problem = error instanceof Error && 'detail' in error && name !== undefined ? { problem: String(code) } : {};
  return { code: name ?? 'DAEMON_START_FAILED', detail: { profile: paths.folder, log: paths.log, cause, ...problem } };
}

function nameOf(code: string): string | undefined {
  return ERROR_OF_PROBLEM[code] ?? ERROR_OF_SQLITE.find(([prefix]) => code.startsWith(prefix))?.[1];
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
