import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { FriendsRead } from '../bus/directory.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { ProofLost, SessionAccount, SessionDevice } from '../store/store.ts';
import type { AccountsPorts } from './accounts-ports.ts';

export interface AcceptedLogin {
  readonly account: SessionAccount;
  readonly device: SessionDevice;
  /** Where it was read with the rest. */
  readonly friends?: FriendsRead;
}

/** Begins a session of a device that has just been let in: when it may not log in, that was taken back meanwhile. */
export async function claimSession(
  { store, clock }: Pick<AccountsPorts, 'store' | 'clock'>,
  account: AccountNumber,
  device: DeviceId,
): Promise<Result<AcceptedLogin, Refusal>> {
  const claimed = await store.claimSession(device, clock.wallNow());
  if (claimed === 'locked') return err(refusal('account-locked'));
  if (claimed?.account.account === account) return ok(claimed);
  return err(refusal('busy', 'the device was put out again', 1_000));
}

/** Whoever gave the right password, or the code, is to try again by what holds now. */
export function refusalOf(lost: ProofLost): Refusal {
  return lost === 'locked' ? refusal('account-locked') : refusal('busy', 'the password is changing', 1_000);
}
