import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';

export interface AdmissionLimits {
  /** Jobs that run at the same time. Two of Node's four pool threads stay free for files and names. */
  readonly runningMax: number;
  /** Jobs that wait; one more is turned away at once. */
  readonly waitingMax: number;
  /** A job that has not started after this long is turned away: its client has given up by then. */
  readonly waitMsMax: number;
}

export const ADMISSION_LIMITS: AdmissionLimits = { runningMax: 2, waitingMax: 64, waitMsMax: 3_000 };

export interface Busy {
  readonly kind: 'busy';
  readonly retryAfterMs: number;
}

interface Waiting {
  start(): void;
}

/** Keeps costly jobs from flooding the machine: few run, some wait for a bounded time, the rest hears "busy". */
export class AdmissionQueue {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(clock: Clock, limits: Partial<AdmissionLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...ADMISSION_LIMITS, ...limits };
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs `job` when its turn comes, first come first served. Rejects only when `job` does. */
  run<T>(job: () => Promise<T>): Promise<Result<T, Busy>> {
    if (this.#running < this.#limits.runningMax) return this.#start(job);
    if (this.#waiting.size >= this.#limits.waitingMax) return Promise.resolve(err(this.#busy()));
    return new Promise((resolve, reject) => {
      let timer: Timer;
      const entry: Waiting = {
        start: () => {
          timer.cancel();
          this.#start(job).then(resolve, reject);
        },
      };
      timer = this.#clock.setTimer(after(this.#clock.now(), this.#limits.waitMsMax), () => {
        if (this.#waiting.delete(entry)) resolve(err(this.#busy()));
      });
      this.#waiting.add(entry);
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
    const [next] = this.#waiting;
    if (!next || this.#running >= this.#limits.runningMax) return;
    this.#waiting.delete(next);
    next.start();
  }

  /** A full queue drains in about its longest wait. */
  #busy(): Busy {
    return { kind: 'busy', retryAfterMs: this.#limits.waitMsMax };
  }
}
