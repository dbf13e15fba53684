import { createConnection, type Socket } from 'node:net';
import { encodeFrame } from '@magpie/common/frames/frame.ts';
import { FRAME_BYTES_MAX, LINK_HANDSHAKE_BYTES_MAX, LINK_RECORD_BYTES_MAX } from '@magpie/common/limits.ts';
import { pause } from '../../e2e/stage.ts';
import { ChaosClient, LoadDevice, registered, sourceOf, type Target, targetOf } from '../chaos-client.ts';

/** Addresses of these attackers. */
const HALF_OPEN = 3;
/** Each holds fewer than one source may, so that the limits over all sources are what is tried. */
const SOURCES = 50;
/** Logged in, and as far as a frame may go but for its last byte. */
const MEMBERS = 10;
/** How often the length bombs get another byte. */
const DRIP_MS = 500;
const RECORD_PREFIX_BYTES = 2;
/** `M G P`, version 1, XX, suite 1 (PROTOCOL.md, the preamble). */
const PREAMBLE = Uint8Array.of(0x4d, 0x47, 0x50, 1, 0, 1, 0, 0);

export interface HalfOpenPlan {
  readonly address: string;
  readonly count: number;
  /** New connections a second; absent: all at once. */
  readonly perSecond?: number;
}

export interface HalfOpenFigures {
  readonly opened: number;
  /** Of them still open when the last one was made. */
  readonly held: number;
  readonly heldMax: number;
}

type Drip = (socket: Socket) => void;

/** The ways to begin and not to end, in turn. */
const KINDS: readonly ((target: Target, source: string) => Socket)[] = [
  raw(() => Buffer.alloc(0)),
  raw(() => PREAMBLE),
  raw(() => Buffer.concat([PREAMBLE, u16(32), Buffer.alloc(32, 7)])),
  // Claims the longest message that a handshake may have, and one that is longer than any.
  raw(() => Buffer.concat([PREAMBLE, u16(LINK_HANDSHAKE_BYTES_MAX)]), dripZero),
  raw(() => Buffer.concat([PREAMBLE, u16(0xff_ff)]), dripZero),
  established(() => Buffer.alloc(0)),
  established((client) => half(client.seal(login()))),
  established(() => u16(LINK_RECORD_BYTES_MAX), dripZero),
  established(() => u16(0xff_ff), dripZero),
  // A good record that begins a frame far longer than strangers may send.
  established((client) =>
    client.seal(new Uint8Array(FRAME_BYTES_MAX)).subarray(0, RECORD_PREFIX_BYTES + LINK_RECORD_BYTES_MAX),
  ),
  // As much of a record as there can be, but for its last byte.
  established((client) =>
    client.seal(new Uint8Array(FRAME_BYTES_MAX)).subarray(0, RECORD_PREFIX_BYTES + LINK_RECORD_BYTES_MAX - 1),
  ),
];

const open = new Set<Socket>();
const members: ChaosClient[] = [];
const drips = new Map<Socket, Drip>();
const device = new LoadDevice();
let dripping: NodeJS.Timeout | undefined;

/** Makes the connections and leaves them as they are. */
export async function halfOpen({ address, count, perSecond }: HalfOpenPlan): Promise<HalfOpenFigures> {
  const target = targetOf(address);
  // All handshakes after the first may be IK, which costs the server most for what it costs us.
  const first = new ChaosClient(target, sourceOf(HALF_OPEN, 0), device);
  await first.established;
  first.destroy();
  dripping ??= setInterval(() => {
    for (const [socket, drip] of drips) drip(socket);
  }, DRIP_MS);
  let heldMax = 0;
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    if (perSecond !== undefined) await pause(Math.max(0, startedMs + (i * 1000) / perSecond - performance.now()));
    else if (i % 100 === 0) await pause(0);
    const socket = KINDS[i % KINDS.length]!(target, sourceOf(HALF_OPEN, i % SOURCES));
    hold(socket);
    heldMax = Math.max(heldMax, open.size);
  }
  return { opened: count, held: open.size, heldMax };
}

/** Accounts of attackers, logged in before the attack begins. */
export async function registerHalfFrames(address: string): Promise<void> {
  const target = targetOf(address);
  for (let i = 0; i < MEMBERS; i++) {
    members.push(await registered(target, `half${i}`, sourceOf(HALF_OPEN, SOURCES + i)));
  }
}

/** Each sends the longest frame there is but for its end, which comes byte by byte. */
export function fillHalfFrames(): void {
  const frame = new Uint8Array(FRAME_BYTES_MAX);
  frame[0] = 0x7f;
  for (const client of members) {
    const bytes = client.seal(frame);
    let at = bytes.length - 100;
    client.socket.write(bytes.subarray(0, at));
    hold(client.socket);
    drips.set(client.socket, (socket) => socket.write(bytes.subarray(at, ++at)));
  }
}

/** Connections that are still open. */
export function halfOpenHeld(): number {
  return open.size;
}

export function leaveHalfOpen(): void {
  clearInterval(dripping);
  dripping = undefined;
  for (const socket of open) socket.destroy();
}

function hold(socket: Socket): void {
  open.add(socket);
  socket.on('close', () => {
    open.delete(socket);
    drips.delete(socket);
  });
}

function raw(first: () => Uint8Array, drip?: Drip): (target: Target, source: string) => Socket {
  return ({ address: { host, port } }, source) => {
    const socket = createConnection({ host, port, localAddress: source, noDelay: true });
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('connect', () => {
      socket.write(first());
      if (drip) drips.set(socket, drip);
    });
    return socket;
  };
}

function established(
  then: (client: ChaosClient) => Uint8Array,
  drip?: Drip,
): (target: Target, source: string) => Socket {
  return (target, source) => {
    const client = new ChaosClient(target, source, device);
    void client.established.then((isUp) => {
      if (!isUp) return;
      client.socket.write(then(client));
      if (drip) drips.set(client.socket, drip);
    });
    return client.socket;
  };
}

function dripZero(socket: Socket): void {
  socket.write(Uint8Array.of(0));
}

function half(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length >> 1);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function login(): Uint8Array {
  const { signKey, accountKey, deviceList } = device.claim;
  return encodeFrame({
    ...{ type: 'login', requestId: 1 as never, account: 'robin', password: 'p'.repeat(500), label: '' },
    ...{ signKey, accountKey, deviceList },
  });
}
