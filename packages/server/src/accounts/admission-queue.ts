import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';

export interface AdmissionLimits {
  /** Jobs that run at the same time. */
  readonly runningMax: number;
  /** Jobs that wait, of each kind; one more is turned away at once. */
  readonly waitingMax: number;
  /** A job that has not started after this long is turned away: its client has given up by then. */
  readonly waitMsMax: number;
}

export interface Busy {
  readonly kind: 'busy';
  readonly retryAfterMs: number;
}

/** Jobs of `known` devices that start one after the other while a stranger waits; then it is the stranger's turn. */
const KNOWN_IN_A_ROW_MAX = 3;

/** Jobs of `known` devices go first, and have places to wait in that a flood of strangers does not fill. */
export type Urgency = 'known' | 'stranger';

interface Waiting {
  start(): void;
}

/** Keeps costly jobs from flooding the machine: few run, some wait for a bounded time, the rest hears "busy". */
export class AdmissionQueue {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  readonly #waiting: Readonly<Record<Urgency, Set<Waiting>>> = { known: new Set(), stranger: new Set() };
  #running = 0;
  #knownInARow = 0;

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.known.size + this.#waiting.stranger.size;
  }

  /** Runs `job` when its turn comes, first come first served among its kind. Rejects only when `job` does. */
  run<T>(urgency: Urgency, job: () => Promise<T>): Promise<Result<T, Busy>> {
    const waiting = this.#waiting[urgency];
    if (this.#running < this.#limits.runningMax) return this.#start(job);
    if (waiting.size >= this.#limits.waitingMax) return Promise.resolve(err(this.#busy()));
    return new Promise((resolve, reject) => {
      let timer: Timer;
      const entry: Waiting = {
        start: () => {
          timer.cancel();
          this.#start(job).then(resolve, reject);
        },
      };
      timer = this.#clock.setTimer(after(this.#clock.now(), this.#limits.waitMsMax), () => {
        if (waiting.delete(entry)) resolve(err(this.#busy()));
      });
      waiting.add(entry);
    });
  }

  async #start<T>(job: () => Promise<T>): Promise<Result<T, Busy>> {
    this.#running++;
    try {
      return ok(await job());
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  #startNext(): void {
    if (this.#running >= this.#limits.runningMax) return;
    const { known, stranger } = this.#waiting;
    const isKnownsTurn = known.size > 0 && (stranger.size === 0 || this.#knownInARow < KNOWN_IN_A_ROW_MAX);
    this.#knownInARow = isKnownsTurn && stranger.size > 0 ? this.#knownInARow + 1 : 0;
    const waiting = isKnownsTurn ? known : stranger;
    const [next] = waiting;
    if (!next) return;
    waiting.delete(next);
    next.start();
  }

  /** A full queue drains in about its longest wait. */
  #busy(): Busy {
    return { kind: 'busy', retryAfterMs: this.#limits.waitMsMax };
  }
}
