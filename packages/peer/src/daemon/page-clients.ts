import type { Log } from '@magpie/common/log.ts';
import { PAGE_GREETING_CHARS_MAX } from '@magpie/common/rpc/page-proof.ts';
import type { PageDoor } from './page-door.ts';
import { PAGE_PING_MS, PAGE_TOKEN_MS, PAGES_MAX, PAGES_UNPROVEN_MAX } from './page-limits.ts';
import { PAGE_CLOSE, type PageWebSocket, WebSocketPipe } from './page-socket.ts';
import type { ClientPipe, RpcSession } from './rpc-session.ts';

/** Begins a client of the local API; it says hello at once. */
export type AcceptClient = (pipe: ClientPipe) => RpcSession;

interface OpenPage {
  readonly pipe: WebSocketPipe;
  readonly session: RpcSession;
}

/** The pages that are open. Each proves in its first message that it has a token; from then on it is a client like any other. */
export class PageClients {
  readonly #door: PageDoor;
  readonly #accept: AcceptClient;
  readonly #nowMs: () => number;
  readonly #log: Log;
  readonly #unproven = new Set<WebSocketPipe>();
  readonly #open = new Set<OpenPage>();

  constructor(door: PageDoor, accept: AcceptClient, nowMs: () => number, log: Log) {
    this.#door = door;
    this.#accept = accept;
    this.#nowMs = nowMs;
    this.#log = log;
  }

  get count(): number {
    return this.#open.size;
  }

  /** @param host in whose name it came, judged by then */
  handleConnection(socket: PageWebSocket, host: string): void {
    const pipe = new WebSocketPipe(socket);
    socket.on('error', () => socket.terminate());
    if (this.#unproven.size >= PAGES_UNPROVEN_MAX || this.#open.size >= PAGES_MAX) {
      pipe.close(PAGE_CLOSE.tooManyPages);
      return;
    }
    let page: OpenPage | undefined;
    const late = setTimeout(() => pipe.close(PAGE_CLOSE.noToken), PAGE_TOKEN_MS);
    const pings = keepAlive(socket);
    this.#unproven.add(pipe);
    const challenge = this.#door.challenge();
    pipe.write(Buffer.from(challenge));
    socket.on('message', (data) => {
      if (page) {
        page.session.handleBytes(data);
      } else if (pipe.isOpen) {
        clearTimeout(late);
        page = this.#prove(pipe, { challenge, host }, data);
      }
    });
    socket.on('close', () => {
      clearTimeout(late);
      clearInterval(pings);
      this.#unproven.delete(pipe);
      if (page) this.#open.delete(page);
      page?.session.handleClose();
    });
  }

  /** Ends every connection, and says why. */
  closeAll(code: number): void {
    for (const pipe of this.#unproven) pipe.close(code);
    for (const { pipe, session } of this.#open) {
      pipe.close(code);
      session.handleRevoked();
    }
  }

  #prove(
    pipe: WebSocketPipe,
    { challenge, host }: { readonly challenge: string; readonly host: string },
    data: Uint8Array,
  ): OpenPage | undefined {
    const greeting = data.length <= PAGE_GREETING_CHARS_MAX ? Buffer.from(data).toString('latin1') : '';
    const proof = this.#door.answer(greeting, challenge, host, this.#nowMs());
    if (proof === undefined) {
      this.#log.info({}, 'page refused: no valid token');
      pipe.close(PAGE_CLOSE.noToken);
      return undefined;
    }
    this.#unproven.delete(pipe);
    if (this.#open.size >= PAGES_MAX) {
      pipe.close(PAGE_CLOSE.tooManyPages);
      return undefined;
    }
    pipe.write(Buffer.from(proof));
    const page = { pipe, session: this.#accept(pipe) };
    this.#open.add(page);
    return page;
  }
}

/** Ends a connection whose other side answers nothing any more. */
function keepAlive(socket: PageWebSocket): NodeJS.Timeout {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  return setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, PAGE_PING_MS).unref();
}
