import type { Endpoint, TcpHandlers, TcpStream } from '@magpie/common/net.ts';
import type { Link } from './link.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the operating systems of both ends hold before `queuedBytes` begins to count. */
const KERNEL_BUFFER_BYTES = 128 * 1024;
/** How soon held segments are looked at again while the link is stalled or the reader paused. */
const HELD_RETRY_MS = 20;

export type TcpTap = (event: 'bytes' | 'close', from: string, to: string, bytes: Uint8Array) => void;

interface Segment {
  readonly bytes: Uint8Array;
  readonly kind: 'bytes' | 'end' | 'reset';
}

interface SegmentOnTheWay extends Segment {
  readonly arrivesMs: number;
}

/** One end of a simulated TCP connection: ordered bytes, delay, back pressure, stalls, resets. */
export class TcpEnd implements TcpStream {
  readonly host: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #time: VirtualTime;
  readonly #link: Link;
  readonly #direction: 0 | 1;
  readonly #tap: TcpTap;
  #peer: TcpEnd | undefined;
  #handlers: TcpHandlers | undefined;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #paused = false;
  #silent = false;
  /** Sent by this end, not yet taken by the other. */
  #inFlight: SegmentOnTheWay[] = [];
  #inFlightBytes = 0;
  #arrivalMs = 0;
  #moving = false;

  constructor(options: {
    readonly time: VirtualTime;
    readonly link: Link;
    readonly direction: 0 | 1;
    readonly host: string;
    readonly local: Endpoint;
    readonly remote: Endpoint;
    readonly tap: TcpTap;
  }) {
    this.#time = options.time;
    this.#link = options.link;
    this.#direction = options.direction;
    this.host = options.host;
    this.local = options.local;
    this.remote = options.remote;
    this.#tap = options.tap;
  }

  join(peer: TcpEnd): void {
    this.#peer = peer;
  }

  attach(handlers: TcpHandlers): void {
    this.#handlers = handlers;
  }

  get handlers(): TcpHandlers | undefined {
    return this.#handlers;
  }

  get open(): boolean {
    return this.#state !== 'closed';
  }

  get queuedBytes(): number {
    return Math.max(0, this.#inFlightBytes - KERNEL_BUFFER_BYTES);
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return;
    this.#post({ kind: 'bytes', bytes: bytes.slice() });
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#peer?.move();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#post({ kind: 'end', bytes: NOTHING });
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#inFlight = [];
    this.#post({ kind: 'reset', bytes: NOTHING });
    this.#close(undefined);
  }

  /** The network breaks this connection: both ends learn of it after the link's delay. */
  cut(): void {
    this.#later(() => this.#close('ECONNRESET'));
    const peer = this.#peer;
    if (peer) peer.#later(() => peer.#close('ECONNRESET'));
  }

  /** The process is gone: nobody is told here. `silent`: nor is the other end (power loss), until it sends something. */
  kill(silent: boolean): void {
    this.#handlers = undefined;
    if (this.#state === 'closed') return;
    this.#inFlight = [];
    this.#silent = silent;
    if (!silent) this.#post({ kind: 'reset', bytes: NOTHING });
    this.#state = 'closed';
  }

  /** The machine is up again and knows nothing of the connection: whoever still sends gets a reset. */
  forget(): void {
    if (!this.#silent) return;
    this.#silent = false;
    this.#peer?.move();
  }

  #post(segment: Segment): void {
    const { delayMs } = this.#link.nextSegment(this.#direction);
    this.#arrivalMs = Math.max(this.#arrivalMs, this.#time.nowMs + delayMs);
    this.#inFlight.push({ ...segment, arrivesMs: this.#arrivalMs });
    this.#inFlightBytes += segment.bytes.length;
    this.#time.schedule(this.#arrivalMs, () => this.move());
  }

  /** Hands over the first segment that has arrived, unless the link is stalled or the reader paused. */
  move(): void {
    const peer = this.#peer;
    if (!peer || this.#moving || this.#inFlight.length === 0) return;
    if (this.#link.tcpStalled || (peer.#paused && peer.open)) {
      this.#moving = true;
      this.#time.schedule(this.#time.nowMs + HELD_RETRY_MS, () => {
        this.#moving = false;
        this.move();
      });
      return;
    }
    if (this.#inFlight[0]!.arrivesMs > this.#time.nowMs) return;
    this.#hand(this.#inFlight.shift()!, peer);
    const next = this.#inFlight[0];
    if (next && next.arrivesMs <= this.#time.nowMs) this.#time.schedule(this.#time.nowMs, () => this.move());
  }

  #hand(segment: Segment, peer: TcpEnd): void {
    this.#taken(segment.bytes.length);
    if (!peer.open) {
      if (!peer.#silent && segment.kind === 'bytes') this.#later(() => this.#close('ECONNRESET'));
      return;
    }
    if (segment.kind === 'bytes') {
      this.#tap('bytes', this.host, peer.host, segment.bytes);
      return peer.#read(segment.bytes, this.#link.nextSegment(this.#direction).splitAt);
    }
    this.#tap('close', this.host, peer.host, NOTHING);
    if (segment.kind === 'reset') return peer.#close('ECONNRESET');
    peer.#close(undefined);
    this.#later(() => this.#close(undefined));
  }

  #read(bytes: Uint8Array, splitAt: number): void {
    const cut = Math.floor(bytes.length * splitAt);
    if (cut > 0 && cut < bytes.length) {
      this.#handlers?.onBytes(bytes.slice(0, cut));
      if (this.open) this.#handlers?.onBytes(bytes.slice(cut));
    } else {
      this.#handlers?.onBytes(bytes);
    }
  }

  #taken(length: number): void {
    const queued = this.queuedBytes > 0;
    this.#inFlightBytes -= length;
    if (queued && this.queuedBytes === 0 && this.open) this.#later(() => this.#handlers?.onDrain?.());
  }

  #close(error: string | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#later(() => this.#handlers?.onClose(error));
  }

  #later(call: () => void): void {
    this.#time.schedule(this.#time.nowMs, call);
  }
}

const NOTHING = new Uint8Array(0);
