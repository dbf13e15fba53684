import type { Clock } from '@magpie/common/time.ts';
import { MAIL_POSITIONS_BLOCK } from '../limits.ts';
import type { Store } from '../store/store.ts';

export interface MailPositionsPorts {
  readonly store: Pick<Store, 'reserveMailPositions'>;
  readonly clock: Clock;
}

interface Waiting {
  use(position: number): void;
  fail(error: unknown): void;
}

/**
 * Gives each mail its position, rising over all logs, at no cost of its own: positions are reserved in durable blocks,
 * the next one before the present one has run out. Only a mail before the first of them waits.
 */
export class MailPositions {
  readonly #ports: MailPositionsPorts;
  readonly #blockSize: number;
  #next = 0;
  #end = 0;
  #following: { readonly next: number; readonly end: number } | undefined;
  #reserving = false;
  /** In the order of their calls; no more than there are requests under way. */
  #waiting: Waiting[] = [];

  constructor(ports: MailPositionsPorts, blockSize = MAIL_POSITIONS_BLOCK) {
    this.#ports = ports;
    this.#blockSize = blockSize;
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

  /** Reserves the first block, so that no mail waits for it. What fails is tried again by the first mail. */
  prepare(): void {
    if (this.#next === this.#end && !this.#following) this.#reserve();
  }

  #poll(): number | undefined {
    if (this.#next === this.#end && this.#following) {
      ({ next: this.#next, end: this.#end } = this.#following);
      this.#following = undefined;
    }
    if (this.#next === this.#end) return undefined;
    const position = this.#next;
    this.#next += 1;
    if (!this.#following && this.#end - this.#next <= this.#blockSize / 2) this.#reserve();
    return position;
  }

  #reserve(): void {
    if (this.#reserving) return;
    this.#reserving = true;
    const { store, clock } = this.#ports;
    store.reserveMailPositions(this.#blockSize, clock.wallNow()).then(
      (next) => {
        this.#reserving = false;
        this.#following = { next, end: next + this.#blockSize };
        this.#serve();
      },
      // Who has a position left needs no other yet: the next call tries again.
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
