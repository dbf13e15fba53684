import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type PageToken, parsePageToken, proofText } from '@magpie/common/rpc/page-proof.ts';

/** One answer of a server, as it came over the wire. */
export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const FIN_TEXT = 0x81;
const CLOSE_OPCODE = 8;

/** Sends bytes and reads until the server closes, or has sent all that it announced. */
export function exchangeRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let received = '';
    socket.on('data', (part: Buffer) => {
      received += part.toString('latin1');
      if (isWhole(received)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(parseAnswer(received)));
  });
}

/** A WebSocket client by hand: libraries would not send what is wrong. */
export class RawWebSocket {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  readonly #frames: Buffer[] = [];
  #isUpgraded = false;
  /** Resolves with the close code; 1006 when the connection ended without one. */
  readonly closed: Promise<number>;
  readonly #closed = Promise.withResolvers<number>();
  /** Of all frames that came. */
  readonly opcodes: number[] = [];
  readonly #host: string;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    this.closed = this.#closed.promise;
    socket.on('data', (part: Buffer) => this.#handleBytes(part));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed.resolve(1006));
  }

  static async open(port: number): Promise<RawWebSocket> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new RawWebSocket(socket, `127.0.0.1:${port}`);
    socket.write(upgradeRequest(port));
    return client;
  }

  /** The daemon's challenge, once it is there. */
  async challenge(): Promise<string> {
    while (!this.#socket.destroyed && this.#frames.length === 0)
      await once(this.#socket, 'data').catch(() => undefined);
    return this.#frames[0]?.toString() ?? '';
  }

  /** Proves that it has the token; what is none goes as it is. */
  async show(token: string): Promise<void> {
    const daemon = await this.challenge();
    const parsed = parsePageToken(token);
    this.send(parsed ? greetingOf(parsed, this.#host, daemon) : token);
  }

  send(text: string): void {
    const payload = Buffer.from(text);
    const mask = Buffer.from([1, 2, 3, 4]);
    const masked = payload.map((byte, i) => byte ^ mask[i % 4]!);
    this.#socket.write(Buffer.concat([header(payload.length), mask, masked]));
  }

  /** Bytes that are whole frames, or none at all. */
  sendRaw(...parts: readonly (Buffer | readonly number[])[]): boolean {
    return this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Stops reading, as a page whose tab is frozen does. */
  freeze(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** All that came as messages behind the challenge and the daemon's proof. */
  get text(): string {
    return Buffer.concat(this.#frames.slice(2)).toString();
  }

  /** The daemon's proof, if it gave one. */
  get proof(): string | undefined {
    return this.#frames[1]?.toString();
  }

  #handleBytes(part: Buffer): void {
    this.#received = Buffer.concat([this.#received, part]);
    if (!this.#isUpgraded) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#isUpgraded = true;
      this.#received = this.#received.subarray(end + 4);
    }
    for (;;) {
      const frame = firstFrame(this.#received);
      if (!frame) return;
      this.#received = this.#received.subarray(frame.end);
      this.opcodes.push(frame.opcode);
      if (frame.opcode === CLOSE_OPCODE) this.#closed.resolve(frame.payload.readUInt16BE(0));
      else if (frame.opcode <= 2) this.#frames.push(frame.payload);
    }
  }
}

/** What a page with this token answers to the challenge. */
export function greetingOf(
  { name, secret }: PageToken,
  host: string,
  daemonChallenge: string,
  pageChallenge = 'A'.repeat(22),
): string {
  const text = proofText('page', { host, pageChallenge, daemonChallenge });
  return `${name} ${pageChallenge} ${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export function upgradeRequest(port: number, changes: Readonly<Record<string, string | undefined>> = {}): string {
  const headers = {
    Host: `127.0.0.1:${port}`,
    Origin: `http://127.0.0.1:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version': '13',
    ...changes,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined);
  return `GET /rpc HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function header(length: number): Buffer {
  if (length < 126) return Buffer.from([FIN_TEXT, 0x80 | length]);
  const bytes = Buffer.from([FIN_TEXT, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 6);
  return bytes;
}

function firstFrame(
  bytes: Buffer,
): { readonly opcode: number; readonly payload: Buffer; readonly end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? bytes.readUInt32BE(6) : short;
  const end = start + length;
  return bytes.length < end ? undefined : { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(start, end), end };
}

function isWhole(received: string): boolean {
  const { status, headers, body } = parseAnswer(received);
  return (
    status === 101 || (headers['content-length'] !== undefined && body.length >= Number(headers['content-length']))
  );
}

function parseAnswer(received: string): RawAnswer {
  const end = received.indexOf('\r\n\r\n');
  const [first = '', ...lines] = end < 0 ? [] : received.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: received.slice(end + 4) };
}
