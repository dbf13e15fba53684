import { createConnection, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import { FRAME_TABLE } from '@magpie/common/frames/frame-table.ts';
import { deviceIdToBytes } from '@magpie/common/ids.ts';
import { pause } from '../e2e/stage.ts';
import type { LoadClient } from './load-client.ts';

const PACKET_BYTES = 100;
const CHECKSUM_BYTES = 4;
/** id, device, packet */
const RELAY_HEAD_BYTES = 17;
/** A packet in a frame in a record: what a relay has to read and write for each. */
const ON_THE_WIRE_BYTES = 2 + 2 + RELAY_HEAD_BYTES + PACKET_BYTES + 16;
/** What was sent must have arrived this long after the last packet was. */
const TAIL_MS_MAX = 3_000;

export interface RelayOptions {
  readonly pairs: number;
  /** Packets of one pair under way. */
  readonly window: number;
  readonly seconds: number;
}

export interface RelayRound {
  readonly sent: number;
  readonly received: number;
  readonly badChecksum: number;
  readonly outOfOrder: number;
  readonly refused: number;
  readonly seconds: number;
}

/** Each pair keeps `window` packets under way from one to the other: whatever arrives lets the next one leave. */
export async function relay(pairs: readonly (readonly [LoadClient, LoadClient])[], options: RelayOptions) {
  const flows = pairs.map(([from, to]) => new RelayFlow(from, to));
  return run(flows, options);
}

/** The same through a program that only reads from one socket and writes to another. */
export async function relayBare({ port, ...options }: RelayOptions & { readonly port: number }): Promise<RelayRound> {
  const flows: BareFlow[] = [];
  for (let i = 0; i < options.pairs; i++) flows.push(new BareFlow(await connected(port), await connected(port)));
  const round = await run(flows, options);
  for (const flow of flows) flow.close();
  return round;
}

async function run(flows: readonly Flow[], { window, seconds }: RelayOptions): Promise<RelayRound> {
  const startedMs = performance.now();
  for (const flow of flows) flow.start(window);
  await pause(seconds * 1000);
  for (const flow of flows) flow.stop();
  const lastMs = performance.now();
  while (flows.some((flow) => flow.underWay > 0) && performance.now() - lastMs < TAIL_MS_MAX) await pause(5);
  const sum = (of: (flow: Flow) => number): number => flows.reduce((total, flow) => total + of(flow), 0);
  return {
    sent: sum((flow) => flow.sent),
    received: sum((flow) => flow.received),
    badChecksum: sum((flow) => flow.badChecksum),
    outOfOrder: sum((flow) => flow.outOfOrder),
    refused: sum((flow) => flow.refused),
    seconds: (lastMs - startedMs) / 1000,
  };
}

abstract class Flow {
  sent = 0;
  received = 0;
  badChecksum = 0;
  outOfOrder = 0;
  refused = 0;
  #sending = false;

  get underWay(): number {
    return this.sent - this.received;
  }

  start(window: number): void {
    this.#sending = true;
    for (let i = 0; i < window; i++) this.send();
  }

  stop(): void {
    this.#sending = false;
  }

  protected abstract send(): void;

  protected arrived(): void {
    this.received++;
    if (this.#sending) this.send();
  }
}

/** Packets from one client to its friend: a number, a filling, and the CRC-32 of both. */
class RelayFlow extends Flow {
  readonly #from: LoadClient;
  readonly #head: Uint8Array;

  constructor(from: LoadClient, to: LoadClient) {
    super();
    this.#from = from;
    this.#head = Uint8Array.of(FRAME_TABLE.relay.code, ...deviceIdToBytes(to.device.id));
    from.onRelayRefused = () => {
      this.refused++;
    };
    to.onRelayed = (packet) => this.#receive(packet);
  }

  protected send(): void {
    const frame = Buffer.allocUnsafe(RELAY_HEAD_BYTES + PACKET_BYTES);
    frame.set(this.#head);
    frame.fill(this.sent & 0xff, RELAY_HEAD_BYTES);
    frame.writeUInt32BE(this.sent, RELAY_HEAD_BYTES);
    const checkedTo = frame.length - CHECKSUM_BYTES;
    frame.writeUInt32BE(crc32(frame.subarray(RELAY_HEAD_BYTES, checkedTo)), checkedTo);
    this.sent++;
    this.#from.send(frame);
  }

  #receive(packet: Uint8Array): void {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    const checkedTo = bytes.length - CHECKSUM_BYTES;
    const intact =
      bytes.length === PACKET_BYTES && crc32(bytes.subarray(0, checkedTo)) === bytes.readUInt32BE(checkedTo);
    if (!intact) this.badChecksum++;
    else if (bytes.readUInt32BE(0) !== this.received) this.outOfOrder++;
    this.arrived();
  }
}

/** As many bytes in each message, and nothing in them. */
class BareFlow extends Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  #restBytes = 0;
  #leaving = 0;

  constructor(from: Socket, to: Socket) {
    super();
    this.#from = from;
    this.#to = to;
    to.on('data', (bytes: Buffer) => {
      this.#restBytes += bytes.length;
      for (; this.#restBytes >= ON_THE_WIRE_BYTES; this.#restBytes -= ON_THE_WIRE_BYTES) this.arrived();
    });
  }

  /** What leaves in one turn leaves in one write, as the clients of the server do it. */
  protected send(): void {
    this.sent++;
    if (this.#leaving++ > 0) return;
    setImmediate(() => {
      this.#from.write(Buffer.alloc(this.#leaving * ON_THE_WIRE_BYTES));
      this.#leaving = 0;
    });
  }

  close(): void {
    this.#from.destroy();
    this.#to.destroy();
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
