import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import { KNOWN_DEVICE_BUDGETS_MAX, RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable, RecentBudgets } from '../rate-budget.ts';

/**
 * Whose budget of wrong passwords a try counts against. All devices that never logged in to an account share one,
 * wherever they are; one that did has its own, so that nobody who guesses from elsewhere can keep the owner out. Names
 * of nobody are counted in the same way, in buckets of their own: trying many of them takes nothing from accounts.
 */
export type Guesser =
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'strangers'; readonly account: AccountNumber }
  | { readonly kind: 'nobody'; readonly typed: string };

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
const MINUTE_SECONDS = 60;

/** How often passwords are looked at (security.md 1.4): by source, and by account and kind of device. */
export class LoginThrottle {
  readonly #sources: RateTable;
  readonly #accounts: RateTable;
  readonly #names: RateTable;
  readonly #devices: RecentBudgets;
  readonly #checks: RecentBudgets;

  constructor(limits: ServerLimits, random: RandomSource) {
    const perMinute = limits.passwordLoginsPerSourcePerMinute;
    const perDay = limits.passwordGuessesPerNamePerDay / DAY_SECONDS;
    const burst = limits.passwordGuessesPerNameBurst;
    this.#sources = new RateTable(perMinute / MINUTE_SECONDS, perMinute, RATE_BUCKETS, random);
    this.#accounts = new RateTable(perDay, burst, RATE_BUCKETS, random);
    this.#names = new RateTable(perDay, burst, RATE_BUCKETS, random);
    this.#devices = new RecentBudgets(
      limits.passwordGuessesPerDevicePerHour / HOUR_SECONDS,
      limits.passwordGuessesPerDeviceBurst,
      KNOWN_DEVICE_BUDGETS_MAX,
    );
    this.#checks = new RecentBudgets(
      limits.passwordChecksPerDevicePerHour / HOUR_SECONDS,
      limits.passwordChecksPerDeviceBurst,
      KNOWN_DEVICE_BUDGETS_MAX,
    );
  }

  /** @returns 0 when the source may try, otherwise ms until it may */
  takeSource(source: string, now: Instant): number {
    return this.#sources.take(source, now);
  }

  /**
   * Counts a try before it is looked at, so that tries at the same time count too. Those of a known device, which go before
   * everybody's, are counted a second time, and that stays also when they were right. @returns as `takeSource`
   */
  takeGuess(guesser: Guesser, now: Instant): number {
    switch (guesser.kind) {
      case 'device':
        return this.#takeOfDevice(guesser.device, now);
      case 'strangers':
        return this.#accounts.take(guesser.account, now);
      case 'nobody':
        return this.#names.take(guesser.typed, now);
    }
  }

  /** It was no wrong guess after all. */
  giveBack(guesser: Guesser): void {
    switch (guesser.kind) {
      case 'device':
        return this.#devices.giveBack(guesser.device);
      case 'strangers':
        return this.#accounts.giveBack(guesser.account);
      case 'nobody':
        return this.#names.giveBack(guesser.typed);
    }
  }

  #takeOfDevice(device: DeviceId, now: Instant): number {
    const waitMs = this.#devices.take(device, now);
    if (waitMs > 0) return waitMs;
    const checkWaitMs = this.#checks.take(device, now);
    if (checkWaitMs > 0) this.#devices.giveBack(device);
    return checkWaitMs;
  }
}
