import { chmod, lstat, mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '@magpie/common/log.ts';
import { CLIENTS_MAX } from '@magpie/common/rpc/limits.ts';
import { type DaemonSurface, rpcHandlers } from './rpc-methods.ts';
import { type ClientPipe, RpcSession } from './rpc-session.ts';

export interface ControlServer {
  /** Stops listening, lets answers under way go out, then ends every client. */
  close(): Promise<void>;
}

/** After this the clients that have not taken their last bytes are cut off. */
const CLOSE_GRACE_MS = 200;

/**
 * Opens the local API on a unix socket that only this user can reach.
 * @param socketPath must be free: the profile's lock is held by now
 */
export async function startControlServer(surface: DaemonSurface, socketPath: string, log: Log): Promise<ControlServer> {
  if (process.platform !== 'win32') await ensurePrivateFolder(dirname(socketPath));
  const clients = new Map<Socket, RpcSession>();
  const handlers = rpcHandlers(surface);
  const server = createServer({ pauseOnConnect: false }, (socket) => {
    if (clients.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    const session = new RpcSession(new SocketPipe(socket), surface, handlers, log);
    clients.set(socket, session);
    socket.on('data', (bytes) => session.handleBytes(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clients.delete(socket);
      session.handleClose();
    });
  });
  await listen(server, socketPath);
  if (process.platform !== 'win32') await chmod(socketPath, 0o600);
  server.on('error', (error) => log.warn({ code: (error as NodeJS.ErrnoException).code }, 'control socket failed'));
  return { close: () => closeAll(server, clients) };
}

async function ensurePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  const mine = stats.uid === process.getuid?.();
  if (!stats.isDirectory() || !mine) throw Object.assign(new Error('control folder is not ours'), { code: 'EACCES' });
  if ((stats.mode & 0o077) !== 0) await chmod(folder, 0o700);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeAll(server: Server, clients: ReadonlyMap<Socket, RpcSession>): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => {
      for (const socket of clients.keys()) socket.destroy();
    }, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    for (const session of clients.values()) session.end();
  });
}

class SocketPipe implements ClientPipe {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async drained(): Promise<boolean> {
    while (!this.#socket.destroyed && this.#socket.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#socket.off('drain', done).off('close', done);
          resolve();
        };
        this.#socket.on('drain', done).on('close', done);
      });
    }
    return !this.#socket.destroyed;
  }

  end(): void {
    this.#socket.end();
  }

  cutOff(): void {
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
