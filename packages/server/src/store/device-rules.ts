import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Account, AccountState, Device, PasswordCondition, ProofLost } from './store.ts';
import { DEVICES_REMEMBERED_MAX } from './store-calls.ts';

/** Whether what was proved of an account before the transaction still holds in it. */
export function proofLost(state: AccountState, passwordHash: string, expectedHash: string): ProofLost | undefined {
  if (state === 'locked') return 'locked';
  return passwordHash === expectedHash ? undefined : 'password-changed';
}

export function conditionLost(
  { state, passwordHash, recoveryKey }: Account,
  condition: PasswordCondition,
): ProofLost | undefined {
  if (condition.recoveryKey && !equalBytes(condition.recoveryKey, recoveryKey)) return 'password-changed';
  return proofLost(state, passwordHash, condition.passwordHash);
}

/**
 * The oldest logins among what is too much. Never a device that is listed: its session would end neither by a revocation
 * nor by a lock, which go by these rows.
 */
export function devicesToForget(devices: readonly Device[], listed: readonly DeviceId[]): readonly DeviceId[] {
  if (devices.length <= DEVICES_REMEMBERED_MAX) return [];
  return devices
    .filter(({ device, active }) => !active && !listed.includes(device))
    .sort((a, b) => a.epoch - b.epoch || (a.device < b.device ? -1 : 1))
    .slice(0, devices.length - DEVICES_REMEMBERED_MAX)
    .map(({ device }) => device);
}
