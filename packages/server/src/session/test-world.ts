import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, type KeyPair, newExchangeKeyPair, newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import { type RecoveryCode, signRecovery } from '@magpie/common/channel/recovery-code.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf, type FrameType } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId, RequestId } from '@magpie/common/ids.ts';
import { type Log, silentLog } from '@magpie/common/log.ts';
import type { Endpoint, TcpHandlers, TcpStream, UdpHandlers } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock, Instant, Timer, WallMs } from '@magpie/common/time.ts';
import { NO_RECOVERY } from '../accounts/credential-rules.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import type { ServerLimits } from '../limits.ts';
import { createServer, type Server, type ServerOptions } from '../server.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Recovery } from '../store/store.ts';

/** A whole server with clients, in one process and on one clock that only `advance` moves. */
export class TestWorld {
  readonly clock = new TestClock();
  readonly random = seededRandom(1);
  readonly store = new MemoryStore({ sync: async () => {} });
  readonly staticKey: KeyPair = newExchangeKeyPair(this.random);
  readonly hasher = new TestHasher();
  readonly udp = new Map<number, { handlers: UdpHandlers; sent: { bytes: Uint8Array; to: Endpoint }[] }>();
  readonly server: Server;
  #accept: ((stream: TcpStream) => TcpHandlers) | undefined;
  #nextPort = 40_000;

  private constructor(options: Partial<ServerOptions>, log: Log) {
    this.server = createServer(
      {
        clock: this.clock,
        random: this.random,
        store: this.store,
        hasher: this.hasher,
        log,
        staticKey: this.staticKey,
        tcp: {
          listen: async (endpoint, onConnection) => {
            this.#accept = onConnection;
            return { local: endpoint, close: async () => {} };
          },
        },
        udp: {
          open: async (_family, port, handlers) => {
            const socket = { handlers, sent: [] as { bytes: Uint8Array; to: Endpoint }[] };
            this.udp.set(port, socket);
            return {
              local: { address: '0.0.0.0', port },
              send: (bytes, to) => void socket.sent.push({ bytes, to }),
              close: () => {},
            };
          },
        },
      },
      { listen: [{ address: '0.0.0.0', port: 10_000 }], ...options },
    );
  }

  static async start(
    limits: Partial<ServerLimits> = {},
    options: Partial<ServerOptions> = {},
    log: Log = silentLog,
  ): Promise<TestWorld> {
    const world = new TestWorld({ limits, ...options }, log);
    await world.server.start();
    return world;
  }

  /** A raw TCP connection; `address` is what the server sees. */
  dial(address = '192.0.2.1'): TestWire {
    const wire = new TestWire({ address, port: this.#nextPort++ });
    wire.handlers = this.#accept!(wire.serverEnd);
    return wire;
  }

  /** A connected client of a device, before its login. */
  connect(device = this.newDevice(), address?: string, features = 0): TestClient {
    return new TestClient(this, device, this.dial(address), features);
  }

  newDevice(account: KeyPair = newSigningKeyPair(this.random)): TestDevice {
    return new TestDevice(this.random, account);
  }

  /** A registered and logged-in client. */
  async register(name: string, address?: string): Promise<TestClient> {
    const client = this.connect(undefined, address);
    const answer = await client.register(name);
    if (answer.type !== 'welcome') throw new Error(`registration refused: ${JSON.stringify(answer)}`);
    return client;
  }

  /** Two logged-in friends. */
  async friends(one = 'alice', other = 'bob'): Promise<[TestClient, TestClient]> {
    const a = await this.register(one);
    const b = await this.register(other);
    await this.befriend(a, b);
    return [a, b];
  }

  async befriend(a: TestClient, b: TestClient): Promise<void> {
    await a.request({ type: 'friend-add', account: b.account, text: 'hello' });
    await b.request({ type: 'friend-answer', account: a.account, accept: true });
    await settle();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }
}

export class TestDevice {
  readonly exchange: KeyPair;
  readonly signing: KeyPair;
  readonly accountKey: KeyPair;
  readonly id: DeviceId;

  constructor(random: RandomSource, accountKey: KeyPair) {
    this.exchange = newExchangeKeyPair(random);
    this.signing = newSigningKeyPair(random);
    this.accountKey = accountKey;
    this.id = deviceIdOf(this.exchange.publicKey, this.signing.publicKey);
  }

  /** The signed list of these devices. */
  list(
    devices: readonly TestDevice[] = [this],
    version = 1,
    previousHash: Uint8Array = new Uint8Array(32),
  ): Uint8Array {
    const keys = devices.map((d) => ({ exchangeKey: d.exchange.publicKey, signKey: d.signing.publicKey }));
    return signDeviceList(
      { accountKey: this.accountKey.publicKey, version, devices: keys, previousHash },
      this.accountKey.secretKey,
    );
  }

  claim(deviceList = this.list()) {
    return { signKey: this.signing.publicKey, accountKey: this.accountKey.publicKey, deviceList, label: 'test' };
  }

  registration(name: string, password = PASSWORD, more: { invite?: string } & Partial<Recovery> = {}) {
    const credentials = { name, displayName: name, password, ...this.claim() };
    return { type: 'register' as const, ...credentials, ...NO_RECOVERY, invite: '', ...more };
  }
}

export const PASSWORD = 'correct magpie 7';

type WithoutId<F> = F extends { readonly requestId: RequestId } ? Omit<F, 'requestId'> : F;
export type Request = WithoutId<Frame>;

export class TestClient {
  readonly device: TestDevice;
  readonly wire: TestWire;
  readonly received: Frame[] = [];
  readonly link: SecureLink;
  account = 0 as AccountNumber;
  /** The newest welcome. */
  welcome: FrameOf<'welcome'> | undefined;
  readonly #world: TestWorld;
  #nextRequest = 1;

  constructor(world: TestWorld, device: TestDevice, wire: TestWire, features: number) {
    this.#world = world;
    this.device = device;
    this.wire = wire;
    this.link = SecureLink.initiator({
      staticKey: device.exchange,
      random: world.random,
      remoteStatic: world.staticKey.publicKey,
      pin: pinOf(world.staticKey.publicKey),
      features,
      now: world.clock.now(),
    });
    wire.onClientBytes = (bytes) => {
      this.link.handleBytes(bytes, world.clock.now());
      this.#drain();
    };
    this.#drain();
  }

  get closed(): boolean {
    return this.wire.closed;
  }

  /** The code of the close frame that came, if one did. */
  get closeCode(): string | undefined {
    return this.received.find((frame) => frame.type === 'close')?.code;
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame));
  }

