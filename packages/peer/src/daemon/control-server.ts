import { chmod, lstat, mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { CALLS_IN_FLIGHT_MAX, CLIENT_QUEUE_BYTES_MAX, CLIENTS_MAX } from '@magpie/common/rpc/limits.ts';
import { LineDecoder } from '@magpie/common/rpc/line-decoder.ts';
import { encodeRpcMessage, parseRpcLine, type RpcError, type RpcMessage } from '@magpie/common/rpc/rpc-message.ts';
import { isDoneByPeople, isRpcMethod, RPC_TABLE, type RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import { API_SCHEMA, type EventJson } from '@magpie/common/rpc/schemas.ts';
import { type Caller, type DaemonSurface, type RpcHandlers, rpcHandlers } from './rpc-methods.ts';
import { Watch } from './watch.ts';

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
  const clients = new Set<ControlClient>();
  const handlers = rpcHandlers(surface);
  const server = createServer({ pauseOnConnect: false }, (socket) => {
    if (clients.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    const client = new ControlClient(socket, surface, handlers, log);
    clients.add(client);
    socket.on('close', () => clients.delete(client));
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

function closeAll(server: Server, clients: ReadonlySet<ControlClient>): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => {
      for (const client of clients) client.destroy();
    }, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    for (const client of clients) client.end();
  });
}

/** One connection of a face. Nothing it does or fails to do holds up the engine. */
class ControlClient implements Caller {
  readonly #socket: Socket;
  readonly #surface: DaemonSurface;
  readonly #handlers: RpcHandlers;
  readonly #log: Log;
  readonly #lines = new LineDecoder();
  /** Lines read but not begun, because too many calls are under way. */
  readonly #waiting: string[] = [];
  #callsInFlight = 0;
  #watch: Watch | undefined;
  #signIns = new AbortController();

  constructor(socket: Socket, surface: DaemonSurface, handlers: RpcHandlers, log: Log) {
    this.#socket = socket;
    this.#surface = surface;
    this.#handlers = handlers;
    this.#log = log;
    socket.on('data', (bytes) => this.#handleBytes(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#watch?.close();
      this.#signIns.abort();
    });
    const { version, pid } = surface.status;
    this.#write({ kind: 'notification', method: 'hello', params: { schema: API_SCHEMA, version, pid } });
  }

  get signIns(): AbortSignal {
    return this.#signIns.signal;
  }

  cancelSignIns(): void {
    this.#signIns.abort();
    this.#signIns = new AbortController();
  }

  end(): void {
    this.#watch?.close();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #handleBytes(bytes: Uint8Array): void {
    const lines = this.#lines.handleBytes(bytes);
    if (lines.ok) {
      this.#waiting.push(...lines.value);
      this.#drain();
    } else {
      this.#write({ kind: 'failure', id: null, error: { code: 'BAD_REQUEST', detail: { cause: lines.error } } });
      this.#socket.end();
    }
  }

  #drain(): void {
    while (this.#callsInFlight < CALLS_IN_FLIGHT_MAX) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      this.#handleLine(line);
    }
    if (this.#waiting.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #handleLine(line: string): void {
    const message = parseRpcLine(line);
    if (!message.ok) {
      this.#write({ kind: 'failure', id: null, error: { code: 'BAD_REQUEST', detail: { cause: message.error } } });
    } else if (message.value.kind === 'call') {
      void this.#answer(message.value);
    }
  }

  async #answer(call: RpcMessage & { readonly kind: 'call' }): Promise<void> {
    this.#callsInFlight++;
    const outcome = await this.#call(call.method, call.params).catch((error: unknown): Result<never, RpcError> => {
      this.#log.error({ method: call.method, stack: error instanceof Error ? error.stack : undefined }, 'call failed');
      return err({ code: 'INTERNAL' });
    });
    this.#write(
      outcome.ok
        ? { kind: 'answer', id: call.id, result: outcome.value.result }
        : { kind: 'failure', id: call.id, error: outcome.error },
    );
    if (outcome.ok) outcome.value.afterAnswer?.();
    this.#callsInFlight--;
    this.#drain();
  }

  async #call(
    method: string,
    params: unknown,
  ): Promise<Result<{ readonly result: unknown; readonly afterAnswer?: () => void }, RpcError>> {
    if (!isRpcMethod(method)) return err({ code: 'UNKNOWN_METHOD' });
    const parsed = RPC_TABLE[method].params.safeParse(params);
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join('.') ?? '';
      return err({ code: 'INVALID_ARGUMENT', detail: { field } });
    }
    if (isDoneByPeople(method)) this.#surface.engine.noteActivity();
    if (method === 'watch.start') return this.#startWatch(parsed.data as RpcParams<'watch.start'>);
    const handler = this.#handlers[method] as (params: unknown, caller: Caller) => Promise<Result<unknown, RpcError>>;
    const outcome = await handler(parsed.data, this);
    return outcome.ok ? ok({ result: outcome.value }) : outcome;
  }

  async #startWatch(
    params: RpcParams<'watch.start'>,
  ): Promise<Result<{ readonly result: unknown; readonly afterAnswer: () => void }, RpcError>> {
    if (this.#watch) return err({ code: 'BAD_REQUEST', detail: { cause: 'already-watching' } });
    const opened = await Watch.open(this.#surface.engine, this.#watchSink(), params);
    if (!opened.ok) return opened;
    const watch = opened.value;
    this.#watch = watch;
    if (this.#socket.destroyed) watch.close();
    const afterAnswer = (): void => {
      watch.run(params.since !== undefined).catch(() => this.#socket.destroy());
    };
    return ok({ result: { cursor: watch.cursor }, afterAnswer });
  }

  #watchSink() {
    return {
      send: (event: EventJson) => this.#write({ kind: 'notification', method: 'event', params: event }),
      ready: () => this.#ready(),
      cutOff: () => this.#cutOff(),
    };
  }

  /** A replay goes on only when the last page has left, so that it never fills the queue by itself. */
  async #ready(): Promise<boolean> {
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

  #write(message: RpcMessage): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(encodeRpcMessage(message));
    if (this.#socket.writableLength > CLIENT_QUEUE_BYTES_MAX) this.#cutOff();
  }

  #cutOff(): void {
    this.#log.warn({ queuedBytes: this.#socket.writableLength }, 'local client too slow, closed');
    this.#socket.destroy();
  }
}
