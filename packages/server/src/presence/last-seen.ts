import type { AccountNumber } from '@magpie/common/ids.ts';
import { LAST_SEEN_STEP_MS } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Instant, sleep, type WallMs } from '@magpie/common/time.ts';
import {
  LAST_SEEN_BATCH_MAX,
  LAST_SEEN_FLUSH_MS_MAX,
  LAST_SEEN_PENDING_MAX,
  LAST_SEEN_RETRY_MS,
  LAST_SEEN_WRITE_MS,
} from '../limits.ts';
import type { Store } from '../store/store.ts';

export interface LastSeenPorts {
  readonly store: Pick<Store, 'noteLastSeen' | 'lastSeen'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SeenAt {
  readonly account: AccountNumber;
  readonly atWallMs: number;
}

/**
 * When accounts were last visible to friends. Notes go to the store in batches, one call at a time and at least
 * LAST_SEEN_WRITE_MS apart, and nobody waits for them; a newer time that is on its way there is known here already.
 * Call `handleTimeout` once `pollTimeout` is due.
 */
export class LastSeen {
  readonly #ports: LastSeenPorts;
  readonly #pending = new Map<AccountNumber, WallMs>();
  #writing: ReadonlyMap<AccountNumber, WallMs> | undefined;
  #written: Promise<void> = Promise.resolve();
  #dueAt: Instant | undefined;

  constructor(ports: LastSeenPorts) {
    this.#ports = ports;
  }

  /** The account is out of sight from now on. @returns the time that friends may know */
  note(account: AccountNumber): number {
    const at = this.#ports.clock.wallNow();
    if (this.#pending.has(account) || this.#pending.size < LAST_SEEN_PENDING_MAX) this.#pending.set(account, at);
    this.#dueAt ??= after(this.#ports.clock.now(), LAST_SEEN_WRITE_MS);
    return coarse(at);
  }

  /**
   * Of those among `accounts` that are friends of `by` and tell. Who they are the store knows; somebody's very first time
   * is told once it is there.
   */
  async of(by: AccountNumber, accounts: readonly AccountNumber[]): Promise<readonly SeenAt[]> {
    const stored = await this.#ports.store.lastSeen(by, accounts);
    return stored.map(({ account, at }) => {
      const newest = Math.max(at, this.#writing?.get(account) ?? 0, this.#pending.get(account) ?? 0);
      return { account, atWallMs: coarse(newest) };
    });
  }

  pollTimeout(): Instant | undefined {
    return this.#dueAt;
  }

  handleTimeout(now: Instant): void {
    if (this.#dueAt === undefined || this.#dueAt > now) return;
    if (!this.#writing) this.#writeBatch();
    this.#dueAt = this.#writing || this.#pending.size > 0 ? after(now, LAST_SEEN_WRITE_MS) : undefined;
  }

  /** Writes all that waits, as far as the store manages in LAST_SEEN_FLUSH_MS_MAX. Never rejects. */
  async flush(): Promise<void> {
    const done = new AbortController();
    const everything = async (): Promise<void> => {
      await this.#written;
      while (this.#pending.size > 0 && !done.signal.aborted) {
        const waiting = this.#pending.size;
        this.#writeBatch();
        await this.#written;
        if (this.#pending.size >= waiting) return;
      }
    };
    await Promise.race([everything(), sleep(this.#ports.clock, LAST_SEEN_FLUSH_MS_MAX, done.signal)]);
    done.abort();
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
    try {
      await this.#ports.store.noteLastSeen([...batch].map(([account, at]) => ({ account, at })));
    } catch (error) {
      this.#ports.log.warn({ accounts: batch.size, error: String(error) }, 'last seen not written');
      for (const [account, at] of batch) {
        if (!this.#pending.has(account) && this.#pending.size < LAST_SEEN_PENDING_MAX) this.#pending.set(account, at);
      }
      this.#dueAt = after(this.#ports.clock.now(), LAST_SEEN_RETRY_MS);
    } finally {
      this.#writing = undefined;
    }
  }
}

function coarse(at: number): number {
  return at - (at % LAST_SEEN_STEP_MS);
}