  sendBytes(frame: Uint8Array): void {
    this.link.sendFrame(frame, this.#world.clock.now());
    this.#drain();
  }

  relay(to: DeviceId, packet: Uint8Array): void {
    this.send({ type: 'relay', to, packet });
  }

  /** Frames of one type received so far; the list is emptied of them. */
  take<T extends FrameType>(type: T): FrameOf<T>[] {
    const taken: Frame[] = this.received.filter((frame) => frame.type === type);
    for (const frame of taken) this.received.splice(this.received.indexOf(frame), 1);
    return taken as FrameOf<T>[];
  }

  /** Sends a request and gives its answer: the first frame with its id. */
  async request(request: Request): Promise<Frame> {
    const requestId = this.#nextRequest++ as RequestId;
    this.send({ ...request, requestId } as Frame);
    await settle();
    const at = this.received.findIndex((frame) => 'requestId' in frame && frame.requestId === requestId);
    if (at < 0) throw new Error(`no answer to ${request.type}; closed with ${this.closeCode}`);
    return this.received.splice(at, 1)[0]!;
  }

  async refusal(request: Request): Promise<string> {
    const answer = await this.request(request);
    return answer.type === 'refused' ? answer.code : `not refused: ${answer.type}`;
  }

  register(name: string, password = PASSWORD, more: { invite?: string } & Partial<Recovery> = {}): Promise<Frame> {
    return this.#login(this.device.registration(name, password, more));
  }

  login(account: string, password = PASSWORD, deviceList = this.device.list()): Promise<Frame> {
    return this.#login({ type: 'login', account, password, ...this.device.claim(deviceList) });
  }

  resume(): Promise<Frame> {
    return this.#login({ type: 'resume' });
  }

  recover(account: string, code: RecoveryCode, newPassword = ''): Promise<Frame> {
    const serverKey = this.#world.staticKey.publicKey;
    const claim = { serverKey, exchangeKey: this.device.exchange.publicKey, account, newPassword };
    return this.#login({ type: 'recover', account, newPassword, signature: signRecovery(code, claim) });
  }

  enroll(deviceList: Uint8Array, more: { replaceKey?: boolean } & Partial<Recovery> = {}): Promise<Frame> {
    const request = { ...this.device.claim(deviceList), ...NO_RECOVERY, replaceKey: false, ...more };
    return this.#login({ type: 'enroll', ...request });
  }

  async #login(request: Request): Promise<Frame> {
    const answer = await this.request(request);
    if (answer.type === 'welcome') {
      this.account = answer.account;
      this.welcome = answer;
    }
    return answer;
  }

