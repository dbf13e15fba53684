import { PAGE_CLOSE_MS, PAGE_DRAINED_BYTES } from './page-limits.ts';
import type { ClientPipe } from './rpc-session.ts';

/** What is used of a WebSocket of the library `ws`. */
export interface PageWebSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(bytes: Uint8Array, done: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  ping(): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'message', listener: (data: Uint8Array) => void): unknown;
  on(event: 'close' | 'pong', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Why the daemon closes a page's connection; the first is RFC 6455's. */
export const PAGE_CLOSE = {
  daemonStops: 1001,
  /** Bytes that are no lines of the local API. */
  brokenLines: 1002,
  /** The token is missing, wrong, too old or taken back. */
  noToken: 4401,
  tooSlow: 4408,
  tooManyPages: 4429,
} as const;

const OPEN = 1;
const CLOSED = 3;

/** A client of the local API behind a WebSocket. */
export class WebSocketPipe implements ClientPipe {
  readonly #socket: PageWebSocket;
  readonly #draining = new Set<(isOpen: boolean) => void>();

  constructor(socket: PageWebSocket) {
    this.#socket = socket;
    socket.on('close', () => this.#settleDrained());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  write(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.send(bytes, () => this.#settleDrained());
  }

  pause(): void {
    if (this.isOpen) this.#socket.pause();
  }

  resume(): void {
    if (this.isOpen) this.#socket.resume();
  }

  drained(): Promise<boolean> {
    if (!this.isOpen || this.queuedBytes <= PAGE_DRAINED_BYTES) return Promise.resolve(this.isOpen);
    return new Promise((resolve) => this.#draining.add(resolve));
  }

  end(): void {
    this.close(PAGE_CLOSE.brokenLines);
  }

  cutOff(): void {
    this.close(PAGE_CLOSE.tooSlow);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  /** Says why, and waits a moment for the other side to have heard it. */
  close(code: number): void {
    this.#socket.close(code);
    const cutOff = setTimeout(() => {
      if (this.#socket.readyState !== CLOSED) this.#socket.terminate();
    }, PAGE_CLOSE_MS);
    this.#socket.on('close', () => clearTimeout(cutOff));
  }

  #settleDrained(): void {
    if (this.isOpen && this.queuedBytes > PAGE_DRAINED_BYTES) return;
    for (const resolve of this.#draining) resolve(this.isOpen);
    this.#draining.clear();
  }
}
