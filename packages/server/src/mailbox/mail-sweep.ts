import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import { MAIL_SWEEP_BATCH, MAIL_SWEEP_FIRST_MS, MAIL_SWEEP_MS } from '../limits.ts';
import type { Store } from '../store/store.ts';

export interface MailSweepPorts {
  readonly store: Pick<Store, 'expireMail'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes room of mails whose time is over. Until then nobody is sent them any more, but they count. */
export class MailSweep {
  readonly #ports: MailSweepPorts;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: MailSweepPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#sweepIn(MAIL_SWEEP_FIRST_MS);
  }

  /** Twice is safe; a call that is under way ends by itself. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sweepIn(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#ports;
    this.#timer = clock.setTimer(after(clock.now(), ms), () => void this.#sweep());
  }

  /** Never rejects: what a failing store leaves, the next sweep takes. */
  async #sweep(): Promise<void> {
    const { store, clock, log } = this.#ports;
    let expired = 0;
    try {
      for (let count = 1; count > 0 && !this.#stopped; expired += count) {
        count = await store.expireMail(clock.wallNow(), MAIL_SWEEP_BATCH);
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'expired mails not swept');
    }
    if (expired > 0) log.info({ expired }, 'mails expired');
    this.#sweepIn(MAIL_SWEEP_MS);
  }
}
