// One end of the link bench: a process that sends, answers and counts messages on each road.
import { crc32 } from 'node:zlib';
import { serveBench } from './bench-process.ts';
import { DgramRoad } from './dgram-road.ts';
import { quantile } from './figures.ts';
import type { Road, RoadAddress, RoadName } from './road.ts';
import { type SessionIdentity, type SessionNote, SessionRoad } from './session-road.ts';
import { connectStream, StreamListener } from './stream-road.ts';

const PING_BYTES = 100;
const WARM_UP_PINGS = 200;
/** A round trip that takes longer counts as failed. */
const PING_MS_MAX = 1_000;
/** Bulk that has not arrived this long after the last that did counts as lost. */
const BULK_SILENCE_MS = 1_000;
const SENDS_PER_TURN = 32;
/** kind, number; then the filling; then CRC-32 of all that stands before it */
const HEAD_BYTES = 5;
const CHECKSUM_BYTES = 4;
const KIND = { ping: 0, pong: 1, bulk: 2 } as const;

export interface PingRound {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failed: number;
}

/** Of the sender, from the first message until the receiver had the last. */
export interface BulkSent {
  readonly cpuUs: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
}

export interface BulkReceived {
  readonly messages: number;
  readonly bad: number;
  /** From the first message to the last, without the bytes of the first. */
  readonly bytesPerSecond: number;
  readonly cpuUs: number;
}

const roads = new Map<RoadName, Road>();
let onPong: (intact: boolean, number: number) => void = () => {};
let bulk = newBulk();
let outgoing: { readonly road: Road; readonly cpu: NodeJS.CpuUsage; readonly packets: ReturnType<Road['packets']> };
let listener: StreamListener | undefined;
let dgram: DgramRoad | undefined;

const note = serveBench(
  {
    listen: async (name: 'tcp' | 'tls'): Promise<RoadAddress> => {
      listener = await StreamListener.open(name === 'tls');
      return listener.address;
    },
    accept: async (name: RoadName) => {
      use(name, await listener!.road);
      listener!.close();
    },
    connect: async ({ name, address }: { name: RoadName; address: RoadAddress }): Promise<string> => {
      const connected = await connectStream(address);
      use(name, connected.road);
      return connected.cipher;
    },
    dgramOpen: async (): Promise<RoadAddress> => {
      dgram = await DgramRoad.open();
      use('dgram', dgram);
      return { port: dgram.port };
    },
    dgramConnect: (address: RoadAddress) => dgram!.connect(address),
    sessionIdentity: (): SessionIdentity => {
      const session = new SessionRoad((message) => note(message));
      use('session', session);
      return session.identity;
    },
    sessionOpen: (friend: SessionIdentity) => sessionRoad().open(friend),
    sessionDirect: (begin: boolean) => {
      const direct = sessionRoad().direct();
      if (begin) sessionRoad().begin();
      return direct;
    },
    ping: ({ name, count }: { name: RoadName; count: number }) => ping(roads.get(name)!, count),
    sendBulk: ({ name, seconds }: { name: RoadName; seconds: number }) => sendBulk(roads.get(name)!, seconds),
    expectBulk: () => {
      bulk = newBulk();
    },
    bulkReceived,
    bulkSent,
    relayed: () => sessionRoad().relayed,
  },
  (message) => sessionRoad().handleNote(message as SessionNote),
);

function use(name: RoadName, opened: Road): void {
  roads.set(name, opened);
  opened.onMessage = (message) => handleMessage(opened, message);
}

function sessionRoad(): SessionRoad {
  return roads.get('session') as SessionRoad;
}

function handleMessage(from: Road, message: Uint8Array): void {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const intact = isIntact(bytes);
  switch (bytes[0]) {
    case KIND.ping:
      if (intact) from.send(messageOf(KIND.pong, bytes.readUInt32BE(1), bytes.length));
      return;
    case KIND.pong:
      return onPong(intact, bytes.readUInt32BE(1));
    default:
      return countBulk(intact, bytes.length);
  }
}

