import { chmod, mkdir, stat } from 'node:fs/promises';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { MAGPIE_VERSION, type ProfilePaths } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import { openDaemonLog } from './daemon-log.ts';
import type { LogLevel } from './log-level.ts';
import { lockProfile, type ProfileLock } from './profile-lock.ts';

export interface DaemonOptions {
  readonly udp: boolean;
  readonly logLevel: LogLevel;
  /** Accepts `debug.dropUdp`. */
  readonly testHooks: boolean;
}

/** Builds the engine of a profile on the real ports; made by main.ts. */
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
  let stopping: Promise<void> | undefined;
  const end = Promise.withResolvers<void>();
  const stop = (reason: string): Promise<void> => {
    stopping ??= takeDown(engine, control, lock, log, reason).then(end.resolve);
    return stopping;
  };
  const status = {
    pid: process.pid,
    version: MAGPIE_VERSION,
    startedAt: new Date().toISOString(),
    profile: paths.folder,
  };
  try {
    await engine.start();
    const surface = {
      engine,
      status,
      testHooks: options.testHooks,
      stop: () => setImmediate(() => void stop('asked')),
    };
    control = await startControlServer(surface, paths.socket, log);
  } catch (error) {
    await Promise.race([engine.stop().catch(() => {}), delay(STOP_MS_MAX)]);
    throw error;
  }
  log.info({ version: MAGPIE_VERSION, udp: options.udp }, 'daemon ready');
  return { pid: process.pid, stop, ended: end.promise };
}

async function takeDown(
  engine: Engine,
  control: ControlServer | undefined,
  lock: ProfileLock,
  log: Log,
  reason: string,
): Promise<void> {
  log.info({ reason }, 'daemon stops');
  const goodbye = engine.stop().catch((error: unknown) => {
    log.error({ stack: error instanceof Error ? error.stack : undefined }, 'engine did not stop cleanly');
  });
  await Promise.race([goodbye, delay(STOP_MS_MAX)]);
  await control?.close();
  lock.release();
  log.info({}, 'daemon stopped');
}

async function ensureProfileFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await stat(folder);
  if (!stats.isDirectory()) throw Object.assign(new Error('profile is not a folder'), { code: 'ENOTDIR' });
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** Names the cause of a failed start, as far as the system tells it. */
export function startError(error: unknown, paths: ProfilePaths): RpcError {
  const code = systemCode(error);
  const detail = { profile: paths.folder, log: paths.log, cause: code ?? 'unknown' };
  if (code === undefined) return { code: 'DAEMON_START_FAILED', detail };
  if (/^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|EISDIR)$/.test(code)) return { code: 'PROFILE_UNUSABLE', detail };
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL)$/.test(code)) return { code: 'DISK_FULL', detail };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return { code: 'PROFILE_CORRUPT', detail };
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return { code: 'PROFILE_LOCKED', detail };
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(code)) return { code: 'PROFILE_UNUSABLE', detail };
  return { code: 'DAEMON_START_FAILED', detail };
}

/** The first system or SQLite code in an error and its causes. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return code;
  }
  return undefined;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
