import { createConnection, type Socket } from 'node:net';
import type { ServerAddress } from '@magpie/common/channel/pin.ts';
import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { SEALED_SEED_BYTES } from '@magpie/common/limits.ts';
import type { Instant } from '@magpie/common/time.ts';
import { SystemRandom } from '@magpie/peer/io/system-random.ts';
import { LoadDevice } from '../bench/load-client.ts';

export { LoadDevice } from '../bench/load-client.ts';

export const PASSWORD = 'seven quiet magpies';
const LABEL = 'chaos';
/** As large as users' are; nobody here will ever forget the password. */
const RECOVERY = { recoveryKey: new Uint8Array(32).fill(1), sealedSeed: new Uint8Array(SEALED_SEED_BYTES) };
/** Above the 3 s that a login may wait for its hash, and the same again for a machine that is busy with attackers. */
const ANSWER_MS_MAX = 15_000;

const random = new SystemRandom();

type WithoutId<F> = F extends { readonly requestId: RequestId } ? Omit<F, 'requestId'> : never;
export type Request = WithoutId<Frame>;

/** What a request came to, in a word: the type of the answer, the code of a refusal, or that there was none. */
export function outcomeOf(frame: Frame | undefined): string {
  if (!frame) return 'no answer';
  return frame.type === 'refused' ? frame.code : frame.type;
}

/** The server as a client sees it: where it is, and its key once it is known. */
export interface Target {
  readonly address: ServerAddress;
  remoteStatic: Uint8Array | undefined;
}

export function targetOf(address: string): Target {
  return { address: parseServerAddress(address)!, remoteStatic: undefined };
}

/** A client over the product's channel that may also misbehave: stop reading, write anything, vanish. */
export class ChaosClient {
  readonly device: LoadDevice;
  readonly socket: Socket;
  /** False: the connection ended before the handshake did. */
  readonly established: Promise<boolean>;
  /** When the connection is over, however it ended. */
  readonly ended: Promise<void>;
  welcome: FrameOf<'welcome'> | undefined;
  closed = false;
  /** From the server's close frame, if one came. */
  closeCode: string | undefined;
  /** Frames that answer no request. */
  onFrame: (frame: Frame) => void = () => {};
  /** The last answer as it came, and how many bytes of the stream brought it. */
  lastAnswer: { readonly frame: Uint8Array; readonly streamBytes: number } | undefined;
  readonly #link: SecureLink;
  readonly #target: Target;
  readonly #answers = new Map<number, (frame: Frame | undefined) => void>();
  #nextRequest = 1;
  #flushDue = false;
  #streamBytes = 0;

