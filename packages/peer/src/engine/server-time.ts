import type { Clock, Instant, WallMs } from '@magpie/common/time.ts';

/**
 * Wall time for message stamps: the server's, counted on from the last login by our monotonic clock, so that a wrong
 * or stepped clock of this machine orders nothing (R16). Before any login, our own.
 */
export class ServerTime {
  readonly #clock: Clock;
  #known: { readonly wallMs: number; readonly at: Instant } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  learn(serverWallMs: number): void {
    this.#known = { wallMs: serverWallMs, at: this.#clock.now() };
  }

  wallNow(): WallMs {
    if (!this.#known) return this.#clock.wallNow();
    return Math.floor(this.#known.wallMs + (this.#clock.now() - this.#known.at)) as WallMs;
  }
}
