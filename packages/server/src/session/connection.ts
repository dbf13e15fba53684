import { LINK_FEATURE_UNSEEN } from '@magpie/common/channel/link-hello.ts';
import { type LinkEvent, type LinkFailureCode, SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import {
  APPROVAL_MS_MAX,
  DEAD_AFTER_MS,
  FRAME_BYTES_MAX,
  FRAMES_MAX_BEFORE_LOGIN,
  LOGIN_MS_MAX,
  PING_AFTER_MS,
  RECORDS_MAX_BEFORE_LOGIN,
} from '@magpie/common/limits.ts';
import type { Endpoint, TcpHandlers, TcpStream } from '@magpie/common/net.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { after, earliest, type Instant, type Timer } from '@magpie/common/time.ts';
import type { ProvedLogin } from '../accounts/proved-logins.ts';
import type { ClientWire, LiveSession } from '../bus/directory.ts';
import { CLOSE_LINGER_MS } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import { RELAY_CODE } from '../relay/relay.ts';
import type { Anonymous, ConnectionContext } from './connection-context.ts';
import { NOT_ON_WHEEL, type Waiting } from './deadline-wheel.ts';
import { ReadBudgets } from './read-budgets.ts';
import { isLoginRequest, isSessionRequest, type LoginRequest, type SessionRequest } from './requests.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * handshaking → anonymous → authenticating → authenticated; from each of them to closing, then closed. A login that was
 * refused goes back to anonymous; one of a device that its account does not list yet stays anonymous with what it has
 * `proved`. `closing`: the close frame is on its way, nothing is read any more.
 */
type ConnectionState =
  | { readonly name: 'handshaking' }
  | ({ readonly name: 'anonymous' } & Anonymous)
  | ({ readonly name: 'authenticating' } & Anonymous)
  | { readonly name: 'authenticated'; readonly session: LiveSession }
  | { readonly name: 'closing'; readonly until: Instant }
  | { readonly name: 'closed' };

/** Why a connection ended, for presence: an orderly goodbye is offline at once, anything else has its grace (R22). */
export type Ending = 'goodbye' | 'lost';

/**
 * One client: the encrypted link, the order of its requests, its budgets and its end. Knows frames, not what they mean:
 * requests go to the context's dispatcher, relay frames to the relay.
 */
export class Connection implements ClientWire, TcpHandlers, Waiting {
  readonly remote: Endpoint;
  readonly source: string;
  wheelTick = NOT_ON_WHEEL;
  readonly #context: ConnectionContext;
  readonly #stream: TcpStream;
  readonly #link: SecureLink;
  readonly #writes: WriteQueue;
  readonly #budgets: ReadBudgets;
  #loginUntil: Instant;
  #approvalAsked = false;
  #state: ConnectionState = { name: 'handshaking' };
  #requests: SessionRequest[] = [];
  #serving = false;
  #unpauseTimer: Timer | undefined;
  #paused = false;
  #heardAt: Instant;
  #pinged = false;
  #flushDue = false;
  #recordsCharged = 0;
  #framesBeforeLogin = 0;

  /** @param source what its budgets are counted by */
  constructor(context: ConnectionContext, stream: TcpStream, source: string) {
    const now = context.clock.now();
    this.#context = context;
    this.#stream = stream;
    this.remote = stream.remote;
    this.source = source;
    this.#link = SecureLink.responder({ staticKey: context.staticKey, random: context.random, features: 0, now });
    this.#writes = new WriteQueue(this.#link, stream, now);
    this.#budgets = new ReadBudgets(context.limits);
    this.#loginUntil = after(now, LOGIN_MS_MAX);
    this.#heardAt = now;
  }

  get open(): boolean {
    return this.#state.name !== 'closing' && this.#state.name !== 'closed';
  }

  get session(): LiveSession | undefined {
    return this.#state.name === 'authenticated' ? this.#state.session : undefined;
  }

  get queuedBytes(): number {
    return this.#writes.queuedBytes;
  }

  get drainCount(): number {
    return this.#writes.drainCount;
  }

  // — what the stream tells —

  onBytes(bytes: Uint8Array): void {
    if (!this.open) return;
    const now = this.#context.clock.now();
    // Only the handshake makes output of its own; frames ask for their flush when they are sent.
    if (this.#state.name === 'handshaking') this.#flushLater();
    this.#link.handleBytes(bytes, now);
    this.#handleEvents(now);
    this.#context.wheel.place(this);
  }

  onDrain(): void {
    const empty = this.#writes.handleDrain(this.#context.clock.now());
    if (empty && this.#state.name === 'authenticated') this.#context.drained(this.#state.session);
  }

  onClose(): void {
    if (this.#state.name === 'closed') return;
    this.#leave('lost', { name: 'closed' });
    this.#context.gone(this);
  }

  // — what services ask —

  whenTaken(): Promise<void> {
    return this.#writes.whenTaken();
  }

  send(frame: Uint8Array): void {
    if (!this.open) return;
    this.#link.sendFrame(frame, this.#context.clock.now());
    this.#flushLater();
  }

  sendFrame(frame: Frame): void {
    this.send(encodeFrame(frame));
  }

  refuse(requestId: RequestId, { code, detail, retryAfterMs }: Refusal): void {
    this.sendFrame({ type: 'refused', requestId, code, detail, retryAfterMs });
  }

  close(code: RefusalCode, reason: string, retryAfterMs = 0): void {
    this.#end('lost', () => this.#link.close(code, reason, retryAfterMs, this.#context.clock.now()));
  }

  /** Ends after what was sent, without a close frame: the client asked for it. */
  goodbye(): void {
    this.#end('goodbye', () => {});
  }

  /** Ends the socket at once, without a word. */
  cut(): void {
    this.#stream.destroy();
  }

  /** The login was right as far as it goes; called before its answer is sent. */
  prove(proved: ProvedLogin): void {
    const state = this.#state;
    if (state.name !== 'authenticating') return proved.release();
    state.proved?.release();
    this.#state = { name: 'anonymous', exchangeKey: state.exchangeKey, unseen: state.unseen, proved };
    this.#context.proved(this);
  }

  /** Somebody at another device is asked, and people need time: once a connection, so that it does not stay for ever. */
  waitForApproval(): void {
    if (this.#approvalAsked) return;
    this.#approvalAsked = true;
    this.#loginUntil = after(this.#context.clock.now(), APPROVAL_MS_MAX);
  }

  /** A login was accepted and entered; called before anything else is sent in its name. */
  authenticated(session: LiveSession): void {
    if (this.#state.name === 'authenticating') this.#state.proved?.release();
    this.#state = { name: 'authenticated', session };
    this.#link.setFrameBytesMax(FRAME_BYTES_MAX);
    this.#context.loggedIn(this);
  }

  /** Sends what has gathered. Called at the end of the turn of the event loop. */
  flush(): void {
    this.#flushDue = false;
    this.#writes.flush(this.#context.clock.now());
    if (this.open && this.#writes.queuedBytes > this.#context.limits.writeQueueBytesMax) {
      this.close('slow-reader', 'write queue full');
    }
  }

  // — deadlines —

  pollTimeout(): Instant | undefined {
    const link = this.#link.pollTimeout()?.at;
    switch (this.#state.name) {
      case 'handshaking':
        return link;
      case 'anonymous':
      case 'authenticating':
        return earliest(link, this.#loginUntil);
      case 'authenticated': {
        const silence = after(this.#heardAt, this.#pinged ? DEAD_AFTER_MS : PING_AFTER_MS);
        const since = this.#writes.stalledSince;
        const stalled = since === undefined ? undefined : after(since, this.#context.limits.writeStalledMsMax);
        return earliest(earliest(link, stalled), silence);
      }
      case 'closing':
        return this.#state.until;
      case 'closed':
        return undefined;
    }
  }

  handleTimeout(now: Instant): void {
    if (this.#state.name === 'closing') return this.#stream.destroy();
    // While we do not read, what is incomplete is so by our doing.
    if (!this.#paused) this.#link.handleTimeout(now);
    this.#handleEvents(now);
    this.#flushLater();
    if (this.#state.name === 'authenticated') this.#watchClient(now);
    else if (this.open && now >= this.#loginUntil) this.close('idle-timeout', 'no login');
  }

  #watchClient(now: Instant): void {
    if (this.#writes.stalledMs(now) >= this.#context.limits.writeStalledMsMax) {
      return this.close('slow-reader', 'write queue stalled');
    }
    // A silence that we make ourselves by not reading says nothing about the client.
    if (this.#paused) this.#heardAt = now;
    const silentMs = now - this.#heardAt;
    if (silentMs >= DEAD_AFTER_MS) return this.close('idle-timeout', 'no sign of life');
    if (silentMs >= PING_AFTER_MS && !this.#pinged) {
      this.#pinged = true;
      this.sendFrame({ type: 'ping', token: 0 });
    }
  }

  // — frames —

  #handleEvents(now: Instant): void {
    while (!this.#paused && this.open) {
      const event = this.#link.pollEvent();
      this.#chargeRecords(now);
      if (!event || !this.open) return;
      this.#handleEvent(event, now);
    }
  }

  #chargeRecords(now: Instant): void {
    const count = this.#link.recordsReceived - this.#recordsCharged;
    if (count === 0) return;
    this.#recordsCharged += count;
    if (this.#state.name !== 'authenticated' && this.#recordsCharged > RECORDS_MAX_BEFORE_LOGIN) {
      return this.close('too-many', 'records before login');
    }
    this.#pauseFor(this.#budgets.spendRecords(count, now), now);
  }

  #handleEvent(event: LinkEvent, now: Instant): void {
    switch (event.type) {
      case 'established':
        this.#state = {
          name: 'anonymous',
          exchangeKey: event.remoteStatic,
          unseen: (event.remoteFeatures & LINK_FEATURE_UNSEEN) !== 0,
          proved: undefined,
        };
        return;
      case 'frame':
        this.#heardAt = now;
        this.#pinged = false;
        this.#pauseFor(this.#budgets.spend(event.bytes, now), now);
        this.#handleFrame(event.bytes, now);
        return;
      case 'failed':
        this.#context.log.debug({ code: event.code }, 'link failed');
        this.#end('lost', () => {}, event.code);
        return;
      case 'server-key':
        return;
    }
  }

  #handleFrame(bytes: Uint8Array, now: Instant): void {
    const state = this.#state;
    if (state.name === 'authenticated' && bytes[0] === RELAY_CODE) {
      if (!this.#context.relay.forward(state.session, bytes, now)) this.close('malformed', 'relay frame');
      return;
    }
    if (state.name !== 'authenticated' && ++this.#framesBeforeLogin > FRAMES_MAX_BEFORE_LOGIN) {
      return this.close('too-many', 'frames before login');
    }
    const decoded = decodeFrame(bytes, 'client', state.name === 'authenticated' ? 'authenticated' : 'anonymous');
    if (!decoded.ok) return this.close(decoded.error.kind, decoded.error.kind);
    const frame = decoded.value;
    if (!frame) return;
    switch (frame.type) {
      case 'pong':
        return;
      case 'ping':
        return this.sendFrame({ type: 'pong', token: frame.token });
      case 'close':
        return this.goodbye();
      default:
        if (isLoginRequest(frame)) return this.#handleLogin(frame);
        if (isSessionRequest(frame)) return this.#handleRequest(frame);
        return this.close('out-of-state', frame.type);
    }
  }

  /** One login at a time: a second one before the answer is out of state. */
  #handleLogin(frame: LoginRequest): void {
    if (this.#state.name !== 'anonymous') return this.close('out-of-state', frame.type);
    const { exchangeKey, unseen, proved } = this.#state;
    this.#state = { name: 'authenticating', exchangeKey, unseen, proved };
    void this.#logIn(frame, { exchangeKey, unseen, proved });
  }

  async #logIn(frame: LoginRequest, client: Anonymous): Promise<void> {
    const refused = await this.#context.dispatcher.logIn(this, client, frame);
    if (this.#state.name !== 'authenticating') return;
    this.#state = { ...this.#state, name: 'anonymous' };
    if (refused) this.refuse(frame.requestId, refused);
  }

  /** Requests run one after the other, so that their order is the client's; pings and relay frames overtake them. */
  #handleRequest(frame: SessionRequest): void {
    this.#requests.push(frame);
    if (this.#requests.length >= this.#context.limits.requestsPendingMax) this.#pause();
    if (!this.#serving) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    while (this.#state.name === 'authenticated') {
      const frame = this.#requests.shift();
      if (!frame) break;
      const refused = await this.#context.dispatcher.serve(this, this.#state.session, frame);
      if (refused) this.refuse(frame.requestId, refused);
      this.#unpause();
    }
    this.#serving = false;
  }

  // — reading —

  #pauseFor(waitMs: number, now: Instant): void {
    if (waitMs <= 0 || this.#unpauseTimer) return;
    this.#pause();
    this.#unpauseTimer = this.#context.clock.setTimer(after(now, waitMs), () => {
      this.#unpauseTimer = undefined;
      this.#unpause();
    });
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#stream.pauseReading();
  }

  /** Goes on with what was received, and reads on when that does not stop it again. */
  #unpause(): void {
    if (!this.#paused || this.#unpauseTimer || !this.open) return;
    if (this.#requests.length >= this.#context.limits.requestsPendingMax) return;
    const now = this.#context.clock.now();
    this.#paused = false;
    this.#heardAt = now;
    this.#link.handleResume(now);
    this.#handleEvents(now);
    if (!this.#paused && this.open) this.#stream.resumeReading();
  }

  // — writing and ending —

  #flushLater(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#context.flushLater(this);
  }

  #end(ending: Ending, farewell: () => void, failure?: LinkFailureCode): void {
    if (!this.open) return;
    farewell();
    this.#leave(ending, { name: 'closing', until: after(this.#context.clock.now(), CLOSE_LINGER_MS) });
    this.#writes.flushAll(this.#context.clock.now());
    // Before its handshake a connection is owed nothing, not even an orderly end.
    if (failure === 'bad-handshake' || failure === 'unsupported-version') this.#stream.destroy();
    else this.#stream.end();
    this.#context.wheel.place(this);
  }

  #leave(ending: Ending, next: ConnectionState): void {
    const session = this.session;
    const state = this.#state;
    if (state.name === 'anonymous' || state.name === 'authenticating') state.proved?.release();
    this.#unpauseTimer?.cancel();
    this.#unpauseTimer = undefined;
    this.#requests = [];
    this.#state = next;
    this.#writes.release();
    // What still comes is thrown away, but read: unread bytes would turn the end into a reset.
    if (this.#paused && next.name === 'closing') this.#stream.resumeReading();
    this.#context.left(this, session, ending);
  }
}
