import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { PresenceWish } from '../store/store.ts';

/**
 * What friends are to see: what the user wants, or `away` while nobody has done anything for long. Only who wants to be
 * seen as online goes away by itself, and the first activity ends it; the wish itself stays untouched. Sans-IO: after
 * each call look at `status` and arm a timer for `pollTimeout`.
 */
export class AutoAway {
  #wish: PresenceWish = 'online';
  /** 0: never. */
  #afterMs = 0;
  #activeAt: Instant;
  #away = false;

  constructor(now: Instant) {
    this.#activeAt = now;
  }

  get wish(): PresenceWish {
    return this.#wish;
  }

  get afterMs(): number {
    return this.#afterMs;
  }

  /** What friends are to see: of who is invisible, nothing (R23). */
  get status(): PresenceStatus {
    if (this.#away) return 'away';
    return this.#wish === 'invisible' ? 'offline' : this.#wish;
  }

  /** A choice is a sign of life. */
  setWish(wish: PresenceWish, now: Instant): void {
    this.#wish = wish;
    this.handleActivity(now);
  }

  /** @param afterMs without activity, 0: never */
  setAfter(afterMs: number, now: Instant): void {
    this.#afterMs = afterMs;
    this.handleActivity(now);
  }

  handleActivity(now: Instant): void {
    this.#activeAt = now;
    this.#away = false;
  }

  handleTimeout(now: Instant): void {
    const at = this.pollTimeout();
    if (at !== undefined && now >= at) this.#away = true;
  }

  pollTimeout(): Instant | undefined {
    if (this.#away || this.#afterMs === 0 || this.#wish !== 'online') return undefined;
    return after(this.#activeAt, this.#afterMs);
  }
}
