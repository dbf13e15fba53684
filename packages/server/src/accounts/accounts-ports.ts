import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Bus } from '../bus/bus.ts';
import type { Directory } from '../bus/directory.ts';
import type { Store } from '../store/store.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** What the services of accounts need of the world. */
export interface AccountsPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly directory: Directory;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  /** The server's static key: what a recovery is signed for (ID13). */
  readonly serverKey: Uint8Array;
}
