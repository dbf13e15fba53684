import type { RpcPipe } from '@magpie/common/rpc/rpc-client.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { DaemonConnector } from '@magpie/common/view/view-model.ts';

type Handlers = Parameters<DaemonConnector['connect']>[0];

/** The daemon does not know the token, or has closed all pages. */
const CLOSED_UNKNOWN_TOKEN = 4401;
/** From the attempt to an open connection; the daemon is on this machine. */
const OPEN_MS_MAX = 5_000;

/** The local API over one WebSocket: the token alone first, then the lines as they are everywhere else. */
export class WebSocketConnector implements DaemonConnector {
  readonly #token: () => string | undefined;

  constructor(token: () => string | undefined) {
    this.#token = token;
  }

  connect(handlers: Handlers): void {
    const token = this.#token();
    if (token === undefined) {
      queueMicrotask(() => handlers.onClose(REFUSED));
      return;
    }
    const socket = new WebSocket(`ws://${location.host}/rpc`);
    socket.binaryType = 'arraybuffer';
    const slow = setTimeout(() => socket.close(), OPEN_MS_MAX);
    socket.onopen = () => {
      clearTimeout(slow);
      socket.send(token);
      handlers.onOpen(pipeOf(socket));
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => handlers.onBytes(bytesOf(data));
    socket.onclose = ({ code }) => {
      clearTimeout(slow);
      handlers.onClose(code === CLOSED_UNKNOWN_TOKEN ? REFUSED : undefined);
    };
  }
}

const REFUSED: RpcError = { code: 'PAGE_CLOSED' };

function pipeOf(socket: WebSocket): RpcPipe {
  const decoder = new TextDecoder();
  return {
    write: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(decoder.decode(bytes));
    },
    close: () => socket.close(),
  };
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new TextEncoder().encode(typeof data === 'string' ? data : '');
}
