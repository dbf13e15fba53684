import type { RandomSource } from '@magpie/common/random.ts';
import { PAGE_GREETING_CHARS_MAX } from '@magpie/common/rpc/page-proof.ts';
import type { RpcPipe } from '@magpie/common/rpc/rpc-client.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { DaemonConnector } from '@magpie/common/view/view-model.ts';
import { PageHandshake } from './page-handshake.ts';

type Handlers = Parameters<DaemonConnector['connect']>[0];

/** The daemon does not know the token, or has closed all pages. */
const CLOSED_UNKNOWN_TOKEN = 4401;
/** From the attempt to an open connection; the daemon is on this machine. */
const OPEN_MS_MAX = 5_000;
const REFUSED: RpcError = { code: 'PAGE_CLOSED' };

/** The local API over one WebSocket: both sides prove that they know the token, then come the lines as everywhere else. */
export class WebSocketConnector implements DaemonConnector {
  readonly #token: () => Promise<string | undefined>;
  readonly #random: RandomSource;

  /** @param token asked for at each connection, which is opened meanwhile; undefined: there is none, or not any more */
  constructor(token: () => Promise<string | undefined>, random: RandomSource) {
    this.#token = token;
    this.#random = random;
  }

  connect(handlers: Handlers): void {
    const socket = new WebSocket(`ws://${location.host}/rpc`);
    socket.binaryType = 'arraybuffer';
    const slow = setTimeout(() => socket.close(), OPEN_MS_MAX);
    const handshake = new PageHandshake(location.host, this.#random);
    let step: 'challenge' | 'proof' | 'open' = 'challenge';
    let isTokenless = false;
    let isGreeted = false;
    const handle = async (data: unknown): Promise<void> => {
      const bytes = bytesOf(data);
      if (step === 'open') return handlers.onBytes(bytes);
      const text = bytes.length <= PAGE_GREETING_CHARS_MAX ? new TextDecoder().decode(bytes) : '';
      if (step === 'challenge') {
        step = 'proof';
        const token = await this.#token();
        isTokenless = token === undefined;
        const greeting = token === undefined ? undefined : await handshake.greet(token, text);
        if (greeting !== undefined && socket.readyState === WebSocket.OPEN) {
          isGreeted = true;
          return socket.send(greeting);
        }
      } else if (handshake.isProven(text)) {
        step = 'open';
        clearTimeout(slow);
        return handlers.onOpen(pipeOf(socket));
      }
      // No token, or somebody else listens here while the daemon is away: nothing they say is heard.
      socket.close();
    };
    // In turn: what comes behind the proof waits until it was checked.
    let turn: Promise<void> = Promise.resolve();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      turn = turn.then(() => handle(data)).catch(reportError);
    };
    socket.onclose = ({ code }) => {
      clearTimeout(slow);
      turn = turn.then(() => {
        // A daemon also closes so who says nothing for a while, as a browser does that is busy.
        const hasRefused = isGreeted && code === CLOSED_UNKNOWN_TOKEN;
        handlers.onClose(isTokenless || hasRefused ? REFUSED : undefined);
      });
    };
  }
}

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
