import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { HandshakeStamps } from './handshake-stamps.ts';
import { STAMP_BLOCK_MS } from './limits.ts';

export interface StampRenewalOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stamps: HandshakeStamps;
}

/** Reserves handshake stamps in the store ahead of use (R5), from the first login of the profile until the end. */
export class StampRenewal {
  readonly #options: StampRenewalOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: StampRenewalOptions) {
    this.#options = options;
  }

  /** @param reserved as in the profile; a second call changes nothing */
  async start(reserved: number): Promise<void> {
    if (this.#timer) return;
    this.#options.stamps.start(reserved);
    await this.#renew();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    const { clock, log, stamps } = this.#options;
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(after(clock.now(), STAMP_BLOCK_MS / 3), () => void this.#renew());
    await stamps.renew().catch((cause: { readonly code?: string }) => {
      log.error({ code: cause.code ?? 'unknown' }, 'handshake stamps could not be reserved');
    });
  }
}
