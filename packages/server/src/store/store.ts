import type { RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';

/** One person. `deviceList` is the newest signed list, as received (R6). */
export interface Account {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  /** PHC string. */
  readonly passwordHash: string;
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
  /** Rises with every change of the account's friend list; an equal version means "unchanged". */
  readonly rosterVersion: number;
}

export interface Device {
  readonly device: DeviceId;
  readonly account: AccountNumber;
  /** X25519; unique over all devices. */
  readonly exchangeKey: Uint8Array;
  /** Ed25519. */
  readonly signKey: Uint8Array;
  /** False after logout or revocation: the key no longer logs in. */
  readonly active: boolean;
  readonly epoch: SessionEpoch;
  readonly loginCount: number;
}

export interface DeviceKeys {
  readonly device: DeviceId;
  readonly exchangeKey: Uint8Array;
  readonly signKey: Uint8Array;
}

export interface NewAccount extends DeviceKeys {
  readonly name: AccountName;
  readonly displayName: string;
  readonly passwordHash: string;
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
  readonly createdAt: WallMs;
}

/** One line of an account's friend list, joined with what it shows of the other account. */
export interface RosterRow {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  readonly state: RosterState;
  readonly version: number;
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly text: string;
}

/** The accounts whose friend lists a change touched, with their new versions: whom to push to. */
export interface RosterChange {
  readonly touched: readonly { readonly account: AccountNumber; readonly version: number }[];
}

/** What a write to a pair left behind. */
export interface FriendshipChange extends RosterChange {
  /** Whether the two are friends of each other once this is committed. */
  readonly friends: boolean;
}

/** What a newer list of an account's devices left behind. */
export interface DeviceListChange extends RosterChange {
  /** Devices whose keys no longer log in, since the list does not hold them, with the epoch of their last session. */
  readonly revoked: readonly { readonly device: DeviceId; readonly epoch: SessionEpoch }[];
}

export type FriendError = 'self' | 'not-found' | 'already-friends' | 'request-pending' | 'too-many' | 'not-friends';

export interface Notice {
  readonly id: number;
  readonly at: WallMs;
  readonly text: string;
}

/**
 * Everything the server must remember. Asynchronous from the first day, because PostgreSQL is coming; a write is
 * durable (synced) when its promise resolves, and each call is one transaction. Promises of writes resolve in the order of
 * their commits, so that of two crossing changes the later one is published last. Implementations: memory (simulator;
 * loses on `crash()` what was not synced), SQLite in a worker. One contract suite covers them all.
 */
export interface Store {
  /** Numbers count from 10001 up and are never given twice. */
  register(account: NewAccount): Promise<Result<Account, 'name-taken' | 'device-taken'>>;
  accountByName(name: AccountName): Promise<Account | undefined>;
  accountByNumber(account: AccountNumber): Promise<Account | undefined>;
  deviceByExchangeKey(exchangeKey: Uint8Array): Promise<Device | undefined>;
  devicesOf(account: AccountNumber): Promise<readonly Device[]>;
  /**
   * After a password login: the device may log in by key, the newer signed list replaces the old one, and no device of
   * the account may log in by key that it does not hold.
   * @param listed the devices of `deviceList`, `keys` among them
   * @returns `older-list`, and nothing changed, when another list is stored that is as new or newer
   */
  activateDevice(
    account: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Promise<Result<DeviceListChange, 'device-taken' | 'older-list'>>;
  /**
   * Starts a session of an active device: epoch = max(old + 1, wall clock in ms), loginCount + 1, in one statement.
   * @returns undefined when the device is unknown or no longer active
   */
  claimSession(
    device: DeviceId,
    now: WallMs,
  ): Promise<{ readonly account: Account; readonly device: Device } | undefined>;
  /** Forgets the device key, if `epoch` is still the device's current one. @returns false when it is not */
  deactivateDevice(device: DeviceId, epoch: SessionEpoch): Promise<boolean>;

  /** Rows with a version above `since` (0 for all), ascending by version, and the list's version. */
  roster(
    account: AccountNumber,
    since: number,
  ): Promise<{ readonly version: number; readonly rows: readonly RosterRow[] }>;
  /** True while both are friends of each other. */
  areFriends(a: AccountNumber, b: AccountNumber): Promise<boolean>;
  friendsOf(account: AccountNumber): Promise<readonly AccountNumber[]>;
  /**
   * Asks for friendship; when the other side has asked already, this accepts. Asking again replaces the text.
   * Each write is fenced by the epoch of the session that makes it (D9): a lower epoch than the device's is 'stale-epoch'.
   */
  friendAdd(
    by: Fence,
    to: AccountNumber,
    text: string,
    now: WallMs,
  ): Promise<Result<FriendshipChange, FriendError | 'stale-epoch'>>;
  friendAnswer(
    by: Fence,
    from: AccountNumber,
    accept: boolean,
    now: WallMs,
  ): Promise<Result<FriendshipChange, FriendError | 'stale-epoch'>>;
  /** Removes a friend, or withdraws a request of one's own. Both sides keep a tombstone row, and so many of them at most. */
  friendRemove(
    by: Fence,
    other: AccountNumber,
    now: WallMs,
  ): Promise<Result<FriendshipChange, FriendError | 'stale-epoch'>>;

  addNotice(text: string, now: WallMs): Promise<Notice>;
  close(): Promise<void>;
}

/** Who writes: the session must still be its device's newest. */
export interface Fence {
  readonly account: AccountNumber;
  readonly device: DeviceId;
  readonly epoch: SessionEpoch;
}
