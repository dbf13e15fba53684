import type { KeyPair } from '@magpie/common/channel/keys.ts';
import { LINK_FEATURE_UNSEEN } from '@magpie/common/channel/link-hello.ts';
import type { Pin } from '@magpie/common/channel/pin.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { DEAD_AFTER_MS, FRAME_BYTES_MAX, PING_AFTER_MS } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { TcpConnector, TcpStream } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, earliest, type Instant, type Timer } from '@magpie/common/time.ts';
import { ANSWER_FRAMES_MAX, CONNECT_MS_MAX, REQUEST_MS_MAX, REQUESTS_PENDING_MAX } from './limits.ts';

/** Why a connection ended or never came up. */
export type LinkFailure =
  /** No route, refused, reset, or silence. `code` is a system error code or 'timeout'. */
  | { readonly kind: 'unreachable'; readonly code: string }
  /** Nobody has told us this key: somebody must look at the pin first (R10). */
  | { readonly kind: 'key-unknown'; readonly pin: Pin }
  | { readonly kind: 'wrong-pin' }
  /** The handshake failed: another key than the one we know, or no Magpie server at all. */
  | { readonly kind: 'bad-handshake' }
  | { readonly kind: 'closed'; readonly code: RefusalCode; readonly retryAfterMs: number };

export type RequestError =
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly retryAfterMs: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'too-many' };

export interface ServerConnectionOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly tcp: TcpConnector;
  readonly log: Log;
  readonly target: { readonly host: string; readonly port: number };
  readonly staticKey: KeyPair;
  /** Known from an earlier contact: handshake IK; otherwise XX. */
  readonly serverKey: Uint8Array | undefined;
  /** Checked before message 3 of XX. */
  readonly pin: Pin | undefined;
  /** With neither key nor pin: accept what the server shows. */
  readonly trustFirst: boolean;
  /** The session begins invisible (R23). */
  readonly unseen?: boolean;
  /** Ends the connection in order, in whatever phase it is. */
  readonly signal?: AbortSignal;
  /** A frame that answers no request. Called after the frame's connection is established. */
  readonly onFrame: (frame: Frame) => void;
  /** Once, after `open` had succeeded. */
  readonly onClosed: (failure: LinkFailure) => void;
}

type RequestFrame = FrameOf<
  | 'register'
  | 'login'
  | 'resume'
  | 'logout'
  | 'lookup'
  | 'friend-add'
  | 'friend-answer'
  | 'friend-remove'
  | 'roster-get'
  | 'presence-set'
  | 'introduce'
  | 'device-list-get'
  | 'reflect-token-get'
  | 'recover'
  | 'enroll'
  | 'approval-ask'
  | 'approve'
  | 'password-change'
  | 'devices-get'
  | 'device-list-set'
  | 'device-chain-get'
  | 'profile-set'
  | 'policy-get'
  | 'policy-set'
  | 'account-delete'
  | 'block'
  | 'unblock'
  | 'last-seen-get'
  | 'notice-ack'
  | 'recovery-set'
  | 'mail-put'
  | 'mail-get'
  | 'mail-ack'
  | 'mail-key-set'
  | 'mail-keys-get'
>;
/** A request without its id, which the connection gives. */
export type Request = { [T in RequestFrame['type']]: Omit<FrameOf<T>, 'requestId'> }[RequestFrame['type']];
/** Frames that answer a request. */
export type Answer = Extract<Frame, { readonly requestId: RequestId }>;

interface PendingRequest {
  readonly answers: Answer[];
  readonly deadline: Instant;
  resolve(result: Result<readonly Answer[], RequestError>): void;
}

/**
 * One TCP connection to the server, from dialling to close: the loop around a SecureLink, requests paired with their
 * answers, ping and death by silence (R22). It never reconnects; ServerLink does.
 */
export class ServerConnection {
  readonly #options: ServerConnectionOptions;
  readonly #link: SecureLink;
  readonly #stream: TcpStream;
  readonly #pending = new Map<number, PendingRequest>();
  #nextRequestId = 1;
  #state: 'connecting' | 'anonymous' | 'authenticated' | 'closed' = 'connecting';
  #serverKey: Uint8Array | undefined;
  #opened: ((result: Result<ServerConnection, LinkFailure>) => void) | undefined;
  #timer: Timer | undefined;
  #timerAt: Instant | undefined;
  #lastReceivedAt: Instant;
  readonly #connectDeadline: Instant;
  readonly #onAbort = (): void => this.close('shutting-down');
  #pingSentAt: Instant | undefined;
  #rttMs: number | undefined;
  #draining = false;

