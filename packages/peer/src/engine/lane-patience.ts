import type { Instant } from '@magpie/common/time.ts';
import { after } from '@magpie/common/time.ts';
import { MAIL_AFTER_MS } from '../messaging/limits.ts';

/**
 * D5: how long a session may bring no receipt before the mailbox gets the messages too: two probe timeouts, at least
 * MAIL_AFTER_MS. A receipt begins the time anew, for then the session works and the rest waits for its turn.
 */
export class LanePatience {
  readonly #ptoMs: () => number | undefined;
  #until: Instant | undefined;
  #stalled = false;

  constructor(ptoMs: () => number | undefined) {
    this.#ptoMs = ptoMs;
  }

  /** No receipt came in time; until one comes, messages go to the mailbox at once. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Messages without a receipt are there. */
  handleWaiting(now: Instant): void {
    if (!this.#stalled) this.#until ??= after(now, Math.max(MAIL_AFTER_MS, 2 * (this.#ptoMs() ?? 0)));
  }

  /** @param waiting whether messages without a receipt remain */
  handleReceipt(waiting: boolean, now: Instant): void {
    this.#stalled = false;
    this.#until = undefined;
    if (waiting) this.handleWaiting(now);
  }

  pollTimeout(): Instant | undefined {
    return this.#until;
  }

  /** @returns true when patience has just ended */
  handleTimeout(now: Instant): boolean {
    if (this.#until === undefined || now < this.#until) return false;
    this.#until = undefined;
    this.#stalled = true;
    return true;
  }
}
