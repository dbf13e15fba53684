import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '@magpie/common/net.ts';
import type { Metrics } from './metrics.ts';

/** A scrape and a health check or two. */
const CONNECTIONS_MAX = 16;
const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_MS_MAX = 5_000;
/** A server whose event loop was late by this much is not healthy: heartbeats suffer. */
const LAG_MS_MAX = 2_000;
/** How often lateness is measured, and how many measures are remembered. */
const LAG_STEP_MS = 500;
const LAG_STEPS = 20;
/** A store that takes longer to say a number is not ready for logins. */
const STORE_MS_MAX = 2_000;

export interface MonitorPorts {
  readonly metrics: Metrics;
  /** Whether the server listens and is not about to stop. */
  isServing(): boolean;
  /** Rejects, or never answers, when the store is broken. */
  askStore(): Promise<unknown>;
}

export interface Monitor {
  readonly local: Endpoint;
  close(): Promise<void>;
}

/** Tells health and metrics over HTTP. Rejects with the system's error. */
export async function openMonitor(endpoint: Endpoint, ports: MonitorPorts): Promise<Monitor> {
  const lag = new LoopLag();
  const http = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: REQUEST_MS_MAX,
      connectionsCheckingInterval: REQUEST_MS_MAX,
    },
    (request, response) => {
      // No question here has a body.
      request.resume();
      void answer(request, response, ports, lag);
    },
  );
  http.maxConnections = CONNECTIONS_MAX;
  http.on('clientError', (_error, socket) => socket.destroy());
  try {
    await listening(http, endpoint);
  } catch (cause) {
    lag.stop();
    throw cause;
  }
  const { address, port } = http.address() as AddressInfo;
  return {
    local: { address, port },
    close: () =>
      new Promise((resolve) => {
        lag.stop();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ports: MonitorPorts,
  lag: LoopLag,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, { status: 405, text: 'only GET and HEAD\n' });
  }
  try {
    const page = await pageOf((request.url ?? '').split('?', 1)[0]!, ports, lag);
    send(response, page ?? { status: 404, text: 'not found\n' });
  } catch {
    send(response, { status: 500, text: 'failed\n' });
  }
}

interface Page {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

const isFine: Page = { status: 200, text: 'ok\n' };

async function pageOf(path: string, ports: MonitorPorts, lag: LoopLag): Promise<Page | undefined> {
  switch (path) {
    case '/healthz':
      return lag.worstMs() < LAG_MS_MAX ? isFine : isNot('event loop is late');
    case '/readyz':
      if (!ports.isServing()) return isNot('stopping');
      return (await answersInTime(ports.askStore())) ? isFine : isNot('store does not answer');
    case '/metrics':
      return { status: 200, text: await ports.metrics.text(), type: ports.metrics.contentType };
    default:
      return undefined;
  }
}

function isNot(why: string): Page {
  return { status: 503, text: `${why}\n` };
}

function answersInTime(asked: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), STORE_MS_MAX);
    const settle = (isFineNow: boolean): void => {
      clearTimeout(timer);
      resolve(isFineNow);
    };
    asked.then(
      () => settle(true),
      () => settle(false),
    );
  });
}

function send(response: ServerResponse, { status, text, type = 'text/plain; charset=utf-8' }: Page): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function listening(http: HttpServer, { address, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen({ host: address, port, exclusive: true }, () => {
      http.off('error', reject);
      http.on('error', () => {});
      resolve();
    });
  });
}

/** How late the event loop was in the last seconds. */
class LoopLag {
  readonly #timer: NodeJS.Timeout;
  readonly #lateMs: number[] = [];
  #expectedAt = performance.now() + LAG_STEP_MS;

  constructor() {
    this.#timer = setInterval(() => this.#measure(), LAG_STEP_MS).unref();
  }

  worstMs(): number {
    return Math.max(0, performance.now() - this.#expectedAt, ...this.#lateMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #measure(): void {
    const now = performance.now();
    this.#lateMs.push(now - this.#expectedAt);
    if (this.#lateMs.length > LAG_STEPS) this.#lateMs.shift();
    this.#expectedAt = now + LAG_STEP_MS;
  }
}
