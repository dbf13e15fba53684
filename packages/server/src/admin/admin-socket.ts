import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Log } from '@magpie/common/log.ts';
import { startErrorOf } from '../io/data-folder.ts';
import type { Server } from '../server.ts';
import { prepareAdminPath } from './admin-path.ts';
import {
  ADMIN_CONNECTIONS_MAX,
  ADMIN_IDLE_MS_MAX,
  ADMIN_LINE_BYTES_MAX,
  type AdminReply,
  type AdminRequest,
  adminRequest,
} from './admin-protocol.ts';

/**
 * Listens for the operator on a socket that only our own user reaches. The caller holds the data folder's lock, so a
 * socket file that is there already was left by a server that is gone. Rejects with StartError.
 */
export async function openAdminSocket(path: string, server: Server, log: Log): Promise<{ close(): Promise<void> }> {
  const isFile = process.platform !== 'win32';
  const open = new Set<Socket>();
  const listener = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, server, log);
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
function serve(socket: Socket, server: Server, log: Log): void {
  let received = '';
  let answering = Promise.resolve();
  socket.setEncoding('utf8');
  socket.setTimeout(ADMIN_IDLE_MS_MAX, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    const lines = (received + text).split('\n');
    received = lines.pop()!;
    if (received.length > ADMIN_LINE_BYTES_MAX || lines.some((line) => line.length > ADMIN_LINE_BYTES_MAX)) {
      socket.end(lineOf(refusal('too-large', `a line has more than ${ADMIN_LINE_BYTES_MAX} characters`)));
      return;
    }
    for (const line of lines) {
      answering = answering.then(async () => {
        socket.write(lineOf(await answer(line, server, log)));
      });
    }
  });
}

async function answer(line: string, server: Server, log: Log): Promise<AdminReply> {
  const request = parseRequest(line);
  if (!request) return refusal('bad-request', 'not a command of this server');
  try {
    return { ok: true, result: { ...(await perform(request, server)) } };
  } catch (cause) {
    log.error({ command: request.command, cause: String(cause) }, 'admin command failed');
    return refusal('failed', cause instanceof Error ? cause.message : 'unknown');
  }
}

function perform(request: AdminRequest, server: Server): object | Promise<object> {
  switch (request.command) {
    case 'notice-send':
      return server.sendNotice(request.text);
    case 'stats':
      return server.stats();
  }
}

function parseRequest(line: string): AdminRequest | undefined {
  try {
    return adminRequest.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function refusal(code: string, message: string): AdminReply {
  return { ok: false, error: { code, message } };
}

function lineOf(reply: AdminReply): string {
  return `${JSON.stringify(reply)}\n`;
}
