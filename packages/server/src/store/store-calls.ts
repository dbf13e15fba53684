import { FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import type { Store } from './store.ts';

export type StoreMethod = Exclude<keyof Store, 'close'>;
export type StoreArguments<M extends StoreMethod> = Parameters<Store[M]>;
export type StoreAnswer<M extends StoreMethod> = Awaited<ReturnType<Store[M]>>;

/** The Store's methods without the waiting: what an engine does inside one transaction. */
export type StoreTables = { [M in StoreMethod]: (...args: StoreArguments<M>) => StoreAnswer<M> };

/** Calls that may change something, and are therefore synced before they are answered. */
const WRITES: ReadonlySet<StoreMethod> = new Set<StoreMethod>([
  'register',
  'activateDevice',
  'claimSession',
  'deactivateDevice',
  'friendAdd',
  'friendAnswer',
  'friendRemove',
  'addNotice',
]);

export function isWrite(method: StoreMethod): boolean {
  return WRITES.has(method);
}

/** Calls that may wait for the engine; one more fails as `overloaded`. Ten seconds of work on a slow disk. */
export const STORE_CALLS_WAITING_MAX = 20_000;
/** Calls that share one transaction and one sync (scale.md 2.2), so that none waits long for its neighbours. */
export const STORE_BATCH_MAX = 256;
/** Devices remembered per account; beyond it the one whose last login is oldest must give the password again. */
export const DEVICES_REMEMBERED_MAX = 64;
/**
 * `removed` rows that one list keeps of accounts that were never friends: as many as it can show of open requests, both
 * ways. Anybody can make one by asking and withdrawing, so older ones go.
 */
export const REQUEST_TOMBSTONES_MAX = 2 * REQUESTS_PENDING_MAX;
/** Of accounts that were friends once: as many as it can show of friends. */
export const FRIEND_TOMBSTONES_MAX = FRIENDS_MAX;

export function tombstonesMax(befriended: boolean): number {
  return befriended ? FRIEND_TOMBSTONES_MAX : REQUEST_TOMBSTONES_MAX;
}
