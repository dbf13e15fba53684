import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { FriendsRead } from '../bus/directory.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { RosterChange, SessionAccount, SessionDevice } from '../store/store.ts';
import type { AccountsPorts } from './accounts-ports.ts';

export interface AcceptedLogin {
  readonly account: SessionAccount;
  readonly device: SessionDevice;
  /** Where it was read with the rest. */
  readonly friends?: FriendsRead;
  /** A new device list that friends are to hear of, and the account's other devices. */
  readonly change?: RosterChange;
}

/**
 * Begins a session of a device that may log in.
 * @param provedHash the password hash that was proved; absent for a login by key. When it is no longer the account's, the
 *   device has been let in by a password that does not hold any more, and is put out again
 */
export async function claimSession(
  { store, clock }: Pick<AccountsPorts, 'store' | 'clock'>,
  account: AccountNumber,
  device: DeviceId,
  provedHash?: string,
): Promise<Result<AcceptedLogin, Refusal>> {
  const claimed = await store.claimSession(device, clock.wallNow());
  if (claimed === 'locked') return err(refusal('account-locked'));
  if (!claimed || claimed.account.account !== account) return err(refusal('unknown-device'));
  if (provedHash === undefined || claimed.account.passwordHash === provedHash) return ok(claimed);
  await store.deactivateDevice(device, claimed.device.epoch);
  return err(refusal('busy', 'the password is changing', 1_000));
}
