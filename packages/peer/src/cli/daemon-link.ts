import { lstat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RpcClient } from '@magpie/common/rpc/rpc-client.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import type { EventJson } from '@magpie/common/rpc/schemas.ts';
import { notedSocket } from '../io/socket-note.ts';
import { CliError } from './cli-error.ts';
import { CALL_MS_DEFAULT, type Invocation, SIGN_IN_MS_DEFAULT } from './invocation.ts';
import { daemonPassphrase } from './passphrase-commands.ts';

/** They wait in the server's password queue. */
const PASSWORD_METHODS = /^account\.(register|login|changePassword|delete)$/;

/** A connection to the profile's daemon. Failures are thrown as CliError. */
export class DaemonLink {
  readonly #client: RpcClient;
  readonly #timeoutMs: number | undefined;
  readonly #ended = Promise.withResolvers<RpcError>();
  #onEvent: (event: EventJson) => void = () => {};

  constructor(socket: Socket, timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#client = new RpcClient(
      { write: (bytes) => socket.write(bytes), close: () => socket.destroy() },
      { onEvent: (event) => this.#onEvent(event), onEnd: (error) => this.#ended.resolve(error) },
    );
    socket.on('data', (bytes) => this.#client.handleBytes(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#client.handleClose());
  }

  /** Why the connection ended; pending while it lives. */
  get ended(): Promise<RpcError> {
    return this.#ended.promise;
  }

  /** Set before `watch.start`. */
  onEvent(handler: (event: EventJson) => void): void {
    this.#onEvent = handler;
  }

  /** @param defaultMs how long to wait when `--timeout` says nothing */
  async call<M extends RpcMethod>(
    method: M,
    params: RpcParams<M>,
    defaultMs = PASSWORD_METHODS.test(method) ? SIGN_IN_MS_DEFAULT : CALL_MS_DEFAULT,
  ): Promise<RpcResult<M>> {
    const waits = new AbortController();
    const timeoutMs = this.#timeoutMs ?? defaultMs;
    const late = delay(timeoutMs, undefined, { signal: waits.signal }).catch(() => undefined);
    const outcome = await Promise.race([this.#client.call(method, params), late]);
    waits.abort();
    if (outcome === undefined) throw new CliError({ code: 'TIMED_OUT' }, { values: namesIn(params) });
    if (!outcome.ok) throw new CliError(outcome.error, { values: namesIn(params) });
    return outcome.value;
  }

  close(): void {
    this.#client.close();
  }
}

/** The values a sentence about a failed call may name. */
function namesIn(params: object): Readonly<Record<string, string>> {
  const given = params as Readonly<Record<string, unknown>>;
  const who = [given.who, given.to, given.chat, given.account, given.name, given.device, given.id].find(
    (value) => typeof value === 'string',
  );
  return { who: String(who ?? ''), server: typeof given.server === 'string' ? given.server : '' };
}

/** @returns undefined when no daemon listens there */
export async function tryConnect(invocation: Pick<Invocation, 'paths' | 'timeoutMs'>): Promise<DaemonLink | undefined> {
  const { paths, timeoutMs } = invocation;
  const socketPath = await notedSocket(paths);
  const folder = await socketFolder(socketPath);
  if (folder === 'absent') return undefined;
  if (folder !== 'private') throw new CliError({ code: 'PROFILE_UNUSABLE', detail: folder });
  const socket = connect(socketPath);
  const failure = await new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'EIO'));
  });
  socket.removeAllListeners('error');
  if (failure === undefined) return new DaemonLink(socket, timeoutMs);
  socket.on('error', () => {});
  socket.destroy();
  if (/^(ENOENT|ECONNREFUSED|ENOTDIR|ENOTSOCK)$/.test(failure)) return undefined;
  throw new CliError({ code: 'PROFILE_UNUSABLE', detail: { profile: paths.folder, cause: failure } });
}

/**
 * Whoever can write the socket's folder can put a socket of their own there and be told a password, so the folder must
 * be a real one, of this user, that nobody else may enter. In such a folder nothing can change before the connect.
 * @returns what is wrong when it is not so and there is a socket in it
 */
async function socketFolder(socketPath: string): Promise<'private' | 'absent' | NonNullable<RpcError['detail']>> {
  if (process.platform === 'win32') return 'private';
  const folder = dirname(socketPath);
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats) return 'absent';
  const isOwn = stats.isDirectory() && stats.uid === process.getuid?.();
  if (isOwn && (stats.mode & 0o077) === 0) return 'private';
  const wrong = isOwn
    ? { profile: folder, problem: 'permissions', cause: `chmod 700 '${folder}'` }
    : { profile: folder, problem: 'owner', cause: folder };
  return lstat(socketPath).then(
    () => wrong,
    (error: NodeJS.ErrnoException) => (/^(ENOENT|ENOTDIR)$/.test(error.code ?? '') ? 'absent' : wrong),
  );
}

export async function connectDaemon(invocation: Invocation): Promise<DaemonLink> {
  const link = await tryConnect(invocation);
  if (!link) throw new CliError({ code: 'DAEMON_NOT_RUNNING' });
  return link;
}

/** Runs a command on the daemon and lets go of it whatever happens. */
export async function withDaemon<T>(invocation: Invocation, body: (link: DaemonLink) => Promise<T>): Promise<T> {
  const link = await connectDaemon(invocation);
  try {
    return await body(link);
  } finally {
    link.close();
  }
}

/** R32: as `withDaemon`, but starts a daemon that is not there. `started` tells the body which it was. */
export async function withStartedDaemon<T>(
  invocation: Invocation,
  body: (link: DaemonLink, started: boolean) => Promise<T>,
): Promise<T> {
  const running = await tryConnect(invocation);
  const link = running ?? (await startAndConnect(invocation));
  try {
    return await body(link, !running);
  } finally {
    link.close();
  }
}

async function startAndConnect(invocation: Invocation): Promise<DaemonLink> {
  const { ports, paths, udp } = invocation;
  const started = await ports.startDaemon(paths, { udp, passphrase: await daemonPassphrase(invocation) });
  if (!started.ok && started.error.code !== 'DAEMON_ALREADY_RUNNING') throw new CliError(started.error);
  return connectDaemon(invocation);
}
