import { Socket } from 'node:net';
import {
  type Endpoint,
  normalizeAddress,
  type TcpConnector,
  type TcpHandlers,
  type TcpStream,
} from '@magpie/common/net.ts';

/** TCP streams over node:net. */
export class SystemTcpConnector implements TcpConnector {
  connect(target: { readonly host: string; readonly port: number }, handlers: TcpHandlers): TcpStream {
    return new SystemTcpStream(target, handlers);
  }
}

class SystemTcpStream implements TcpStream {
  readonly #socket: Socket;
  readonly #target: Endpoint;

  constructor(target: { readonly host: string; readonly port: number }, handlers: TcpHandlers) {
    this.#target = { address: target.host, port: target.port };
    // Keep-alive stays off: the protocol pings by itself and decides when a link is dead (R22).
    const socket = new Socket();
    this.#socket = socket;
    socket.setNoDelay(true);
    let error: string | undefined;
    socket.on('connect', () => handlers.onOpen?.());
    socket.on('data', (bytes: Buffer) => handlers.onBytes(bytes));
    socket.on('drain', () => handlers.onDrain?.());
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error ??= errorCode(cause);
    });
    socket.on('close', () => handlers.onClose(error));
    try {
      socket.connect({ host: target.host, port: target.port });
    } catch (cause) {
      // A port out of range throws; to the caller it is an address that cannot be reached.
      socket.destroy(cause as Error);
    }
  }

  get remote(): Endpoint {
    const { remoteAddress, remotePort } = this.#socket;
    if (remoteAddress === undefined || remotePort === undefined) return this.#target;
    return { address: normalizeAddress(remoteAddress), port: remotePort };
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#socket.writable) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Happy eyeballs reports all its attempts in one AggregateError; the first one's code says most. */
function errorCode(cause: NodeJS.ErrnoException): string {
  if (cause.code !== undefined) return cause.code;
  const first = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  return first?.code ?? 'EUNKNOWN';
}
