import { createSocket, type Socket } from 'node:dgram';
import {
  type Endpoint,
  normalizeAddress,
  type UdpFactory,
  type UdpHandlers,
  type UdpSocket,
} from '@magpie/common/net.ts';

/** Room for a burst of questions while the loop is busy; the kernel may give less. */
const SOCKET_BUFFER_BYTES = 1024 * 1024;

/** The reflector's UDP sockets by node:dgram. */
export const udpSockets: UdpFactory = {
  open: (family, port, handlers, address = family === 6 ? '::' : '0.0.0.0') =>
    new Promise((resolve, reject) => {
      const socket = createSocket({
        type: family === 6 ? 'udp6' : 'udp4',
        ipv6Only: family === 6,
        recvBufferSize: SOCKET_BUFFER_BYTES,
        sendBufferSize: SOCKET_BUFFER_BYTES,
        // Addresses here are literals: the resolver's thread pool has no part in sending.
        lookup: (literal, _options, done) => done(null, literal, family),
      });
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ port, address }, () => {
        socket.removeAllListeners('error');
        resolve(attach(socket, handlers));
      });
    }),
};

function attach(socket: Socket, handlers: UdpHandlers): UdpSocket {
  const { address, port } = socket.address();
  let open = true;
  socket.on('error', (error: NodeJS.ErrnoException) => handlers.onError?.(error.code ?? 'EUNKNOWN'));
  socket.on('message', (bytes, from) =>
    handlers.onDatagram(bytes, { address: normalizeAddress(from.address), port: from.port }),
  );
  return {
    local: { address, port },
    send: (bytes: Uint8Array, to: Endpoint) => {
      if (!open) return;
      try {
        socket.send(bytes, to.port, to.address, ignoreSendError);
      } catch {
        // node:dgram throws for an endpoint that it cannot even try, and reports everything else to the callback.
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}

/** Best effort: whoever asks the reflector asks again. */
function ignoreSendError(): void {}
