import type { AccountNumber } from '@magpie/common/ids.ts';
import { LAST_SEEN_STEP_MS } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, sleep, type Timer, type WallMs } from '@magpie/common/time.ts';
import type { LiveSession } from '../bus/directory.ts';
import {
  LAST_SEEN_BATCH_MAX,
  LAST_SEEN_FLUSH_MS_MAX,
  LAST_SEEN_PENDING_MAX,
  LAST_SEEN_RETRY_MS,
  LAST_SEEN_WRITE_MS,
  RATE_BUCKETS,
  type ServerLimits,
} from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Store } from '../store/store.ts';

export interface LastSeenPorts {
  readonly store: Pick<Store, 'noteLastSeen' | 'lastSeen'>;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
}

export interface SeenAt {
  readonly account: AccountNumber;
  readonly atWallMs: number;
}

/**
 * When accounts were last visible to friends. Notes go to the store in batches, one call at a time and at least
 * LAST_SEEN_WRITE_MS apart, and nobody waits for them; a newer time that is on its way there is known here already.
 */
export class LastSeen {
  readonly #ports: LastSeenPorts;
  readonly #asks: RateTable;
  readonly #pending = new Map<AccountNumber, WallMs>();
  #writing: ReadonlyMap<AccountNumber, WallMs> | undefined;
  #written: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: LastSeenPorts, limits: ServerLimits) {
    this.#ports = ports;
    const perMinute = limits.lastSeenAsksPerMinute;
    this.#asks = new RateTable(perMinute / 60, perMinute, RATE_BUCKETS, ports.random);
  }

  /** The account is out of sight from now on. @returns the time that friends may know */
  note(account: AccountNumber): number {
    const at = this.#ports.clock.wallNow();
    if (this.#pending.has(account) || this.#pending.size < LAST_SEEN_PENDING_MAX) this.#pending.set(account, at);
    this.#writeIn(LAST_SEEN_WRITE_MS);
    return coarse(at);
  }

  /**
   * Of those among `accounts` that are friends, tell, and are out of sight. Who tells the store knows; somebody's very
   * first time is told once it is there.
   * @param isShown whether friends are told that the account is here
   */
  async ask(
    by: LiveSession,
    accounts: readonly AccountNumber[],
    isShown: (account: AccountNumber) => boolean,
  ): Promise<Result<readonly SeenAt[], Refusal>> {
    const { number, friends } = by.account;
    const waitMs = this.#asks.take(number, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'last seen', waitMs));
    const stored = await this.#ports.store.lastSeen(number, accounts);
    const outOfSight = stored.filter(({ account }) => friends.has(account) && !isShown(account));
    return ok(outOfSight.map(({ account, at }) => ({ account, atWallMs: coarse(this.#newest(account, at)) })));
  }

  /**
   * The server stops: whoever is shown now was here until now, and nothing is written after this. Writes all that waits, as far as the store manages in
   * LAST_SEEN_FLUSH_MS_MAX. Never rejects.
   */
  async flush(shown: Iterable<AccountNumber>): Promise<void> {
    this.#stopped = true;
    for (const account of shown) this.note(account);
    const giveUp = new AbortController();
    await Promise.race([
      this.#writeAll(giveUp.signal),
      sleep(this.#ports.clock, LAST_SEEN_FLUSH_MS_MAX, giveUp.signal),
    ]);
    giveUp.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #newest(account: AccountNumber, stored: WallMs): number {
    return Math.max(stored, this.#writing?.get(account) ?? 0, this.#pending.get(account) ?? 0);
  }

  #writeIn(ms: number): void {
    if (this.#timer || this.#writing || this.#stopped) return;
    const { clock } = this.#ports;
    this.#timer = clock.setTimer(after(clock.now(), ms), () => {
      this.#timer = undefined;
      if (!this.#writing) this.#writeBatch();
    });
  }

  async #writeAll(giveUp: AbortSignal): Promise<void> {
    await this.#written;
    while (this.#pending.size > 0 && !giveUp.aborted) {
      const waiting = this.#pending.size;
      this.#writeBatch();
      await this.#written;
      if (this.#pending.size >= waiting) return;
    }
  }

  #writeBatch(): void {
    const batch = new Map<AccountNumber, WallMs>();
    for (const [account, at] of this.#pending) {
      if (batch.size === LAST_SEEN_BATCH_MAX) break;
      batch.set(account, at);
      this.#pending.delete(account);
    }
    if (batch.size === 0) return;
    this.#writing = batch;
    this.#written = this.#write(batch);
  }

  async #write(batch: ReadonlyMap<AccountNumber, WallMs>): Promise<void> {
    let nextInMs = LAST_SEEN_WRITE_MS;
    try {
      await this.#ports.store.noteLastSeen([...batch].map(([account, at]) => ({ account, at })));
    } catch (error) {
      nextInMs = LAST_SEEN_RETRY_MS;
      this.#ports.log.warn({ accounts: batch.size, error: String(error) }, 'last seen not written');
      for (const [account, at] of batch) {
        if (!this.#pending.has(account) && this.#pending.size < LAST_SEEN_PENDING_MAX) this.#pending.set(account, at);
      }
    }
    this.#writing = undefined;
    if (this.#pending.size > 0) this.#writeIn(nextInMs);
  }
}

function coarse(at: number): number {
  return at - (at % LAST_SEEN_STEP_MS);
}
