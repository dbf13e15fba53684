import { FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import type { AuditEntry, Store } from './store.ts';

export type StoreMethod = Exclude<keyof Store, 'close'>;
export type StoreArguments<M extends StoreMethod> = Parameters<Store[M]>;
export type StoreAnswer<M extends StoreMethod> = Awaited<ReturnType<Store[M]>>;

type RoomName = 'accounts' | 'devices' | 'roster' | 'ledger' | 'mail';

interface StoreCall {
  /** The part of an engine that does it. */
  readonly room: RoomName;
  /** Whether it may change something, and is therefore synced before it is answered. */
  readonly writes: boolean;
}

/** Every call of the Store. */
const STORE_CALLS = {
  register: { room: 'accounts', writes: true },
  addAccount: { room: 'accounts', writes: true },
  accountByName: { room: 'accounts', writes: false },
  accountByNumber: { room: 'accounts', writes: false },
  accounts: { room: 'accounts', writes: false },
  setPassword: { room: 'accounts', writes: true },
  rehashPassword: { room: 'accounts', writes: true },
  setRecovery: { room: 'accounts', writes: true },
  setProfile: { room: 'accounts', writes: true },
  setPolicy: { room: 'accounts', writes: true },
  setLocked: { room: 'accounts', writes: true },
  deleteAccount: { room: 'accounts', writes: true },
  noteLastSeen: { room: 'accounts', writes: true },
  lastSeen: { room: 'accounts', writes: false },
  counts: { room: 'accounts', writes: false },

  deviceByExchangeKey: { room: 'devices', writes: false },
  devicesOf: { room: 'devices', writes: false },
  enroll: { room: 'devices', writes: true },
  replaceDeviceList: { room: 'devices', writes: true },
  deviceChain: { room: 'devices', writes: false },
  activateDevice: { room: 'devices', writes: true },
  claimSession: { room: 'devices', writes: true },
  resumeSession: { room: 'devices', writes: true },
  deactivateDevice: { room: 'devices', writes: true },

  roster: { room: 'roster', writes: false },
  areFriends: { room: 'roster', writes: false },
  rosterState: { room: 'roster', writes: false },
  friendsOf: { room: 'roster', writes: false },
  friendAdd: { room: 'roster', writes: true },
  friendAnswer: { room: 'roster', writes: true },
  friendRemove: { room: 'roster', writes: true },
  block: { room: 'roster', writes: true },
  unblock: { room: 'roster', writes: true },

  reserveMailPositions: { room: 'mail', writes: true },
  mailboxId: { room: 'mail', writes: false },
  appendMail: { room: 'mail', writes: true },
  mailAfter: { room: 'mail', writes: false },
  ackMail: { room: 'mail', writes: true },
  setMailKey: { room: 'mail', writes: true },
  mailKeys: { room: 'mail', writes: false },
  expireMail: { room: 'mail', writes: true },

  addInvite: { room: 'ledger', writes: true },
  invites: { room: 'ledger', writes: false },
  inviteIsGood: { room: 'ledger', writes: false },
  addNotice: { room: 'ledger', writes: true },
  noticesAfter: { room: 'ledger', writes: false },
  latestNoticeId: { room: 'ledger', writes: false },
  ackNotices: { room: 'ledger', writes: true },
  appendAudit: { room: 'ledger', writes: true },
  audit: { room: 'ledger', writes: false },
} as const satisfies Record<StoreMethod, StoreCall>;

type MethodsOf<R extends RoomName> = {
  [M in StoreMethod]: (typeof STORE_CALLS)[M]['room'] extends R ? M : never;
}[StoreMethod];

/** The calls of one room without the waiting: what an engine does inside one transaction. */
export type CallsOf<R extends RoomName> = {
  [M in MethodsOf<R>]: (...args: StoreArguments<M>) => StoreAnswer<M>;
};

/** An engine: whoever calls it has opened a transaction. */
export type StoreRooms = { readonly [R in RoomName]: CallsOf<R> };

export function isWrite(method: StoreMethod): boolean {
  return STORE_CALLS[method].writes;
}

export function callRoom<M extends StoreMethod>(
  rooms: StoreRooms,
  method: M,
  args: readonly unknown[],
): StoreAnswer<M> {
  const room = rooms[STORE_CALLS[method].room] as Record<string, (...args: readonly unknown[]) => unknown>;
  return room[method]!(...args) as StoreAnswer<M>;
}

/** Calls that may wait for the engine; one more fails as `overloaded`. Ten seconds of work on a slow disk. */
export const STORE_CALLS_WAITING_MAX = 20_000;
/** Calls that share one transaction and one sync (scale.md 2.2), so that none waits long for its neighbours. */
export const STORE_BATCH_MAX = 256;
/** Devices remembered per account, well above what a list holds; beyond it those that are off the list are forgotten. */
export const DEVICES_REMEMBERED_MAX = 64;
/** Invitations that still let somebody in: ten large schools at once. */
export const INVITES_MAX = 10_000;
/** Lines of the audit log, of each kind: some 20 MB; a busy server's last months. */
export const AUDIT_ENTRIES_MAX = 100_000;
/** Kept apart, so that what many accounts do, or somebody who guesses, does not wash out what operators did. */
export type AuditKind = 'operator' | 'account' | 'failures';

export function auditKindOf({ actor, action }: Pick<AuditEntry, 'actor' | 'action'>): AuditKind {
  if (actor === 'operator') return 'operator';
  return action === 'login-failures' ? 'failures' : 'account';
}

/** Rows of one answer to an operator: more would hold up everybody's writes. */
export const STORE_PAGE_MAX = 1_000;
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

/** What a caller asks for, as far as one answer gives it. */
export function pageOf(limit: number): number {
  return Math.max(0, Math.min(limit, STORE_PAGE_MAX));
}
