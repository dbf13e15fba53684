import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { TYPING_ENDS_MS, TYPING_EVERY_MS } from '../messaging/limits.ts';

export interface TypingOptions {
  readonly clock: Clock;
  /** Switched on, and we are to be seen (R23). */
  readonly tells: () => boolean;
  readonly devicesOf: (account: AccountNumber) => readonly DeviceId[];
  /** Over a session that is there, or not at all. */
  readonly send: (device: DeviceId, active: boolean) => void;
  readonly onTyping: (account: AccountNumber, active: boolean) => void;
}

/** DL30: who types right now: ours is told over live sessions only, theirs ends by itself. Nothing of it is kept. */
export class Typing {
  readonly #options: TypingOptions;
  /** When we said last that we type, of those who were not told that it ended. */
  readonly #saidAt = new Map<AccountNumber, Instant>();
  readonly #ends = new Map<AccountNumber, Timer>();

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  isTyping(account: AccountNumber): boolean {
    return this.#ends.has(account);
  }

  /** The user types, or has stopped. Called as often as a face likes. */
  set(account: AccountNumber, active: boolean): void {
    const { clock, tells } = this.#options;
    const saidAt = this.#saidAt.get(account);
    if (!tells()) return;
    if (!active) {
      if (this.#saidAt.delete(account)) this.#send(account, false);
      return;
    }
    const now = clock.now();
    if (saidAt !== undefined && now < after(saidAt, TYPING_EVERY_MS)) return;
    this.#saidAt.set(account, now);
    this.#send(account, true);
  }

  /** A message of ours says it all. */
  handleSent(account: AccountNumber): void {
    this.#saidAt.delete(account);
  }

  handleContent(account: AccountNumber, active: boolean): void {
    const { clock, onTyping } = this.#options;
    const before = this.#ends.get(account);
    before?.cancel();
    this.#ends.delete(account);
    if (active) {
      const end = clock.setTimer(after(clock.now(), TYPING_ENDS_MS), () => this.handleContent(account, false));
      this.#ends.set(account, end);
    }
    if (active !== (before !== undefined)) onTyping(account, active);
  }

  stop(): void {
    for (const timer of this.#ends.values()) timer.cancel();
    this.#ends.clear();
  }

  #send(account: AccountNumber, active: boolean): void {
    const { devicesOf, send } = this.#options;
    for (const device of devicesOf(account)) send(device, active);
  }
}
