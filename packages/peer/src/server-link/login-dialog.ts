import type { Pin } from '@magpie/common/channel/pin.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { Answer, LinkFailure, Request, RequestError, ServerConnection } from './server-connection.ts';

export type Welcome = FrameOf<'welcome'>;

export type LoginError =
  | { readonly kind: 'link'; readonly failure: LinkFailure }
  | { readonly kind: 'request'; readonly error: RequestError }
  /** The pinned server now shows another key (R10). */
  | { readonly kind: 'server-key-changed'; readonly pin: Pin };

/**
 * What leads from a fresh connection to a welcome: one request, or several with decisions between them (R7). `E` is why
 * the script itself saw no way on.
 */
export type LoginScript<E = never> = (dialog: LoginDialog) => Promise<Result<Welcome, LoginError | E>>;

/** The script of a login that is one request. */
export function asking(request: Extract<Request, { readonly type: 'register' | 'login' | 'resume' }>): LoginScript {
  return async (dialog) => {
    const answer = await dialog.request(request);
    if (!answer.ok) return answer;
    return answer.value.type === 'welcome' ? ok(answer.value) : err(UNEXPECTED);
  };
}

/** An answer of a type that answers no such request: as good as none. */
export const UNEXPECTED: LoginError = { kind: 'request', error: { kind: 'lost' } };

/** One connection before its welcome, as the script of a login sees it. */
export class LoginDialog {
  readonly #clock: Clock;
  #connection: ServerConnection | undefined;
  #approved: Uint8Array | undefined;
  #waiting: ((result: Result<Uint8Array, 'lost' | 'timed-out'>) => void) | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The key that the server has proved in this connection's handshake. */
  get serverKey(): Uint8Array {
    return this.#connection?.serverKey ?? new Uint8Array(32);
  }

  async request(request: Request): Promise<Result<Answer, LoginError>> {
    const answer = (await this.#connection?.request(request)) ?? err({ kind: 'lost' } as const);
    return answer.ok ? answer : err({ kind: 'request', error: answer.error });
  }

  /** The seed that an old device has sealed for this one. One at a time. */
  approved(atMostMs: number): Promise<Result<Uint8Array, 'lost' | 'timed-out'>> {
    if (this.#approved) return Promise.resolve(ok(this.#approved));
    if (this.#closed) return Promise.resolve(err('lost'));
    return new Promise((resolve) => {
      const timer: Timer = this.#clock.setTimer(after(this.#clock.now(), atMostMs), () =>
        this.#settle(err('timed-out')),
      );
      this.#waiting = (result) => {
        timer.cancel();
        resolve(result);
      };
    });
  }

  handleOpen(connection: ServerConnection): void {
    this.#connection = connection;
  }

  handleApproved(sealedSeed: Uint8Array): void {
    this.#approved = sealedSeed;
    this.#settle(ok(sealedSeed));
  }

  handleClosed(): void {
    this.#closed = true;
    this.#settle(err('lost'));
  }

  #settle(result: Result<Uint8Array, 'lost' | 'timed-out'>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(result);
  }
}
