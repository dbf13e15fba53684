import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { MailKeyId, Store } from '../store/store.ts';

const HOUR_SECONDS = 3_600;

export interface MailboxKeysPorts {
  readonly store: Pick<Store, 'setMailKey' | 'mailKeys'>;
  readonly clock: Clock;
  readonly random: RandomSource;
}

export interface DeviceMailKey {
  readonly device: DeviceId;
  readonly key: Uint8Array;
}

/** The mailbox keys that devices publish (R9). What is in them only clients can judge: the device has signed it. */
export class MailboxKeys {
  readonly #ports: MailboxKeysPorts;
  readonly #changes: RateTable;

  constructor(ports: MailboxKeysPorts, limits: ServerLimits) {
    this.#ports = ports;
    const perHour = limits.mailKeyChangesPerHour;
    this.#changes = new RateTable(perHour / HOUR_SECONDS, perHour, RATE_BUCKETS, ports.random);
  }

  /**
   * The key of this device from now on. The same one again costs nothing: a client may say it after every login. Of an
   * invisible device none is taken: friends who ask for it later would see when it was here (R23).
   */
  async set(by: LiveSession, id: MailKeyId, key: Uint8Array): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    if (by.status === 'offline') return err(refusal('out-of-state', 'invisible'));
    if (key.length === 0) return err(refusal('malformed', 'mailbox key'));
    const published = await store.mailKeys(by.account.number);
    if (published.some((entry) => entry.device === by.device && equalBytes(entry.key, key))) return ok(undefined);
    const waitMs = this.#changes.take(by.account.number, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'mailbox keys', waitMs));
    const set = await store.setMailKey(fenceOf(by), id, key);
    if (set.ok) return set;
    return err(refusal(set.error === 'older-key' ? 'stale-mail-key' : set.error));
  }

  /** Those of a friend's devices, or of the own ones. Of anybody else one answer, at one cost, whether there is such an account or not. */
  async of(by: LiveSession, account: AccountNumber): Promise<Result<readonly DeviceMailKey[], Refusal>> {
    if (account !== by.account.number && !by.account.friends.has(account)) return err(refusal('not-friends'));
    return ok(await this.#ports.store.mailKeys(account));
  }
}
