import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { MAIL_POSITIONS_AHEAD_MS, MAIL_POSITIONS_RENEW_MS } from '../limits.ts';
import type { Store } from '../store/store.ts';

const MICROSECONDS = 1_000;
/** How fast positions go while they are ahead of the clock, as after a crash: the clock overtakes them. */
const SLOW = 0.9;

export interface MailPositionsPorts {
  readonly store: Pick<Store, 'reserveMailPositions'>;
  readonly clock: Clock;
}

interface Waiting {
  use(position: number): void;
  fail(error: unknown): void;
}

/**
 * Gives each mail its position, rising over all logs, at no cost of its own. A position is the microsecond in which it is
 * given, so that two of them tell nothing of what others put between them (R23). Up to where they may go is reserved
 * durably, ahead of time, whether anybody puts a mail or not. Only a mail before the first reservation waits, or one that
 * comes when a store has answered none for half a minute.
 */
export class MailPositions {
  readonly #ports: MailPositionsPorts;
  /** When and where positions began here, and the clock's microsecond then. */
  #began: { readonly at: Instant; readonly position: number; readonly wall: number } | undefined;
  #last = 0;
  /** The first one that is not reserved. */
  #end = 0;
  #reserving = false;
  /** In the order of their calls; no more than there are requests under way. */
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: MailPositionsPorts) {
    this.#ports = ports;
  }

  /** From now on there are positions at hand. What fails is tried again. */
  start(): void {
    this.#reserve();
    const { clock } = this.#ports;
    this.#timer = clock.setTimer(after(clock.now(), MAIL_POSITIONS_RENEW_MS), () => {
      if (!this.#stopped) this.start();
    });
  }

  /** Twice is safe. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /**
   * Calls `use` with the next position, in the order of the calls: in this very turn where one is at hand. What `use` does
   * before its first `await` is therefore done in the order of positions.
   * Rejects as `use` does, and when none could be reserved.
   */
  take<T>(use: (position: number) => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0) {
      const position = this.#poll();
      if (position !== undefined) return use(position);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ use: (position) => use(position).then(resolve, reject), fail: reject });
      this.#reserve();
    });
  }

  #poll(): number | undefined {
    const position = Math.max(this.#last + 1, this.#present());
    if (position >= this.#end) return undefined;
    this.#last = position;
    return position;
  }

  /** Where positions are now, however many were given. */
  #present(): number {
    if (!this.#began) return 0;
    const { at, position, wall } = this.#began;
    const elapsed = Math.floor((this.#ports.clock.now() - at) * MICROSECONDS);
    return Math.max(position + Math.floor(elapsed * SLOW), wall + elapsed);
  }

  #reserve(): void {
    if (this.#reserving) return;
    const { store, clock } = this.#ports;
    const wanted = Math.max(this.#last, this.#present()) + MAIL_POSITIONS_AHEAD_MS * MICROSECONDS;
    const count = this.#began ? wanted - this.#end : MAIL_POSITIONS_AHEAD_MS * MICROSECONDS;
    if (count <= 0) return;
    this.#reserving = true;
    store.reserveMailPositions(count, clock.wallNow()).then(
      (first) => {
        this.#reserving = false;
        this.#began ??= { at: clock.now(), position: first, wall: clock.wallNow() * MICROSECONDS };
        this.#end = first + count;
        this.#serve();
      },
      // Who has a position left needs no other yet: the next turn of the timer, or the next mail, tries again.
      (error: unknown) => {
        this.#reserving = false;
        for (const { fail } of this.#waiting.splice(0)) fail(error);
      },
    );
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const position = this.#poll();
      if (position === undefined) return this.#reserve();
      this.#waiting.shift()?.use(position);
    }
  }
}