  /** @param source the own address, one of 127/8 */
  constructor(target: Target, source: string, device = new LoadDevice()) {
    this.device = device;
    this.#target = target;
    const { host, port, pin } = target.address;
    const { remoteStatic } = target;
    this.#link = SecureLink.initiator({
      ...{ staticKey: device.exchange, random, features: 0, now: now() },
      ...(remoteStatic && { remoteStatic }),
      ...(pin !== undefined && { pin }),
    });
    this.socket = createConnection({ host, port, localAddress: source, noDelay: true });
    let isEstablished: (value: boolean) => void = () => {};
    this.established = new Promise((resolve) => {
      isEstablished = resolve;
    });
    this.#onEstablished = () => isEstablished(true);
    this.socket.on('connect', () => this.#flush());
    this.socket.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    this.socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.closed = true;
        isEstablished(false);
        for (const done of [...this.#answers.values()]) done(undefined);
        resolve();
      });
    });
  }
  readonly #onEstablished: () => void;

  get account(): AccountNumber {
    return this.welcome!.account;
  }

  /** @returns the first frame that answers; undefined when the connection ended or nothing came */
  request(request: Request, atMostMs = ANSWER_MS_MAX): Promise<Frame | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    const requestId = this.#nextRequest++ as RequestId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), atMostMs);
      const done = (frame: Frame | undefined): void => {
        clearTimeout(timer);
        this.#answers.delete(requestId);
        resolve(frame);
      };
      this.#answers.set(requestId, done);
      this.send({ ...request, requestId } as Frame);
    });
  }

  async register(name: string, invite = ''): Promise<string> {
    const account = { name, displayName: name, password: PASSWORD, invite, label: LABEL };
    return this.#enter({ type: 'register', ...account, ...RECOVERY, ...this.device.claim });
  }

  async logIn(account: string, password = PASSWORD): Promise<string> {
    return this.#enter({ type: 'login', account, password, label: LABEL, ...this.device.claim });
  }

  async resume(): Promise<string> {
    return this.#enter({ type: 'resume' });
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame));
  }

  /** @param frame anything that a client could send as one */
  sendBytes(frame: Uint8Array): void {
    this.#link.sendFrame(frame, now());
    if (this.#flushDue) return;
    this.#flushDue = true;
    setImmediate(() => this.#flush());
  }

  /** What would go out next, for a caller that writes it in its own way. */
  takeOutput(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let bytes = this.#link.pollOutput(); bytes; bytes = this.#link.pollOutput()) parts.push(bytes);
    return Buffer.concat(parts);
  }

  /** Sends the frame as the records that `takeOutput` then gives. */
  seal(frame: Uint8Array): Uint8Array {
    this.#link.sendFrame(frame, now());
    return this.takeOutput();
  }

  /** Orderly: a close frame, then the end. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.#link.close('shutting-down', '', 0, now());
    this.#flush();
    this.socket.end();
    await this.ended;
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #enter(request: Request): Promise<string> {
    const answer = await this.request(request);
    if (answer?.type === 'welcome') this.welcome = answer;
    return outcomeOf(answer);
  }

  #flush(): void {
    this.#flushDue = false;
    for (let bytes = this.#link.pollOutput(); bytes; bytes = this.#link.pollOutput()) this.socket.write(bytes);
  }

  #receive(bytes: Uint8Array): void {
    this.#streamBytes += bytes.length;
    this.#link.handleBytes(bytes, now());
    for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
      if (event.type === 'established') {
        this.#target.remoteStatic ??= event.remoteStatic;
        this.#onEstablished();
      } else if (event.type === 'failed') this.socket.destroy();
      else if (event.type === 'frame') this.#handleFrame(event.bytes);
    }
    this.#flush();
  }

  #handleFrame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes, 'server', this.welcome ? 'authenticated' : 'anonymous');
    const frame = decoded.ok ? decoded.value : undefined;
    if (!frame) return;
    if (frame.type === 'ping') this.send({ type: 'pong', token: frame.token });
    else if (frame.type === 'close') this.closeCode = frame.code;
    const done = 'requestId' in frame ? this.#answers.get(frame.requestId) : undefined;
    if (!done) return this.onFrame(frame);
    this.lastAnswer = { frame: bytes, streamBytes: this.#streamBytes };
    this.#streamBytes = 0;
    done(frame);
  }
}

/** Registers an account and stays. Throws when that fails: it is the stage, not the play. */
export async function registered(target: Target, name: string, source: string): Promise<ChaosClient> {
  const client = new ChaosClient(target, source);
  const outcome = await client.register(name);
  if (outcome !== 'welcome') throw new Error(`registration of ${name} from ${source}: ${outcome}`);
  return client;
}

/** One asks, the other accepts. */
export async function befriend(one: ChaosClient, other: ChaosClient): Promise<void> {
  const asked = await one.request({ type: 'friend-add', account: other.account, text: '' });
  const answered = await other.request({ type: 'friend-answer', account: one.account, accept: true });
  if (asked?.type === 'done' && answered?.type === 'done') return;
  throw new Error(`friends: ${outcomeOf(asked)}, ${outcomeOf(answered)}`);
}

/** Address number `i` of a block of 127/8 that belongs to one kind of client. */
export function sourceOf(block: number, i: number): string {
  return `127.${block}.${Math.floor(i / 250)}.${(i % 250) + 1}`;
}

function now(): Instant {
  return performance.now() as Instant;
}
