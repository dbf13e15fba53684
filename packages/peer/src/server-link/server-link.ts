import type { KeyPair } from '@magpie/common/channel/keys.ts';
import { type Pin, pinOf } from '@magpie/common/channel/pin.ts';
import type { Frame, FrameOf } from '@magpie/common/frames/frame.ts';
import { parseAccountName } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { TcpConnector } from '@magpie/common/net.ts';
import { type RandomSource, randomUnit } from '@magpie/common/random.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, type Instant, type Timer, type WallMs } from '@magpie/common/time.ts';
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  EARLY_FRAMES_MAX,
  LOCKED_RETRY_MS,
  RELAY_QUEUED_BYTES_MAX,
  SETTLED_AFTER_MS,
} from './limits.ts';
import { asking, LoginDialog, type LoginError, type LoginScript, UNEXPECTED, type Welcome } from './login-dialog.ts';
import {
  type Answer,
  type LinkFailure,
  type Request,
  type RequestError,
  ServerConnection,
} from './server-connection.ts';

export type { LoginError, Welcome } from './login-dialog.ts';

export interface ServerTarget {
  readonly host: string;
  readonly port: number;
  readonly serverKey: Uint8Array | undefined;
  readonly pin: Pin | undefined;
  readonly trustFirst: boolean;
}

/** What the owner is told; calls never come inside a call of the owner's. */
export interface ServerLinkHandlers {
  /** Logged in. Frames follow only after this. */
  onUp(welcome: Welcome, at: ServerTarget & { readonly serverKey: Uint8Array }): void;
  /** @param retryAt when the next try begins; undefined: it will not try by itself (replaced, signed out, key changed) */
  onDown(error: string, retryAt: WallMs | undefined): void;
  onFrame(frame: Frame): void;
}

export interface ServerLinkOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly tcp: TcpConnector;
  readonly log: Log;
  readonly staticKey: KeyPair;
  readonly handlers: ServerLinkHandlers;
  /** Whether a login that begins now is to begin invisible (R23); absent: never. */
  readonly unseen?: () => boolean;
}

export interface LoggedIn {
  readonly welcome: Welcome;
  readonly serverKey: Uint8Array;
}

/** Close codes after which reconnecting by itself would be wrong: somebody has to act. */
const FINAL_CLOSES: ReadonlySet<RefusalCode> = new Set([
  'replaced',
  'revoked',
  'unknown-device',
  'password-changed',
  'account-deleted',
  'unsupported-version',
]);

/**
 * The peer's standing link to its server: one connection at a time, logged in by the device key, with jittered
 * exponential backoff between tries. Newest connection wins on the server, so it never opens a second one (R21).
 */
export class ServerLink {
  readonly #options: ServerLinkOptions;
  #target: ServerTarget | undefined;
  #connection: ServerConnection | undefined;
  #attempt = 0;
  #upSince: Instant | undefined;
  #retry: Timer | undefined;
  /** Aborted once another target, a login or a close takes over: it ends the try or the connection of before. */
  #era = new AbortController();

  constructor(options: ServerLinkOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#connection?.open ?? false;
  }

  get rttMs(): number | undefined {
    return this.#connection?.rttMs;
  }

  /** Where the connection goes, as an IP address; for the reflector on the same host. */
  get remoteAddress(): string | undefined {
    return this.#connection?.remote.address;
  }

  /** Keeps a connection up from now on, resuming by device key. */
  keepUp(target: ServerTarget): void {
    this.#beginEra();
    this.#target = target;
    this.#attempt = 0;
    void this.#resume(this.#era.signal);
  }

  /**
   * One try that somebody asked for. On success the connection is kept up from then on.
   * @returns the server's welcome and the server key to remember
   */
  async login<E = never>(target: ServerTarget, script: LoginScript<E>): Promise<Result<LoggedIn, LoginError | E>> {
    this.#beginEra();
    return this.#connectAndLogin(target, script, this.#era.signal);
  }

  /** Says goodbye and stays down. */
  async close(): Promise<void> {
    this.#beginEra();
    this.#target = undefined;
  }

  /** The owner cannot use this connection now: it ends, and the next try follows as if this one had failed. */
  giveUp(code: string): void {
    if (!this.#connection) return;
    this.#beginEra();
    this.#upSince = undefined;
    this.#handleDown({ kind: 'link', failure: { kind: 'unreachable', code } }, this.#era.signal);
  }

  send(frame: Frame): void {
    this.#connection?.send(frame);
  }

  /** @returns false when the packet was dropped: no link, or too much waits already */
  sendRelay(frame: FrameOf<'relay'>): boolean {
    const connection = this.#connection;
    if (!connection?.open || connection.queuedBytes > RELAY_QUEUED_BYTES_MAX) return false;
    connection.send(frame);
    return true;
  }

  request(request: Request): Promise<Result<Answer, RequestError>> {
    return this.#connection?.request(request) ?? Promise.resolve(err({ kind: 'lost' }));
  }

  requestAll(request: Request): Promise<Result<readonly Answer[], RequestError>> {
    return this.#connection?.requestAll(request) ?? Promise.resolve(err({ kind: 'lost' }));
  }

  /** Whatever is up or under way ends, with a goodbye. */
  #beginEra(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#connection = undefined;
    // A try that went on would log in all the same, show us to friends, and evict the connection that follows.
    this.#era.abort();
    this.#era = new AbortController();
  }

