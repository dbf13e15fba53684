import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Road, RoadAddress } from './road.ts';
import { selfSigned } from './self-signed.ts';

const MESSAGE_BYTES_MAX = 64 * 1024;
const LENGTH_BYTES = 4;
/** Bytes that may wait in the socket before `send` says it is full. */
const QUEUE_BYTES_MAX = 256 * 1024;

/** Messages with a length before each, over TCP or TLS, without Nagle's delay. */
export class StreamRoad implements Road {
  readonly messageBytesMax = MESSAGE_BYTES_MAX;
  onMessage: (message: Uint8Array) => void = () => {};
  onReady: () => void = () => {};
  readonly #socket: Socket;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #neededBytes = LENGTH_BYTES;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.onReady());
    socket.on('error', () => {});
  }

  send(message: Uint8Array): boolean {
    if (this.#socket.writableLength > QUEUE_BYTES_MAX) return false;
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
    framed.writeUInt32BE(message.length);
    framed.set(message, LENGTH_BYTES);
    this.#socket.write(framed);
    return true;
  }

  packets(): { sent: number; lost: number } {
    return { sent: 0, lost: 0 };
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    if (this.#restBytes < this.#neededBytes) return;
    const all = this.#rest.length === 1 ? bytes : Buffer.concat(this.#rest);
    let at = 0;
    this.#neededBytes = LENGTH_BYTES;
    while (all.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + all.readUInt32BE(at);
      if (end > all.length) {
        this.#neededBytes = end - at;
        break;
      }
      this.onMessage(all.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    const rest = all.subarray(at);
    this.#rest = rest.length > 0 ? [rest] : [];
    this.#restBytes = rest.length;
  }
}

/** Waits for one connection. */
export class StreamListener {
  readonly address: RoadAddress;
  /** What the connection speaks, for the report. */
  readonly road: Promise<StreamRoad>;
  readonly #server: Server;

  private constructor(server: Server, address: RoadAddress, road: Promise<StreamRoad>) {
    this.#server = server;
    this.address = address;
    this.road = road;
  }

  static async open(encrypted: boolean): Promise<StreamListener> {
    const own = encrypted ? selfSigned() : undefined;
    const server = own ? createTlsServer({ ...own, noDelay: true }) : createServer({ noDelay: true });
    const road = new Promise<StreamRoad>((resolve) =>
      server.once(encrypted ? 'secureConnection' : 'connection', (socket: Socket) => {
        socket.setNoDelay(true);
        resolve(new StreamRoad(socket));
      }),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as { port: number };
    return new StreamListener(server, { port, ...(own && { certificate: own.cert }) }, road);
  }

  close(): void {
    this.#server.close();
  }
}

/** @returns the road and what TLS agreed on */
export function connectStream({ port, certificate }: RoadAddress): Promise<{ road: StreamRoad; cipher: string }> {
  return new Promise((resolve, reject) => {
    if (certificate === undefined) {
      const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () =>
        resolve({ road: new StreamRoad(socket), cipher: 'none' }),
      );
      socket.once('error', reject);
      return;
    }
    const socket: TLSSocket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: certificate }, () => {
      socket.setNoDelay(true);
      resolve({ road: new StreamRoad(socket), cipher: `${socket.getProtocol()} ${socket.getCipher().standardName}` });
    });
    socket.once('error', reject);
  });
}
