// The process that makes load: it holds the clients, so that the server's own process holds nothing but the server.
import { crc32 } from 'node:zlib';
import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import { FRAME_TABLE } from '@magpie/common/frames/frame-table.ts';
import { deviceIdToBytes } from '@magpie/common/ids.ts';
import { pause } from '../e2e/stage.ts';
import { serveBench } from './bench-process.ts';
import { LoadClient, LoadDevice, type LoadTarget } from './load-client.ts';

/** Clients come from so many addresses of the loopback network. */
const SOURCES = 16;
const PACKET_BYTES = 100;
const CHECKSUM_BYTES = 4;
/** id, device, packet */
const RELAY_HEAD_BYTES = 17;
/** What was sent must have arrived this long after the last packet was. */
const TAIL_MS_MAX = 3_000;

export interface Storm {
  readonly done: number;
  readonly failed: number;
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

const devices: LoadDevice[] = [];
const clients: LoadClient[] = [];
let target: LoadTarget;

serveBench({
  /** Makes keys for so many accounts. */
  prepare: (count: number) => {
    while (devices.length < count) devices.push(new LoadDevice());
  },
  /** Where the server of the next commands is. */
  target: async (address: string) => {
    target = { address: parseServerAddress(address)!, remoteStatic: undefined };
    const first = new LoadClient(new LoadDevice(), target, sourceOf(0));
    await first.resume();
    await first.close();
  },
  register: ({ from, to, concurrency }: { from: number; to: number; concurrency: number }) =>
    storm(from, to, concurrency, async (client, i) => {
      const accepted = await client.register(nameOf(i));
      await client.close();
      return accepted;
    }),
  /** Logs in by device key and stays. */
  resume: ({ count, concurrency }: { count: number; concurrency: number }) =>
    storm(0, count, concurrency, async (client) => {
      const accepted = await client.resume();
      if (accepted) clients.push(client);
      return accepted;
    }),
  /** Logs in by password and leaves; account `i` of `accounts`, again and again. */
  password: ({ count, accounts, concurrency }: { count: number; accounts: number; concurrency: number }) =>
    storm(
      0,
      count,
      concurrency,
      async (client, i) => {
        const accepted = await client.logIn(nameOf(i % accounts));
        await client.close();
        return accepted;
      },
      accounts,
    ),
  closeAll: async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  },
  alive: () => clients.filter((client) => !client.closed).length,
  befriend,
  relay,
});

/** Runs `act` on one new connection per number, so many at a time. */
async function storm(
  from: number,
  to: number,
  concurrency: number,
  act: (client: LoadClient, i: number) => Promise<boolean>,
  accounts = Number.POSITIVE_INFINITY,
): Promise<Storm> {
  const startedMs = performance.now();
  let next = from;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < to; i = next++) {
      const client = new LoadClient(devices[i % Math.min(accounts, devices.length)]!, target, sourceOf(i));
      if (await act(client, i)) done++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { done, failed: to - from - done, seconds: (performance.now() - startedMs) / 1000 };
}

/** Clients 2n and 2n + 1 become friends, as users do: one asks, the other accepts. */
async function befriend(pairs: number): Promise<number> {
  const befriended = await Promise.all(
    Array.from({ length: pairs }, async (_, n) => {
      const [one, other] = pairOf(n);
      const asked = await one.request({ type: 'friend-add', account: other.welcome!.account, text: '' });
      const account = one.welcome!.account;
      const answered = await other.request({ type: 'friend-answer', account, accept: true });
      return asked?.type === 'done' && answered?.type === 'done';
    }),
  );
  return befriended.filter(Boolean).length;
}

/** Each pair keeps `window` packets under way from one to the other: whatever arrives lets the next one leave. */
async function relay({ pairs, window, seconds }: { pairs: number; window: number; seconds: number }) {
  const flows = Array.from({ length: pairs }, (_, n) => new Flow(...pairOf(n)));
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
  } satisfies RelayRound;
}

/** Packets from one client to its friend: a number, a filling, and the CRC-32 of both. */
class Flow {
  sent = 0;
  received = 0;
  badChecksum = 0;
  outOfOrder = 0;
  refused = 0;
  #sending = false;
  readonly #from: LoadClient;
  readonly #head: Uint8Array;

  constructor(from: LoadClient, to: LoadClient) {
    this.#from = from;
    this.#head = Uint8Array.of(FRAME_TABLE.relay.code, ...deviceIdToBytes(to.device.id));
    from.onRelayRefused = () => {
      this.refused++;
    };
    to.onRelayed = (packet) => this.#receive(packet);
  }

  get underWay(): number {
    return this.sent - this.received;
  }

  start(window: number): void {
    this.#sending = true;
    for (let i = 0; i < window; i++) this.#send();
  }

  stop(): void {
    this.#sending = false;
  }

  #send(): void {
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
    this.received++;
    if (this.#sending) this.#send();
  }
}

function pairOf(n: number): [LoadClient, LoadClient] {
  return [clients[2 * n]!, clients[2 * n + 1]!];
}

function nameOf(i: number): string {
  return `load_${i.toString(36)}`;
}

function sourceOf(i: number): string {
  return `127.0.1.${1 + (i % SOURCES)}`;
}
