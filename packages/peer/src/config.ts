import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { err, ok, type Result } from '@magpie/common/result.ts';
import envPaths from 'env-paths';

export const MAGPIE_VERSION = '0.1.0';

/** Environment variables, as given to the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where one profile keeps its things. The folder is 0700, every file in it 0600. */
export interface ProfilePaths {
  readonly folder: string;
  readonly database: string;
  readonly identity: string;
  /** Unix socket, or a named pipe on Windows, on which the daemon listens. */
  readonly socket: string;
  /** Says where the socket is while it is not in the folder. */
  readonly socketNote: string;
  /** Locked by the running daemon as long as it lives. */
  readonly lock: string;
  /** The running daemon's process id, for people. */
  readonly pid: string;
  readonly log: string;
  /** Makes the tokens of open pages. */
  readonly pageKey: string;
  /** The port at which the page is served, once it was. */
  readonly pagePort: string;
}

/** sun_path holds 104 bytes on macOS and 108 on Linux, the final zero included (R29). */
const SOCKET_PATH_BYTES_MAX = 99;
const PROFILE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Finds a profile (R29): text with a slash is a folder, other text a name under the data folder.
 * @param given the value of `--profile`; absent: MAGPIE_PROFILE, then `default`
 */
export function profilePaths(given: string | undefined, env: Environment): Result<ProfilePaths, 'bad-profile-name'> {
  const text = given ?? (env.MAGPIE_PROFILE || 'default');
  if (/[/\\]/.test(text)) return text.includes('\0') ? err('bad-profile-name') : ok(pathsIn(resolve(text), env));
  if (!PROFILE_NAME_PATTERN.test(text)) return err('bad-profile-name');
  return ok(pathsIn(join(dataFolder(env), 'profiles', text), env));
}

function pathsIn(folder: string, env: Environment): ProfilePaths {
  return {
    folder,
    database: join(folder, 'profile.db'),
    identity: join(folder, 'identity.key'),
    socket: socketPath(folder, env),
    socketNote: join(folder, 'daemon.socket-path'),
    lock: join(folder, 'daemon.lock'),
    pid: join(folder, 'daemon.pid'),
    log: join(folder, 'daemon.log'),
    pageKey: join(folder, 'page.key'),
    pagePort: join(folder, 'page.port'),
  };
}

function dataFolder(env: Environment): string {
  if (env.MAGPIE_DATA_DIR) return resolve(env.MAGPIE_DATA_DIR);
  const xdg = env.XDG_DATA_HOME;
  if (process.platform === 'linux')
    return xdg ? join(xdg, 'magpie') : join(env.HOME || homedir(), '.local/share/magpie');
  return envPaths('magpie', { suffix: '' }).data;
}

/** In the profile when that fits, else by hash in a folder of the user's own under the runtime folder. */
function socketPath(folder: string, env: Environment): string {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 20);
  if (process.platform === 'win32') return `\\\\.\\pipe\\magpie-${hash}`;
  const beside = join(folder, 'control.sock');
  if (Buffer.byteLength(beside) <= SOCKET_PATH_BYTES_MAX) return beside;
  const inRuntime = join(env.XDG_RUNTIME_DIR || tmpdir(), `magpie-${userInfo().uid}`, `${hash}.sock`);
  if (Buffer.byteLength(inRuntime) <= SOCKET_PATH_BYTES_MAX) return inRuntime;
  return join('/tmp', `magpie-${userInfo().uid}`, `${hash}.sock`);
}

/** How the program is typed: run by npx, or by `npm start`, it is not on the PATH, and the next command needs npx as well. */
export function programName(env: Environment): string {
  return env.npm_command === 'exec' || env.npm_command === 'start' ? 'npx magpie' : 'magpie';
}
