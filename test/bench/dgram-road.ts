import { createSocket, type Socket } from 'node:dgram';
import { DATAGRAM_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Road, RoadAddress } from './road.ts';

/** As large as the kernel gives: bursts are lost in small buffers. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** Datagrams under way: as many as the session's fixed window of 128 KiB holds. */
const WINDOW_DATAGRAMS = 109;
const TAKEN_EVERY = 16;
/** Without news for this long, what is under way counts as lost and the window opens again. */
const SILENCE_MS = 20;
const MESSAGE = 0;
const TAKEN = 1;

/**
 * Datagrams as they are: no encryption, no order, no repetition. Only a count of what was taken comes back, so that the
 * sender does not flood the receiver's buffer, which would measure nothing but losses.
 */
export class DgramRoad implements Road {
  readonly messageBytesMax = DATAGRAM_BYTES_MAX - 1;
  onMessage: (message: Uint8Array) => void = () => {};
  onReady: () => void = () => {};
  readonly port: number;
  readonly #socket: Socket;
  #sent = 0;
  #windowFrom = 0;
  #taken = 0;
  #lost = 0;
  #full = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => {});
  }

  static open(): Promise<DgramRoad> {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
      lookup: (address, _options, done) => done(null, address, 4),
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve(new DgramRoad(socket));
      });
    });
  }

  /** Connected, the kernel looks the destination up once and not for each datagram. */
  connect({ port }: RoadAddress): Promise<void> {
    return new Promise((resolve) => this.#socket.connect(port, '127.0.0.1', () => resolve()));
  }

  send(message: Uint8Array): boolean {
    if (this.#sent - this.#windowFrom >= WINDOW_DATAGRAMS) {
      this.#full = true;
      this.#timer ??= setTimeout(() => this.#giveUp(), SILENCE_MS);
      return false;
    }
    const datagram = Buffer.allocUnsafe(1 + message.length);
    datagram[0] = MESSAGE;
    datagram.set(message, 1);
    this.#sent++;
    this.#socket.send(datagram, ignoreSendError);
    return true;
  }

  packets(): { sent: number; lost: number } {
    return { sent: this.#sent, lost: this.#lost };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #receive(bytes: Buffer): void {
    if (bytes[0] === TAKEN) return this.#open(bytes.readUInt32BE(1) + this.#lost);
    this.#taken++;
    if (this.#taken % TAKEN_EVERY === 0) {
      const count = Buffer.allocUnsafe(5);
      count[0] = TAKEN;
      count.writeUInt32BE(this.#taken, 1);
      this.#socket.send(count, ignoreSendError);
    }
    this.onMessage(bytes.subarray(1));
  }

  #open(from: number): void {
    this.#windowFrom = Math.min(Math.max(this.#windowFrom, from), this.#sent);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#full) return;
    this.#full = false;
    this.onReady();
  }

  /** At most TAKEN_EVERY - 1 of these have arrived all the same and were not counted yet. */
  #giveUp(): void {
    this.#lost += Math.max(0, this.#sent - this.#windowFrom - TAKEN_EVERY);
    this.#open(this.#sent);
  }
}

function ignoreSendError(): void {}