  async #resume(era: AbortSignal): Promise<void> {
    const target = this.#target;
    if (!target || era.aborted) return;
    const result = await this.#connectAndLogin(target, asking({ type: 'resume' }), era);
    if (!era.aborted && !result.ok) this.#handleDown(result.error, era);
  }

  async #connectAndLogin<E>(
    target: ServerTarget,
    script: LoginScript<E>,
    era: AbortSignal,
  ): Promise<Result<LoggedIn, LoginError | E>> {
    const early: Frame[] = [];
    const dialog = new LoginDialog(this.#options.clock);
    let announced = false;
    let lost: LinkFailure | undefined;
    const opened = await ServerConnection.open({
      clock: this.#options.clock,
      random: this.#options.random,
      tcp: this.#options.tcp,
      log: this.#options.log,
      target,
      staticKey: this.#options.staticKey,
      serverKey: target.serverKey,
      pin: target.pin,
      trustFirst: target.trustFirst,
      unseen: this.#options.unseen?.() ?? false,
      signal: era,
      onFrame: (frame) => {
        if (announced) this.#options.handlers.onFrame(frame);
        else if (frame.type === 'approved') dialog.handleApproved(frame.sealedSeed);
        else if (early.length < EARLY_FRAMES_MAX) early.push(frame);
      },
      onClosed: (failure) => {
        lost = failure;
        dialog.handleClosed();
        if (era.aborted || !announced) return;
        this.#connection = undefined;
        this.#handleDown({ kind: 'link', failure }, era);
      },
    });
    if (!opened.ok) return err(await this.#explain(target, opened.error, era));
    const connection = opened.value;
    dialog.handleOpen(connection);
    const result = await this.#run(script, dialog);
    if (era.aborted) return err({ kind: 'request', error: { kind: 'lost' } });
    if (!result.ok) {
      connection.close('shutting-down');
      return result;
    }
    // The welcome may have come in one piece with the end of the connection.
    if (lost) return err({ kind: 'link', failure: lost });
    const serverKey = dialog.serverKey;
    this.#connection = connection;
    this.#target = { ...target, serverKey };
    this.#upSince = this.#options.clock.now();
    announced = true;
    connection.ping();
    this.#options.handlers.onUp(result.value, { ...target, serverKey });
    for (const frame of early) this.#options.handlers.onFrame(frame);
    return ok({ welcome: result.value, serverKey });
  }

  /** Whatever a server may say that the script was not made for ends this try, never the link. */
  async #run<E>(script: LoginScript<E>, dialog: LoginDialog): Promise<Result<Welcome, LoginError | E>> {
    try {
      const result = await script(dialog);
      // ID7: it is shown, typed and compared as it stands.
      return result.ok && parseAccountName(result.value.name) !== result.value.name ? err(UNEXPECTED) : result;
    } catch (cause) {
      this.#options.log.error({ cause: cause instanceof Error ? cause.name : 'unknown' }, 'a login failed');
      return err(UNEXPECTED);
    }
  }

  /** A failed IK handshake may mean that the server's key changed: a look at the key it shows now tells. */
  async #explain(target: ServerTarget, failure: LinkFailure, era: AbortSignal): Promise<LoginError> {
    if (era.aborted) return { kind: 'request', error: { kind: 'lost' } };
    const suspicious =
      failure.kind === 'bad-handshake' ||
      (failure.kind === 'unreachable' && ['closed', 'ECONNRESET'].includes(failure.code));
    if (!target.serverKey || !suspicious) return { kind: 'link', failure };
    const look = await ServerConnection.open({
      clock: this.#options.clock,
      random: this.#options.random,
      tcp: this.#options.tcp,
      log: this.#options.log,
      target,
      staticKey: this.#options.staticKey,
      serverKey: undefined,
      pin: undefined,
      trustFirst: false,
      signal: era,
      onFrame: () => {},
      onClosed: () => {},
    });
    if (look.ok || look.error.kind !== 'key-unknown') return { kind: 'link', failure };
    if (look.error.pin === pinOf(target.serverKey)) return { kind: 'link', failure };
    return { kind: 'server-key-changed', pin: look.error.pin };
  }

  #handleDown(error: LoginError, era: AbortSignal): void {
    const closed = error.kind === 'link' && error.failure.kind === 'closed' ? error.failure : undefined;
    const refused = error.kind === 'request' && error.error.kind === 'refused' ? error.error : closed;
    const final = error.kind === 'server-key-changed' || (refused && FINAL_CLOSES.has(refused.code));
    if (final) {
      this.#target = undefined;
      this.#options.handlers.onDown(loginErrorCode(error), undefined);
      return;
    }
    // Only a connection that held ends the backoff: a server that welcomes and closes at once is not dialled without end.
    const { clock } = this.#options;
    if (this.#upSince !== undefined && clock.now() - this.#upSince >= SETTLED_AFTER_MS) this.#attempt = 0;
    this.#upSince = undefined;
    const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(this.#attempt++, 10));
    const jittered = backoffMs * (0.5 + randomUnit(this.#options.random) / 2);
    const asked = Math.min(Math.max(jittered, refused?.retryAfterMs ?? 0), 10 * BACKOFF_MS_MAX);
    // The key works again after an unlock, of which nobody will tell: a slow knock finds out.
    const locked = refused?.code === 'account-locked';
    const waitMs = locked ? LOCKED_RETRY_MS * (1 + randomUnit(this.#options.random)) : asked;
    this.#retry?.cancel();
    this.#retry = clock.setTimer(after(clock.now(), waitMs), () => void this.#resume(era));
    this.#options.handlers.onDown(loginErrorCode(error), (clock.wallNow() + waitMs) as WallMs);
  }
}

/** One short code for status and logs. */
export function loginErrorCode(error: LoginError): string {
  switch (error.kind) {
    case 'server-key-changed':
      return 'server-key-changed';
    case 'request':
      return error.error.kind === 'refused' ? error.error.code : error.error.kind;
    case 'link':
      return error.failure.kind === 'closed' || error.failure.kind === 'unreachable'
        ? error.failure.code
        : error.failure.kind;
  }
}
