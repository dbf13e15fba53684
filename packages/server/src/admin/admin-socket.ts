import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Log } from '@magpie/common/log.ts';
import { startErrorOf } from '../io/data-folder.ts';
import { type AdminHost, performAdmin } from './admin-commands.ts';
import { prepareAdminPath } from './admin-path.ts';
import {
  ADMIN_CONNECTIONS_MAX,
  ADMIN_IDLE_MS_MAX,
  ADMIN_LINE_BYTES_MAX,
  type AdminError,
  type AdminReply,
  type AdminRequest,
  adminRequest,
} from './admin-protocol.ts';

/** Lines of one connection that may wait for their turn: a client asks, then reads. */
const ADMIN_WAITING_MAX = 64;

/**
 * Listens for the operator on a socket that only our own user reaches. The caller holds the data folder's lock, so a
 * socket file that is there already was left by a server that is gone. Rejects with StartError.
 */
export async function openAdminSocket(path: string, host: AdminHost, log: Log): Promise<{ close(): Promise<void> }> {
  const isFile = process.platform !== 'win32';
  const open = new Set<Socket>();
  const listener = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, host, log);
  });
  listener.maxConnections = ADMIN_CONNECTIONS_MAX;
  try {
    prepareAdminPath(path);
    if (isFile) rmSync(path, { force: true });
    await listening(listener, path);
    if (isFile) chmodSync(path, 0o600);
  } catch (cause) {
    listener.close();
    throw startErrorOf(cause, path);
  }
  return {
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function listening(listener: NetServer, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(path, () => {
      listener.off('error', reject);
      // An accept that fails (out of descriptors) concerns one command; the listener goes on.
      listener.on('error', () => {});
      resolve();
    });
  });
}

/** Lines in, lines out, one after the other. */
function serve(socket: Socket, host: AdminHost, log: Log): void {
  let received = '';
  let waiting = 0;
  let answering = Promise.resolve();
  socket.setEncoding('utf8');
  // A backup takes its time: only a client that waits for nothing is idle.
  socket.setTimeout(ADMIN_IDLE_MS_MAX, () => waiting === 0 && socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    const lines = (received + text).split('\n');
    received = lines.pop()!;
    if (received.length > ADMIN_LINE_BYTES_MAX || lines.some((line) => line.length > ADMIN_LINE_BYTES_MAX)) {
      socket.end(lineOf(refusal({ code: 'too-large', message: `over ${ADMIN_LINE_BYTES_MAX} characters in a line` })));
      return;
    }
    waiting += lines.length;
    if (waiting > ADMIN_WAITING_MAX) socket.destroy();
    for (const line of lines) {
      answering = answering.then(async () => {
        if (!socket.destroyed) socket.write(lineOf(await answer(line, host, log)));
        waiting -= 1;
      });
    }
  });
}

async function answer(line: string, host: AdminHost, log: Log): Promise<AdminReply> {
  const request = parseRequest(line);
  if (!request) return refusal({ code: 'bad-request', message: 'not a command of this server' });
  try {
    const done = await performAdmin(request, host);
    return done.ok ? { ok: true, result: { ...done.value } } : refusal(done.error);
  } catch (cause) {
    log.error({ command: request.command, cause: String(cause) }, 'admin command failed');
    return refusal({ code: 'failed', message: cause instanceof Error ? cause.message : 'unknown' });
  }
}

function parseRequest(line: string): AdminRequest | undefined {
  try {
    return adminRequest.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function refusal(error: AdminError): AdminReply {
  return { ok: false, error };
}

function lineOf(reply: AdminReply): string {
  return `${JSON.stringify(reply)}\n`;
}
