import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StartError } from '../io/start-error.ts';

/** sun_path holds 104 bytes on macOS and 108 on Linux, the final zero included. */
const SOCKET_PATH_BYTES_MAX = 99;

/** Where the server of a data folder listens for its operator: beside the data, or by hash where that is too long. */
export function adminPathOf(dataFolder: string): string {
  const hash = createHash('sha256').update(dataFolder).digest('hex').slice(0, 20);
  if (process.platform === 'win32') return `\\\\.\\pipe\\magpie-server-${hash}`;
  const beside = join(dataFolder, 'admin.sock');
  if (Buffer.byteLength(beside) <= SOCKET_PATH_BYTES_MAX) return beside;
  const elsewhere = join(tmpdir(), `magpie-server-${ownUid()}`, `${hash}.sock`);
  if (Buffer.byteLength(elsewhere) <= SOCKET_PATH_BYTES_MAX) return elsewhere;
  return join('/tmp', `magpie-server-${ownUid()}`, `${hash}.sock`);
}

/** Makes the socket's folder where it is not the data folder; only our own user may have made it before. */
export function prepareAdminPath(path: string): void {
  if (process.platform === 'win32') return;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(folder);
  if ((mode & 0o077) !== 0 || uid !== ownUid()) throw new StartError('socket-path', folder);
}

/** Not by the user's entry in the system's list: a container may run under a number that has none. */
function ownUid(): number {
  return process.getuid!();
}