  private constructor(
    options: ServerConnectionOptions,
    opened: (result: Result<ServerConnection, LinkFailure>) => void,
  ) {
    this.#options = options;
    this.#opened = opened;
    const now = options.clock.now();
    this.#lastReceivedAt = now;
    this.#connectDeadline = after(now, CONNECT_MS_MAX);
    this.#link = SecureLink.initiator({
      staticKey: options.staticKey,
      random: options.random,
      features: options.unseen ? LINK_FEATURE_UNSEEN : 0,
      now,
      ...(options.serverKey ? { remoteStatic: options.serverKey } : {}),
      ...(options.pin && !options.serverKey ? { pin: options.pin } : {}),
    });
    this.#stream = options.tcp.connect(options.target, {
      onOpen: () => this.#drain(),
      onBytes: (bytes) => {
        const at = options.clock.now();
        this.#lastReceivedAt = at;
        this.#link.handleBytes(bytes, at);
        this.#drain();
      },
      onClose: (error) => this.#fail({ kind: 'unreachable', code: error ?? 'closed' }),
    });
    options.signal?.addEventListener('abort', this.#onAbort);
    this.#arm();
  }

  /** Dials and completes the handshake; the connection is then anonymous until a register, login or resume succeeds. */
  static open(options: ServerConnectionOptions): Promise<Result<ServerConnection, LinkFailure>> {
    return new Promise((resolve) => {
      new ServerConnection(options, resolve);
    });
  }

  get serverKey(): Uint8Array | undefined {
    return this.#serverKey;
  }

  /** IP address and port that the connection goes to. */
  get remote(): TcpStream['remote'] {
    return this.#stream.remote;
  }

  get open(): boolean {
    return this.#state === 'anonymous' || this.#state === 'authenticated';
  }

  /** Smoothed only by replacement: the last ping's round trip, milliseconds. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** Bytes that wait for the server, those of this turn included. */
  get queuedBytes(): number {
    return this.#link.pendingBytes + this.#stream.queuedBytes;
  }

  /** Sends a frame that has no answer. Silently nothing once closed. */
  send(frame: Frame): void {
    if (!this.open) return;
    this.#link.sendFrame(encodeFrame(frame), this.#options.clock.now());
    this.#flushSoon();
  }

  /** Sends a request; the result is its one answer, the last one for a paged answer. */
  async request(request: Request): Promise<Result<Answer, RequestError>> {
    const answers = await this.requestAll(request);
    return answers.ok ? ok(answers.value[answers.value.length - 1]!) : answers;
  }

  /** As `request`, with every frame of a paged answer. */
  requestAll(request: Request): Promise<Result<readonly Answer[], RequestError>> {
    if (!this.open) return Promise.resolve(err({ kind: 'lost' }));
    if (this.#pending.size >= REQUESTS_PENDING_MAX) return Promise.resolve(err({ kind: 'too-many' }));
    const requestId = this.#nextRequestId++ as RequestId;
    return new Promise((resolve) => {
      const deadline = after(this.#options.clock.now(), REQUEST_MS_MAX);
      this.#pending.set(requestId, { answers: [], deadline, resolve });
      this.send({ ...request, requestId } as Frame);
      this.#arm();
    });
  }

  /** Ends in order: the server is told why, then the stream ends. */
  close(code: RefusalCode): void {
    if (this.#state === 'closed') return;
    this.#link.close(code, '', 0, this.#options.clock.now());
    this.#write();
    this.#stream.end();
    this.#finish({ kind: 'closed', code, retryAfterMs: 0 });
  }

  /** Ends at once, without a word. */
  destroy(): void {
    this.#fail({ kind: 'unreachable', code: 'destroyed' });
  }

  #flushSoon(): void {
    if (this.#draining) return;
    this.#draining = true;
    // Frames sent in one turn share records: the AEAD and the system call are paid once.
    queueMicrotask(() => {
      this.#draining = false;
      this.#write();
      this.#arm();
    });
  }

  #write(): void {
    for (let out = this.#link.pollOutput(); out; out = this.#link.pollOutput()) this.#stream.write(out);
  }

  #drain(): void {
    if (this.#state === 'closed') return;
    this.#write();
    for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
      switch (event.type) {
        case 'server-key':
          if (!this.#options.trustFirst) return this.#fail({ kind: 'key-unknown', pin: event.pin });
          this.#link.acceptServerKey(this.#options.clock.now());
          break;
        case 'established':
          this.#state = 'anonymous';
          this.#serverKey = event.remoteStatic;
          this.#link.setFrameBytesMax(FRAME_BYTES_MAX);
          this.#opened?.(ok(this));
          this.#opened = undefined;
          break;
        case 'frame':
          this.#handleFrame(event.bytes);
          break;
        case 'failed':
          return this.#fail(
            event.code === 'wrong-pin'
              ? { kind: 'wrong-pin' }
              : event.code === 'timeout'
                ? { kind: 'unreachable', code: 'timeout' }
                : { kind: 'bad-handshake' },
          );
      }
      if (this.#isClosed()) return;
    }
    this.#write();
    this.#arm();
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #handleFrame(bytes: Uint8Array): void {
    const state = this.#state === 'authenticated' ? 'authenticated' : 'anonymous';
    const decoded = decodeFrame(bytes, 'server', state);
    if (!decoded.ok) {
      this.#options.log.warn({ error: decoded.error.kind }, 'bad frame from server');
      return this.#fail({ kind: 'unreachable', code: 'bad-frame' });
    }
    const frame = decoded.value;
    if (!frame) return;
    switch (frame.type) {
      case 'ping':
        return this.send({ type: 'pong', token: frame.token });
      case 'pong':
        if (this.#pingSentAt !== undefined) this.#rttMs = this.#options.clock.now() - this.#pingSentAt;
        this.#pingSentAt = undefined;
        return;
      case 'close':
        this.#stream.end();
        return this.#finish({ kind: 'closed', code: frame.code, retryAfterMs: frame.retryAfterMs });
      default:
        if (frame.type === 'welcome') this.#state = 'authenticated';
        if ('requestId' in frame && frame.requestId !== 0) return this.#answer(frame);
        return this.#options.onFrame(frame);
    }
  }

  #answer(frame: Answer): void {
    const pending = this.#pending.get(frame.requestId);
    if (!pending) return;
    if ((frame.type === 'roster' || frame.type === 'device-chain') && !frame.last) {
      pending.answers.push(frame);
      if (pending.answers.length > ANSWER_FRAMES_MAX) this.#fail({ kind: 'unreachable', code: 'endless-answer' });
      return;
    }
    this.#pending.delete(frame.requestId);
    if (frame.type === 'refused') {
      pending.resolve(err({ kind: 'refused', code: frame.code, retryAfterMs: frame.retryAfterMs }));
    } else {
      pending.resolve(ok([...pending.answers, frame]));
    }
  }

  #nextDeadline(): Instant | undefined {
    if (this.#state === 'closed') return undefined;
    let at = earliest(this.#link.pollTimeout()?.at, this.#state === 'connecting' ? this.#connectDeadline : undefined);
    if (this.open) {
      at = earliest(at, after(this.#lastReceivedAt, this.#pingSentAt === undefined ? PING_AFTER_MS : DEAD_AFTER_MS));
    }
    for (const pending of this.#pending.values()) return earliest(at, pending.deadline);
    return at;
  }

  #arm(): void {
    const at = this.#nextDeadline();
    if (at === this.#timerAt && this.#timer) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = at === undefined ? undefined : this.#options.clock.setTimer(at, () => this.#handleTimer());
  }

  #handleTimer(): void {
    this.#timer = undefined;
    if (this.#state === 'closed') return;
    const now = this.#options.clock.now();
    if (this.#state === 'connecting' && now >= this.#connectDeadline) {
      return this.#fail({ kind: 'unreachable', code: 'timeout' });
    }
    if (this.open && now >= this.#lastReceivedAt + DEAD_AFTER_MS) {
      return this.#fail({ kind: 'unreachable', code: 'timeout' });
    }
    if (this.open && this.#pingSentAt === undefined && now >= this.#lastReceivedAt + PING_AFTER_MS) this.ping();
    for (const [id, pending] of this.#pending) {
      if (pending.deadline > now) break;
      this.#pending.delete(id);
      pending.resolve(err({ kind: 'timed-out' }));
    }
    this.#link.handleTimeout(now);
    this.#drain();
  }

  /** Asks for a round trip; `rttMs` holds the answer. */
  ping(): void {
    this.#pingSentAt = this.#options.clock.now();
    this.send({ type: 'ping', token: this.#nextRequestId & 0xffff });
  }

  #fail(failure: LinkFailure): void {
    if (this.#state === 'closed') return;
    this.#stream.destroy();
    this.#finish(failure);
  }

  #finish(failure: LinkFailure): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#timer?.cancel();
    for (const pending of this.#pending.values()) {
      pending.resolve(
        failure.kind === 'closed'
          ? err({ kind: 'refused', code: failure.code, retryAfterMs: failure.retryAfterMs })
          : err({ kind: 'lost' }),
      );
    }
    this.#pending.clear();
    if (this.#opened) {
      const opened = this.#opened;
      this.#opened = undefined;
      opened(err(failure));
    } else {
      this.#options.onClosed(failure);
    }
  }
}
