import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import fastifyStatic from '@fastify/static';
import fastifyWebsocket from '@fastify/websocket';
import type { Log } from '@magpie/common/log.ts';
import { LINE_BYTES_MAX } from '@magpie/common/rpc/limits.ts';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type AcceptClient, PageClients } from './page-clients.ts';
import type { PageDoor } from './page-door.ts';
import { PageFiles } from './page-files.ts';
import { judgeRequest, type RawRequest, RPC_PATH, SERVICE_WORKER, SESSION_PATH, type Verdict } from './page-guard.ts';
import { CLEAR_SITE_DATA, HASHED_FILE_CACHING, PAGE_HEADERS, rawRefusal } from './page-headers.ts';
import {
  PAGE_BODY_BYTES_MAX,
  PAGE_CLOSE_MS,
  PAGE_CODE_FAILURES_MS,
  PAGE_CONNECTIONS_MAX,
  PAGE_HEADER_BYTES_MAX,
  PAGE_IDLE_MS,
  PAGE_MESSAGE_SLACK_BYTES,
  PAGE_REQUEST_MS,
} from './page-limits.ts';
import { ownerOfPeer } from './page-peer.ts';
import { refusalPage } from './page-refusal.ts';
import { PAGE_CLOSE, type PageWebSocket } from './page-socket.ts';

export interface PageServerParts {
  readonly door: PageDoor;
  readonly files: PageFiles;
  readonly accept: AcceptClient;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface PageServer {
  readonly port: number;
  readonly clients: PageClients;
  /** Tells every page that the daemon stops, then lets go of the port. */
  close(): Promise<void>;
}

/**
 * Serves the page and its WebSocket on 127.0.0.1.
 * @param ports tried in turn; 0 is one that the system chooses
 * @returns undefined when every one of them is taken
 */
export async function startPageServer(
  parts: PageServerParts,
  ports: readonly number[],
): Promise<PageServer | undefined> {
  const clients = new PageClients(parts.door, parts.accept, parts.nowMs, parts.log);
  let server: Server | undefined;
  const app = fastify({
    serverFactory: (handler) => {
      server = httpServer(handler);
      return server;
    },
    bodyLimit: PAGE_BODY_BYTES_MAX,
    frameworkErrors: (_error, request, reply) => void refuse(reply, judge(request)),
    clientErrorHandler,
    forceCloseConnections: true,
    logger: false,
  });
  const portOf = (): number => (server?.address() as AddressInfo | null)?.port ?? 0;
  const judge = (request: FastifyRequest): Verdict =>
    judgeRequest(rawRequest(request.raw), portOf(), (path) => parts.files.has(path), PAGE_BODY_BYTES_MAX);
  addGuard(app, judge, parts.log);
  await app.register(fastifyStatic, { root: parts.files.folder, serve: false });
  await app.register(fastifyWebsocket, {
    options: { maxPayload: LINE_BYTES_MAX + PAGE_MESSAGE_SLACK_BYTES, perMessageDeflate: false },
    preClose: (done) => done(),
  });
  app.websocketServer.on('headers', (headers: string[]) => {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) headers.push(`${name}: ${value}`);
  });
  addRoutes(app, parts, clients);
  await app.ready();
  if (!server || !(await listenOnFirst(server, ports))) {
    await app.close();
    return undefined;
  }
  const listening = server;
  return { port: portOf(), clients, close: () => closeServer(app, listening, clients) };
}

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Everything Node would answer by itself, without our headers, is left to us. */
function httpServer(handler: RequestHandler): Server {
  const server = createServer(
    {
      requireHostHeader: false,
      maxHeaderSize: PAGE_HEADER_BYTES_MAX,
      headersTimeout: PAGE_REQUEST_MS,
      requestTimeout: PAGE_REQUEST_MS,
      keepAliveTimeout: PAGE_REQUEST_MS,
      connectionsCheckingInterval: PAGE_REQUEST_MS / 4,
      noDelay: true,
    },
    oneAtATime(handler),
  );
  server.maxConnections = PAGE_CONNECTIONS_MAX;
  // Also of one that takes no answer; WebSockets have their own ways to end.
  server.timeout = PAGE_IDLE_MS;
  const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(417, { ...PAGE_HEADERS, connection: 'close' }).end();
  };
  server.on('checkContinue', refuseExpectation).on('checkExpectation', refuseExpectation);
  return server;
}

/** No browser sends a request before it has the answer to the last one; thousands of them would fill the memory. */
function oneAtATime(handler: RequestHandler): RequestHandler {
  const answering = new WeakSet<Socket>();
  return (request, response) => {
    const { socket } = request;
    if (answering.has(socket)) {
      socket.destroy();
      return;
    }
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
    handler(request, response);
  };
}