/** Round trips one after the other. */
async function ping(over: Road, count: number): Promise<PingRound> {
  const times = new Float64Array(count);
  let done = 0;
  let failed = 0;
  for (let i = -WARM_UP_PINGS; i < count; i++) {
    const number = i + WARM_UP_PINGS;
    const startedMs = performance.now();
    const answered = await roundTrip(over, number);
    if (i < 0) continue;
    if (answered) times[done++] = (performance.now() - startedMs) * 1000;
    else failed++;
  }
  const sorted = times.subarray(0, done).sort();
  return { p50Us: quantile(sorted, 0.5), p99Us: quantile(sorted, 0.99), failed };
}

function roundTrip(over: Road, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PING_MS_MAX);
    onPong = (intact, answered) => {
      if (answered !== number) return;
      clearTimeout(timer);
      resolve(intact);
    };
    over.send(messageOf(KIND.ping, number, PING_BYTES));
  });
}

/** As much as the road takes, for so long. @returns the messages that it took */
function sendBulk(road: Road, seconds: number): Promise<number> {
  outgoing = { road, cpu: process.cpuUsage(), packets: road.packets() };
  const untilMs = performance.now() + seconds * 1000;
  return new Promise((resolve) => {
    let messages = 0;
    let resting = false;
    const fill = (): void => {
      if (resting) return;
      for (let n = 0; performance.now() < untilMs; n++) {
        // Sockets are served between turns: a loop that never rests would starve the acknowledgements.
        if (n === SENDS_PER_TURN) return rest();
        if (!road.send(messageOf(KIND.bulk, messages, road.messageBytesMax))) return;
        messages++;
      }
      road.onReady = () => {};
      resolve(messages);
    };
    const rest = (): void => {
      resting = true;
      setImmediate(() => {
        resting = false;
        fill();
      });
    };
    road.onReady = fill;
    fill();
    setTimeout(fill, seconds * 1000 + 1);
  });
}

function bulkSent(): BulkSent {
  const { road, cpu, packets } = outgoing;
  const { user, system } = process.cpuUsage(cpu);
  const { sent, lost } = road.packets();
  return { cpuUs: user + system, packetsSent: sent - packets.sent, packetsLost: lost - packets.lost };
}

interface Bulk {
  messages: number;
  bytes: number;
  bad: number;
  firstMs: number;
  lastMs: number;
  readonly cpu: NodeJS.CpuUsage;
  cpuAtLast: NodeJS.CpuUsage;
}

function newBulk(): Bulk {
  const cpu = process.cpuUsage();
  return { messages: 0, bytes: 0, bad: 0, firstMs: 0, lastMs: 0, cpu, cpuAtLast: cpu };
}

function countBulk(intact: boolean, bytes: number): void {
  bulk.lastMs = performance.now();
  if (bulk.messages === 0) bulk.firstMs = bulk.lastMs;
  else bulk.bytes += bytes;
  bulk.messages++;
  if (!intact) bulk.bad++;
}

/** Waits until so many have arrived, or nothing does any more. */
async function bulkReceived(expected: number): Promise<BulkReceived> {
  const silentSinceMs = performance.now();
  while (bulk.messages < expected) {
    if (performance.now() - Math.max(bulk.lastMs, silentSinceMs) > BULK_SILENCE_MS) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { user, system } = process.cpuUsage(bulk.cpu);
  const seconds = (bulk.lastMs - bulk.firstMs) / 1000;
  return { messages: bulk.messages, bad: bulk.bad, bytesPerSecond: bulk.bytes / seconds, cpuUs: user + system };
}

function messageOf(kind: number, number: number, length: number): Buffer {
  const message = Buffer.allocUnsafe(length);
  message[0] = kind;
  message.writeUInt32BE(number, 1);
  message.fill(number & 0xff, HEAD_BYTES);
  const checkedTo = length - CHECKSUM_BYTES;
  message.writeUInt32BE(crc32(message.subarray(0, checkedTo)), checkedTo);
  return message;
}

function isIntact(message: Buffer): boolean {
  const checkedTo = message.length - CHECKSUM_BYTES;
  return checkedTo >= HEAD_BYTES && crc32(message.subarray(0, checkedTo)) === message.readUInt32BE(checkedTo);
}
