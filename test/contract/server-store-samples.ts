import type { AccountName, AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Account, DeviceKeys, Fence, Store } from '@magpie/server/store/store.ts';

export const NOW = 1_800_000_000_000 as WallMs;

export const PASSWORD_HASH = '$argon2id$x';

export async function registeredIn(store: Store, name: string, seed: number): Promise<Account> {
  const answer = await store.register(newAccount(name, seed));
  if (!answer.ok) throw new Error(answer.error);
  return answer.value;
}

/** A new account, logged in on its only device. */
export async function sessionIn(store: Store, name: string, seed: number): Promise<Fence> {
  await registeredIn(store, name, seed);
  return claimedIn(store, seed);
}

/** A session of a device that may log in. */
export async function claimedIn(store: Store, seed: number): Promise<Fence> {
  const claimed = await store.claimSession(deviceKeys(seed).device, NOW);
  if (typeof claimed !== 'object') throw new Error('no session');
  return { account: claimed.account.account, device: claimed.device.device, epoch: claimed.device.epoch };
}

/** Two accounts that are friends. */
export async function friendsIn(store: Store): Promise<readonly [Fence, Fence]> {
  const [alice, bob] = [await sessionIn(store, 'alice', 1), await sessionIn(store, 'bob', 2)];
  await store.friendAdd(alice, bob.account, '', NOW);
  await store.friendAnswer(bob, alice.account, true, NOW);
  return [alice, bob];
}

/** What the friend list of `owner` says of `other`. */
export async function rowIn(store: Store, owner: { account: AccountNumber }, other: { account: AccountNumber }) {
  return (await store.roster(owner.account, 0)).rows.find(({ account }) => account === other.account);
}

export function newAccount(name: string, seed: number) {
  return {
    ...deviceKeys(seed),
    name: name as AccountName,
    displayName: `${name} 🐦`,
    passwordHash: PASSWORD_HASH,
    accountKey: filled(32, seed, 0xa1),
    deviceList: list(seed),
    deviceListVersion: 1,
    label: `${name}'s laptop`,
    recoveryKey: filled(32, seed, 0x4e),
    sealedSeed: filled(48, seed, 0x5e),
    createdAt: NOW,
  };
}

export function deviceKeys(seed: number): DeviceKeys {
  return {
    device: seed.toString(16).padStart(32, '0') as DeviceId,
    exchangeKey: filled(32, seed, 0xe1),
    signKey: filled(32, seed, 0x51),
  };
}

export function list(seed: number): Uint8Array {
  return filled(80, seed, 0x11);
}

export function filled(length: number, seed: number, kind: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(kind);
  bytes.set([seed >> 8, seed & 0xff]);
  return bytes;
}
