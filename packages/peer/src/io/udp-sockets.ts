import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import {
  type Endpoint,
  type IpFamily,
  normalizeAddress,
  type UdpFactory,
  type UdpHandlers,
  type UdpSocket,
} from '@magpie/common/net.ts';

/** Asked of the kernel (it may give less): a burst of a whole window must survive one slow turn of the event loop. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** UDP sockets over node:dgram. */
export class SystemUdpFactory implements UdpFactory {
  open(family: IpFamily, port: number, handlers: UdpHandlers): Promise<UdpSocket> {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      // Called inside `send`: addresses are literals, and an asynchronous lookup would delay each datagram by a tick.
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    return new Promise((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException): void => {
        socket.close();
        reject(cause);
      };
      socket.once('error', refuse);
      socket.bind({ port, address: family === 4 ? '0.0.0.0' : '::', exclusive: true }, () => {
        socket.off('error', refuse);
        resolve(new SystemUdpSocket(socket, handlers));
      });
    });
  }
}

class SystemUdpSocket implements UdpSocket {
  readonly local: Endpoint;
  readonly #socket: Socket;
  readonly #onSent: (cause: Error | null) => void;
  #closed = false;

  constructor(socket: Socket, handlers: UdpHandlers) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    growBuffers(socket);
    const onError = (cause: NodeJS.ErrnoException): void => handlers.onError?.(cause.code ?? 'EUNKNOWN');
    // One callback for all sends: with it, a refused send is reported here instead of as an 'error' event.
    this.#onSent = (cause) => {
      if (cause && !this.#closed) onError(cause);
    };
    socket.on('error', onError);
    socket.on('message', (bytes: Buffer, from: RemoteInfo) =>
      handlers.onDatagram(bytes, { address: normalizeAddress(from.address), port: from.port }),
    );
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#closed) return;
    try {
      this.#socket.send(bytes, 0, bytes.length, to.port, to.address, this.#onSent);
    } catch (cause) {
      this.#onSent(cause as Error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch {
    // A kernel that refuses leaves its default, which is slower under bursts but not wrong.
  }
}
