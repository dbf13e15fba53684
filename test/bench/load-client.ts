import { createConnection, type Socket } from 'node:net';
import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, type KeyPair, newExchangeKeyPair, newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { ServerAddress } from '@magpie/common/channel/pin.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf } from '@magpie/common/frames/frame.ts';
import { FRAME_TABLE, type PresenceEntry } from '@magpie/common/frames/frame-table.ts';
import type { DeviceId, RequestId } from '@magpie/common/ids.ts';
import { SEALED_SEED_BYTES } from '@magpie/common/limits.ts';
import type { Instant } from '@magpie/common/time.ts';
import { SystemRandom } from '@magpie/peer/io/system-random.ts';

export const PASSWORD = 'seven quiet magpies';

const LABEL = 'load';
/** As large as users' are; nobody here will ever forget the password. */
const RECOVERY = { recoveryKey: new Uint8Array(32).fill(1), sealedSeed: new Uint8Array(SEALED_SEED_BYTES) };

const random = new SystemRandom();
const DEVICE_BYTES = 16;
/** A server that is busy may need this long for a login; what takes longer counts as failed. */
const ANSWER_MS_MAX = 30_000;

/** Keys of one device and the signed list that certifies it. */
export class LoadDevice {
  readonly exchange: KeyPair = newExchangeKeyPair(random);
  readonly id: DeviceId;
  readonly claim: { readonly signKey: Uint8Array; readonly accountKey: Uint8Array; readonly deviceList: Uint8Array };

  constructor() {
    const signing = newSigningKeyPair(random);
    const account = newSigningKeyPair(random);
    this.id = deviceIdOf(this.exchange.publicKey, signing.publicKey);
    const devices = [{ exchangeKey: this.exchange.publicKey, signKey: signing.publicKey }];
    const list = { accountKey: account.publicKey, version: 1, devices, previousHash: new Uint8Array(32) };
    this.claim = {
      signKey: signing.publicKey,
      accountKey: account.publicKey,
      deviceList: signDeviceList(list, account.secretKey),
    };
  }
}

/** Where a server is and the key it has: a first connection learns it, every later one is IK. */
export interface LoadTarget {
  readonly address: ServerAddress;
  remoteStatic: Uint8Array | undefined;
}

type WithoutId<F> = F extends { readonly requestId: RequestId } ? Omit<F, 'requestId'> : never;
type Request = WithoutId<Frame>;

/** One client of the server over the product's own channel and frames; what it does not need it does not do. */
export class LoadClient {
  readonly device: LoadDevice;
  welcome: FrameOf<'welcome'> | undefined;
  /** Called with the packet of each relayed frame, on arrival. */
  onRelayed: (packet: Uint8Array) => void = () => {};
  onRelayRefused: () => void = () => {};
  onPresence: (entries: readonly PresenceEntry[]) => void = () => {};
  readonly #socket: Socket;
  readonly #link: SecureLink;
  readonly #target: LoadTarget;
  readonly #answers = new Map<number, (frame: Frame | undefined) => void>();
  #nextRequest = 1;
  #flushDue = false;
  #closed = false;

  /** @param source the own address, one of 127/8, so that clients come from several */
  constructor(device: LoadDevice, target: LoadTarget, source: string) {
    this.device = device;
    this.#target = target;
    const { host, port, pin } = target.address;
    this.#link = SecureLink.initiator({
      staticKey: device.exchange,
      random,
      features: 0,
      now: now(),
      ...(target.remoteStatic && { remoteStatic: target.remoteStatic }),
      ...(pin !== undefined && { pin }),
    });
    this.#socket = createConnection({ host, port, localAddress: source, noDelay: true });
    this.#socket.on('connect', () => this.#flush());
    this.#socket.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#end());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @returns the first frame that answers, undefined when the connection ended or nothing came */
  request(request: Request): Promise<Frame | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const requestId = this.#nextRequest++ as RequestId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), ANSWER_MS_MAX);
      const done = (frame: Frame | undefined): void => {
        clearTimeout(timer);
        this.#answers.delete(requestId);
        resolve(frame);
      };
      this.#answers.set(requestId, done);
      this.send(encodeFrame({ ...request, requestId } as Frame));
    });
  }

  register(name: string): Promise<boolean> {
    const account = { name, displayName: name, password: PASSWORD, invite: '', label: LABEL };
    return this.#logIn({ type: 'register', ...account, ...RECOVERY, ...this.device.claim });
  }

  logIn(name: string): Promise<boolean> {
    return this.#logIn({ type: 'login', account: name, password: PASSWORD, label: LABEL, ...this.device.claim });
  }

  resume(): Promise<boolean> {
    return this.#logIn({ type: 'resume' });
  }

  /** @param frame encoded; leaves at the end of this turn with all others */
  send(frame: Uint8Array): void {
    this.#link.sendFrame(frame, now());
    if (this.#flushDue) return;
    this.#flushDue = true;
    setImmediate(() => this.#flush());
  }

  /** Orderly, so that the server forgets it at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const ended = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#link.close('shutting-down', '', 0, now());
    this.#flush();
    this.#socket.end();
    await ended;
  }

  async #logIn(request: Request): Promise<boolean> {
    const answer = await this.request(request);
    if (answer?.type === 'welcome') this.welcome = answer;
    return answer?.type === 'welcome';
  }

  #flush(): void {
    this.#flushDue = false;
    for (let bytes = this.#link.pollOutput(); bytes; bytes = this.#link.pollOutput()) this.#socket.write(bytes);
  }

  #receive(bytes: Uint8Array): void {
    this.#link.handleBytes(bytes, now());
    for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
      if (event.type === 'established') this.#target.remoteStatic ??= event.remoteStatic;
      else if (event.type === 'failed') this.#socket.destroy();
      else if (event.type === 'frame') this.#handleFrame(event.bytes);
    }
    this.#flush();
  }

  #handleFrame(bytes: Uint8Array): void {
    if (bytes[0] === FRAME_TABLE.relayed.code) return this.onRelayed(bytes.subarray(1 + DEVICE_BYTES));
    const decoded = decodeFrame(bytes, 'server', this.welcome ? 'authenticated' : 'anonymous');
    const frame = decoded.ok ? decoded.value : undefined;
    if (frame?.type === 'ping') this.send(encodeFrame({ type: 'pong', token: frame.token }));
    else if (frame?.type === 'relay-refused') this.onRelayRefused();
    else if (frame?.type === 'presence') this.onPresence(frame.entries);
    else if (frame && 'requestId' in frame) this.#answers.get(frame.requestId)?.(frame);
  }

  #end(): void {
    this.#closed = true;
    for (const done of [...this.#answers.values()]) done(undefined);
  }
}

function now(): Instant {
  return performance.now() as Instant;
}
