import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Endpoint, normalizeAddress, type TcpHandlers, type TcpStream } from '@magpie/common/net.ts';
import type { TcpListenerPort, TcpListening } from '../server.ts';

/** Connections that the kernel holds until they are accepted: a storm of reconnects must not lose its SYNs. */
const BACKLOG = 1_024;

/** TCP by node:net. An IPv6 wildcard takes IPv4 as well (R25); on a host without IPv6 it is the IPv4 wildcard. */
export const tcpListener: TcpListenerPort = {
  listen: async (endpoint, onConnection) => {
    try {
      return await listen(endpoint, onConnection);
    } catch (error) {
      if (endpoint.address !== '::' || !IPV6_MISSING.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return listen({ ...endpoint, address: '0.0.0.0' }, onConnection);
    }
  },
};

const IPV6_MISSING: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

function listen(endpoint: Endpoint, onConnection: (stream: TcpStream) => TcpHandlers): Promise<TcpListening> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => attach(socket, onConnection));
    server.once('error', reject);
    server.listen({ host: endpoint.address, port: endpoint.port, backlog: BACKLOG, ipv6Only: false }, () => {
      server.off('error', reject);
      // An accept that fails (out of descriptors) concerns one connection; the listener goes on.
      server.on('error', () => {});
      const { address, port } = server.address() as AddressInfo;
      resolve({
        local: { address, port },
        // Node's callback would wait for every connection to end; listening itself stops at once.
        close: async () => void server.close(),
      });
    });
  });
}

function attach(socket: Socket, onConnection: (stream: TcpStream) => TcpHandlers): void {
  // A client may be gone before it was accepted; then there is nothing to serve.
  if (socket.remoteAddress === undefined || socket.remotePort === undefined) {
    socket.destroy();
    return;
  }
  const stream = new SocketStream(socket, {
    address: normalizeAddress(socket.remoteAddress),
    port: socket.remotePort,
  });
  const handlers = onConnection(stream);
  stream.handlers = handlers;
  socket.on('data', (bytes: Uint8Array) => handlers.onBytes(bytes));
  let failure: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? 'EUNKNOWN';
  });
  socket.on('close', () => handlers.onClose(failure));
}

class SocketStream implements TcpStream {
  readonly remote: Endpoint;
  handlers: TcpHandlers | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket, remote: Endpoint) {
    this.#socket = socket;
    this.remote = remote;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes, this.#written);
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

  /** One function for all writes: `drain` of Node comes only after a full buffer, this after every empty one. */
  readonly #written = (error?: Error | null): void => {
    if (!error && this.#socket.writableLength === 0) this.handlers?.onDrain?.();
  };
}
