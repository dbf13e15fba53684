import { type KeyPair, newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { type Pin, pinOf } from '@magpie/common/channel/pin.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountName, AccountNumber, RequestId, SessionEpoch } from '@magpie/common/ids.ts';
import type { TcpHandlers, TcpStream } from '@magpie/common/net.ts';
import type { Clock, Instant } from '@magpie/common/time.ts';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { type HostNetwork, SimNetwork } from '../../../../test/sim/sim-network.ts';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';

export const SERVER_HOST = '10.0.0.1';
export const SERVER_PORT = 10_000;

/** A client machine and a scripted server on one virtual time: the server says only what a test tells it to say. */
export class LinkWorld {
  readonly time = new VirtualTime();
  readonly clock: Clock = new ProcessClock(this.time, { startMs: 1_000, wallSkewMs: 0 });
  readonly random = new SeededRandom(1, 'link world');
  readonly network = new SimNetwork({ time: this.time, seed: 1, trace: () => {} });
  readonly client: HostNetwork = this.network.addHost('client', ['10.0.1.1']);
  readonly serverHost: HostNetwork = this.network.addHost('server', [SERVER_HOST]);
  readonly server = new ScriptedServer(this.clock, this.random);
  readonly target = { host: SERVER_HOST, port: SERVER_PORT };
  /** Bytes that the client put on the wire. */
  bytesSent = 0;

  constructor() {
    this.network.taps.push({
      onTcp: (_event, from, _to, bytes) => {
        if (from === 'client') this.bytesSent += bytes.length;
      },
    });
  }

  listen(): Promise<unknown> {
    const endpoint = { address: '::', port: SERVER_PORT };
    return this.serverHost.tcpListener.listen(endpoint, (stream) => this.server.accept(stream));
  }

  get now(): Instant {
    return this.clock.now();
  }

  /** Lets so much virtual time pass, event by event, promises included. */
  async run(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms;
    for (;;) {
      await drained();
      const next = this.time.nextAtMs;
      if (next === undefined || next > endMs) break;
      this.time.runNext();
    }
    this.time.jumpTo(endMs);
    await drained();
  }

  /** Runs until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    void promise.finally(() => {
      settled = true;
    });
    for (await drained(); !settled && this.time.runNext(); ) await drained();
    if (!settled) throw new Error('nothing is left to happen, and the promise is open');
    return promise;
  }
}

/** Answers requests by `onRequest` and says what it is told; as long as `silent`, it takes bytes and says nothing. */
export class ScriptedServer {
  key: KeyPair;
  silent = false;
  readonly connections: ScriptedConnection[] = [];
  onRequest: (connection: ScriptedConnection, frame: Frame) => void = () => {};
  readonly #clock: Clock;
  readonly #random: SeededRandom;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
    this.key = newExchangeKeyPair(random);
  }

  get pin(): Pin {
    return pinOf(this.key.publicKey);
  }

  get last(): ScriptedConnection {
    return this.connections.at(-1)!;
  }

  accept(stream: TcpStream): TcpHandlers {
    const connection = new ScriptedConnection(this, stream, this.#clock, this.#random);
    this.connections.push(connection);
    return connection.handlers;
  }
}

export class ScriptedConnection {
  readonly stream: TcpStream;
  /** Every frame of the client, in order. */
  readonly received: Frame[] = [];
  closed = false;
  readonly handlers: TcpHandlers;
  readonly #link: SecureLink;
  readonly #clock: Clock;
  #authenticated = false;

  constructor(server: ScriptedServer, stream: TcpStream, clock: Clock, random: SeededRandom) {
    this.stream = stream;
    this.#clock = clock;
    this.#link = SecureLink.responder({ staticKey: server.key, random, features: 0, now: clock.now() });
    this.handlers = {
      onBytes: (bytes) => {
        if (server.silent) return;
        this.#link.handleBytes(bytes, clock.now());
        for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
          if (event.type === 'failed') stream.destroy();
          if (event.type === 'frame') this.#handle(server, event.bytes);
        }
        this.flush();
      },
      onClose: () => {
        this.closed = true;
      },
    };
  }

  get types(): readonly string[] {
    return this.received.map(({ type }) => type);
  }

  /** All of them share one record, so that they reach the client in one piece. */
  say(...frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.type === 'welcome') this.#authenticated = true;
      this.#link.sendFrame(encodeFrame(frame), this.#clock.now());
    }
    this.flush();
  }

  flush(): void {
    for (let out = this.#link.pollOutput(); out; out = this.#link.pollOutput()) this.stream.write(out);
  }

  #handle(server: ScriptedServer, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes, 'client', this.#authenticated ? 'authenticated' : 'anonymous');
    if (!frame.ok) throw new Error(`the client broke a rule: ${frame.error.kind}`);
    if (!frame.value) return;
    this.received.push(frame.value);
    if (!server.silent) server.onRequest(this, frame.value);
  }
}

export function welcome(requestId: RequestId, patch: Partial<FrameOf<'welcome'>> = {}): FrameOf<'welcome'> {
  return {
    type: 'welcome',
    requestId,
    account: 10_001 as AccountNumber,
    name: 'alice' as AccountName,
    displayName: 'Alice',
    signatureLine: '',
    epoch: 1 as SessionEpoch,
    loginCount: 1,
    serverWallMs: Date.UTC(2026, 0, 1),
    rosterVersion: 0,
    deviceListVersion: 1,
    observed: { address: '10.0.1.1', port: 40_000 },
    udpPorts: [10_000, 10_001],
    reflectToken: new Uint8Array(32),
    reflectTokenMs: 600_000,
    mailboxId: new Uint8Array(8),
    ...patch,
  };
}

/** Welcomes every login, answers pings and knows no device lists; the rest is for the test. */
export function hospitable(connection: ScriptedConnection, frame: Frame): void {
  if (frame.type === 'device-chain-get') {
    const { requestId, account } = frame;
    connection.say({ type: 'device-chain', requestId, account, last: true, lists: [] });
  }
  if (frame.type === 'ping') connection.say({ type: 'pong', token: frame.token });
  if (frame.type === 'register' || frame.type === 'login' || frame.type === 'resume') {
    connection.say(welcome(frame.requestId));
  }
}

function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