  #drain(): void {
    for (let event = this.link.pollEvent(); event; event = this.link.pollEvent()) {
      if (event.type !== 'frame') continue;
      const frame = decodeFrame(event.bytes, 'server', this.welcome ? 'authenticated' : 'anonymous');
      const decoded = frame.ok ? frame : decodeFrame(event.bytes, 'server', 'authenticated');
      if (decoded.ok && decoded.value) this.received.push(decoded.value);
    }
    for (let bytes = this.link.pollOutput(); bytes; bytes = this.link.pollOutput()) this.wire.clientWrite(bytes);
  }
}

/** A TCP connection in memory; delivery is asynchronous and in order. */
export class TestWire {
  handlers: TcpHandlers | undefined;
  onClientBytes: (bytes: Uint8Array) => void = () => {};
  /** Every byte the server wrote. */
  readonly serverWrote: Uint8Array[] = [];
  readonly clientWrote: Uint8Array[] = [];
  closed = false;
  /** True: the client takes nothing, so the server's write queue grows. */
  stalled = false;
  /** True: the server has stopped reading. */
  paused = false;
  readonly serverEnd: TcpStream;
  #toServer: Uint8Array[] = [];
  #toClient: Uint8Array[] = [];
  #ending = false;

  constructor(remote: Endpoint) {
    const wire = this;
    this.serverEnd = {
      remote,
      get queuedBytes() {
        return wire.#toClient.reduce((sum, bytes) => sum + bytes.length, 0);
      },
      write: (bytes) => {
        if (this.closed) return;
        this.serverWrote.push(bytes);
        this.#toClient.push(bytes);
        queueMicrotask(() => this.deliverToClient());
      },
      pauseReading: () => {
        this.paused = true;
      },
      resumeReading: () => {
        this.paused = false;
        queueMicrotask(() => this.#deliverToServer());
      },
      end: () => {
        this.#ending = true;
        queueMicrotask(() => this.deliverToClient());
      },
      destroy: () => this.drop(),
    };
  }

  clientWrite(bytes: Uint8Array): void {
    this.clientWrote.push(bytes.slice());
    this.#toServer.push(bytes.slice());
    queueMicrotask(() => this.#deliverToServer());
  }

  deliverToClient(): void {
    if (this.stalled) return;
    const had = this.#toClient.length > 0;
    for (const bytes of this.#toClient.splice(0)) this.onClientBytes(bytes.slice());
    if (had) this.handlers?.onDrain?.();
    if (this.#ending) this.drop();
  }

  /** A stalled client takes the oldest write and no more. */
  takeOne(): void {
    const bytes = this.#toClient.shift();
    if (bytes) this.onClientBytes(bytes.slice());
  }

  /** The connection breaks, without a word. */
  drop(): void {
    if (this.closed) return;
    this.closed = true;
    queueMicrotask(() => this.handlers?.onClose());
  }

  #deliverToServer(): void {
    while (!this.paused && !this.closed) {
      const bytes = this.#toServer.shift();
      if (!bytes) return;
      this.handlers?.onBytes(bytes);
    }
  }
}

export class TestClock implements Clock {
  #nowMs = 1_000;
  #timers: { at: number; fire: () => void }[] = [];

  now(): Instant {
    return this.#nowMs as Instant;
  }

  wallNow(): WallMs {
    return (1_800_000_000_000 + this.#nowMs) as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    const timer = { at, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > until) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.fire();
      await settle();
    }
    this.#nowMs = until;
    await settle();
  }
}

/** Reversible on purpose: tests of the server are not tests of argon2. */
export class TestHasher implements PasswordHasher {
  readonly decoyHash = 'plain:';
  verifyCount = 0;
  isOutdated: (phc: string) => boolean = () => false;
  remainderOf: (phc: string) => string | undefined = () => undefined;
  verifiedAgainst: string | undefined;

  async hash(password: string): Promise<string> {
    return `plain:${password}`;
  }

  async verify(phc: string, password: string): Promise<boolean> {
    this.verifyCount += 1;
    this.verifiedAgainst = phc;
    return phc === `plain:${password}`;
  }
}

/** xorshift128; for tests only. */
function seededRandom(seed: number): RandomSource {
  const s = Uint32Array.of(seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162);
  const next = (): number => {
    const t = s[3]! ^ (s[3]! << 11);
    s.copyWithin(1, 0, 3);
    s[0] = s[0]! ^ (s[0]! >>> 19) ^ t ^ (t >>> 8);
    return s[0]!;
  };
  return { bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff) };
}

/** Lets every promise and microtask that is due run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