function clientErrorHandler(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (isTooLarge) socket.end(rawRefusal(431, 'Request Header Fields Too Large'));
  else if (isLate) socket.end(rawRefusal(408, 'Request Timeout'));
  else socket.end(rawRefusal(400, 'Bad Request'));
}

/** The first hook, for every request and every upgrade: nothing is routed that was not judged. */
function addGuard(app: FastifyInstance, judge: (request: FastifyRequest) => Verdict, log: Log): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(PAGE_HEADERS);
    const judged = judge(request);
    // What is refused by its headers is so before a byte behind them is read.
    const verdict = judged.kind === 'refused' ? judged : await barOtherUsers(judged, request.raw.socket);
    if (verdict.kind !== 'refused') return undefined;
    log.debug({ status: verdict.status, because: verdict.because }, 'page request refused');
    if (verdict.because === SERVICE_WORKER)
      log.warn({}, 'a page of another program was loaded at the address of the page');
    return refuse(reply, verdict);
  });
  app.setErrorHandler(async (error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500;
    if (status === 500) log.error({ stack: error.stack }, 'page request failed');
    return reply.code(status).headers(PAGE_HEADERS).send();
  });
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).headers(PAGE_HEADERS).send());
}

/** The files of the page are everybody's; what opens the daemon is its user's alone. */
async function barOtherUsers(verdict: Verdict, socket: Socket): Promise<Verdict> {
  if (verdict.kind !== 'session' && verdict.kind !== 'rpc') return verdict;
  const owner = await ownerOfPeer(socket);
  return owner === 'somebody-else' ? { kind: 'refused', status: 403, because: 'user' } : verdict;
}

function refuse(reply: FastifyReply, verdict: Verdict): FastifyReply {
  const { status, because, allow } =
    verdict.kind === 'refused' ? verdict : { status: 400, because: 'target', allow: undefined };
  reply.code(status).headers({ ...PAGE_HEADERS, connection: 'close' });
  if (allow !== undefined) reply.header('allow', allow);
  if (because === SERVICE_WORKER) reply.header('clear-site-data', CLEAR_SITE_DATA);
  if (status === 426) reply.header('upgrade', 'websocket');
  const explained = refusalPage(because);
  if (explained !== undefined) return reply.type('text/html; charset=utf-8').send(explained);
  return reply.type('text/plain; charset=utf-8').send(`${status} ${because}\n`);
}

function addRoutes(app: FastifyInstance, { door, files, nowMs, log }: PageServerParts, clients: PageClients): void {
  app.removeContentTypeParser('text/plain');
  app.post(SESSION_PATH, async (request, reply) => {
    const { code } = (request.body ?? {}) as { readonly code?: unknown };
    const token = door.redeem(typeof code === 'string' ? code : '', nowMs());
    if (token.ok) return { token: token.value };
    log.info({ reason: token.error }, 'page refused: no valid code');
    if (token.error === 'spent') return reply.code(401).send({ code: 'PAGE_CODE_SPENT' });
    return reply
      .code(429)
      .header('retry-after', String(PAGE_CODE_FAILURES_MS / 1_000))
      .send({ code: 'PAGE_CODE_SPENT' });
  });
  app.get(RPC_PATH, { websocket: true }, (socket: unknown, { raw }) =>
    clients.handleConnection(socket as PageWebSocket, raw.headers.host ?? ''),
  );
  app.get('/*', async (request, reply) => {
    const path = request.raw.url ?? '';
    const name = files.nameOf(path);
    if (name === undefined) return reply.callNotFound();
    const isHashed = PageFiles.isHashed(path);
    if (isHashed) reply.header('cache-control', HASHED_FILE_CACHING);
    return reply.sendFile(name, { cacheControl: false, etag: isHashed, lastModified: false, acceptRanges: false });
  });
}

function rawRequest({
  method,
  url,
  httpVersion,
  rawHeaders,
  upgrade,
}: IncomingMessage & { upgrade?: unknown }): RawRequest {
  return { method, url, httpVersion, rawHeaders, isUpgrade: upgrade === true };
}

async function listenOnFirst(server: Server, ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    if (await listen(server, port)) return true;
  }
  return false;
}

/** @throws (rejects with) what is not about this port */
function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError).once('listening', onListening).listen({ port, host: '127.0.0.1' });
  });
}

async function closeServer(app: FastifyInstance, server: Server, clients: PageClients): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  clients.closeAll(PAGE_CLOSE.daemonStops);
  server.closeIdleConnections();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2 * PAGE_CLOSE_MS))]);
  server.closeAllConnections();
  await app.close();
}
