import type { PeerStore } from '../store/store.ts';
import { STAMP_BLOCK_MS, STAMP_RENEW_MS } from './limits.ts';

/**
 * R5: stamp = max(last + 1, clock), never used before the store has it. Blocks are reserved ahead, so that the first
 * message to somebody does not wait for a sync; what a crash leaves unused of a block is skipped.
 */
export class HandshakeStamps {
  readonly #store: PeerStore;
  readonly #wallNow: () => number;
  #last = 0;
  #reserved = 0;
  #reserving: Promise<void> | undefined;

  constructor(store: PeerStore, wallNow: () => number) {
    this.#store = store;
    this.#wallNow = wallNow;
  }

  /** @param reserved what the profile remembers: everything up to it may have been used */
  start(reserved: number): void {
    this.#last = reserved;
    this.#reserved = reserved;
  }

  /** Renews the block when little is left; call it now and then, and before the first use. */
  async renew(): Promise<void> {
    const next = Math.max(this.#last + 1, this.#wallNow());
    if (this.#reserved - next >= STAMP_RENEW_MS) return;
    this.#reserving ??= this.#reserve(next + STAMP_BLOCK_MS).finally(() => {
      this.#reserving = undefined;
    });
    await this.#reserving;
  }

  /** @returns a stamp at once, or a promise when the block had run out */
  async next(): Promise<number> {
    const stamp = Math.max(this.#last + 1, this.#wallNow());
    if (stamp > this.#reserved) {
      await this.renew();
      return this.next();
    }
    this.#last = stamp;
    return stamp;
  }

  async #reserve(until: number): Promise<void> {
    await this.#store.updateProfile({ stampReserved: until });
    this.#reserved = until;
  }
}
