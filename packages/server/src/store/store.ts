import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MailStore } from './mail-store.ts';

export type { MailError, MailKeyId, MailLeft, MailQuota, NewMail, StoredMail } from './mail-store.ts';

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
  readonly state: AccountState;
  readonly signatureLine: string;
  readonly ask: AskPolicy;
  readonly question: string;
  readonly showLastSeen: boolean;
  /** R7: proves a recovery code; 32 zero bytes when there is none. */
  readonly recoveryKey: Uint8Array;
  /** R7: the account's seed under the recovery code; empty when there is none. */
  readonly sealedSeed: Uint8Array;
  /** Notices up to this id are in the hands of its owner, or older than the account. */
  readonly noticeAckedId: number;
  readonly createdAt: WallMs;
}

/** `locked` by the operator: nobody logs in. `deleted`: only name and number are left, so that neither is given again. */
export type AccountState = 'active' | 'locked' | 'deleted';

/** The 32 zero bytes of an account that the operator made and nobody has logged in to (R32). */
export const NO_ACCOUNT_KEY: Uint8Array = new Uint8Array(32);

/** R7. */
export interface Recovery {
  readonly recoveryKey: Uint8Array;
  readonly sealedSeed: Uint8Array;
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
  readonly label: string;
  /** When its last session began; 0 when it never had one. */
  readonly lastLoginAt: WallMs;
}

export interface DeviceKeys {
  readonly device: DeviceId;
  readonly exchangeKey: Uint8Array;
  readonly signKey: Uint8Array;
}

export interface NewAccount extends DeviceKeys, Recovery {
  readonly name: AccountName;
  readonly displayName: string;
  readonly passwordHash: string;
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
  readonly label: string;
  readonly createdAt: WallMs;
  /** Hash of the invitation that this registration uses up, in the same transaction; absent where none is needed. */
  readonly inviteHash?: Uint8Array | undefined;
}

/** An account without keys, made by the operator (R32). */
export interface NewKeylessAccount {
  readonly name: AccountName;
  readonly displayName: string;
  readonly passwordHash: string;
  readonly createdAt: WallMs;
}

/** A device's way into the list of its account, after its owner has proved password or recovery code (R7). */
export interface Enrollment extends DeviceKeys {
  readonly label: string;
  /** The key that the account must still have; another one is `key-changed`. */
  readonly expectedAccountKey: Uint8Array;
  /** What was proved is the password of this hash; another one is `password-changed`. */
  readonly expectedPasswordHash: string;
  /** The key from now on. With another one than before the chain of lists begins anew. */
  readonly accountKey: Uint8Array;
  readonly deviceList: Uint8Array;
  readonly deviceListVersion: number;
  /** All devices of that list. */
  readonly listed: readonly DeviceId[];
  /** Replaces what is stored; absent: that stays. */
  readonly recovery?: Recovery | undefined;
}

/** What a session is told of its account: the few fields that every login needs, so that no key or list travels for nothing. */
export type SessionAccount = Pick<
  Account,
  | 'account'
  | 'name'
  | 'displayName'
  | 'signatureLine'
  | 'rosterVersion'
  | 'deviceListVersion'
  | 'showLastSeen'
  | 'noticeAckedId'
>;

export type SessionDevice = Pick<Device, 'device' | 'epoch' | 'loginCount'>;

/** All that a login by key needs, as it stood in one transaction. */
export interface ResumedSession {
  readonly account: SessionAccount;
  readonly device: SessionDevice;
  readonly friends: readonly AccountNumber[];
}

/** What operators see of an account. */
export interface AccountSummary {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  readonly state: AccountState;
  readonly createdAt: WallMs;
  /** Newest login of any of its devices; 0: never. */
  readonly lastLoginAt: WallMs;
  /** Devices that may log in by key. */
  readonly devices: number;
}

export interface Invite {
  /** BLAKE2b-256 of the code. */
  readonly hash: Uint8Array;
  readonly createdAt: WallMs;
  readonly expiresAt: WallMs;
  readonly usesLeft: number;
}

/** One line of what operators and accounts did. Never a password, a code, an address or a text of anybody. */
export interface AuditEntry {
  readonly at: WallMs;
  /** `operator`, or the number of the account that did it itself. */
  readonly actor: 'operator' | AccountNumber;
  /** A closed set in accounts/audit.ts: `user-add`, `user-lock`, `password-change`, `login-failures` … */
  readonly action: string;
  /** The account it was done to, if any. */
  readonly subject: AccountNumber | undefined;
  /** Counts and codes for the reader; at most 256 characters. */
  readonly detail: string;
}

export interface StoredAuditEntry extends AuditEntry {
  readonly id: number;
}

export interface StoreCounts {
  readonly accounts: number;
  readonly locked: number;
  readonly deleted: number;
  readonly devices: number;
  readonly friendships: number;
  readonly notices: number;
  readonly invites: number;
  /** Envelopes that wait, slots among them, and their bytes. */
  readonly mails: number;
  readonly mailBytes: number;
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
  readonly signatureLine: string;
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

/** Devices whose keys no longer log in, with the epoch of their last session: those are over. */
export interface Revocation {
  readonly revoked: readonly { readonly device: DeviceId; readonly epoch: SessionEpoch }[];
}

/** What a newer list of an account's devices left behind. */
export interface DeviceListChange extends RosterChange, Revocation {}

export interface AccountDeletion extends RosterChange, Revocation {
  /** Whose friend it was. */
  readonly friends: readonly AccountNumber[];
}

export type FriendError =
  | 'self'
  | 'not-found'
  | 'already-friends'
  | 'request-pending'
  | 'too-many'
  | 'not-friends'
  /** The account asks a question, and the request has no text. */
  | 'answer-needed'
  /** Blocked by the one who asks: unblock first. */
  | 'blocked';

/** What was proved before the write holds no longer: by another password, or because the operator has locked the account. */
export type ProofLost = 'password-changed' | 'locked';

/** What must still hold when a password is replaced; what is absent may be anything. */
export interface PasswordCondition {
  /** The session that does it: its device alone keeps its key. */
  readonly by?: Fence;
  readonly passwordHash: string;
  /** By which the owner was known. */
  readonly recoveryKey?: Uint8Array;
}

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
export interface Store extends MailStore {
  /** Numbers count from 10001 up and are never given twice. */
  register(account: NewAccount): Promise<Result<Account, 'name-taken' | 'device-taken' | 'bad-invite'>>;
  /** As `register`, for an account without keys. */
  addAccount(account: NewKeylessAccount): Promise<Result<Account, 'name-taken'>>;
  accountByName(name: AccountName): Promise<Account | undefined>;
  accountByNumber(account: AccountNumber): Promise<Account | undefined>;
  deviceByExchangeKey(exchangeKey: Uint8Array): Promise<Device | undefined>;
  devicesOf(account: AccountNumber): Promise<readonly Device[]>;
  /** By number, ascending, above `after` (0 for all); `text` is part of a name or display name, in any case. */
  accounts(after: number, limit: number, text: string): Promise<readonly AccountSummary[]>;
  /** The device joins the account's list, which replaces the old one; what that list does not hold is revoked. */
  enroll(
    account: AccountNumber,
    enrollment: Enrollment,
  ): Promise<Result<DeviceListChange, 'device-taken' | 'older-list' | 'key-changed' | ProofLost>>;
  /**
   * A newer list from a device that is logged in; what it does not hold is revoked.
   * @param listed the devices of `deviceList`, that of `by` among them
   */
  replaceDeviceList(
    by: Fence,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
  ): Promise<Result<DeviceListChange, 'older-list' | 'stale-epoch'>>;
  /** The lists of the present account key above version `since`, ascending, at most `limit`: each signed, as received. */
  deviceChain(account: AccountNumber, since: number, limit: number): Promise<readonly Uint8Array[]>;
  /**
   * A new password. Every other device must give it before its key logs in again (R21); the list stays.
   * @param condition the operator has none
   * @returns `password-changed`: another password or recovery key holds, or there is no such account
   */
  setPassword(
    account: AccountNumber,
    passwordHash: string,
    condition: PasswordCondition | undefined,
  ): Promise<Result<Revocation, ProofLost | 'stale-epoch'>>;
  /** The same password under other parameters. @returns false, and nothing changed, when another hash is stored */
  rehashPassword(account: AccountNumber, oldHash: string, newHash: string): Promise<boolean>;
  setRecovery(by: Fence, recovery: Recovery): Promise<Result<void, 'stale-epoch'>>;
  /** All friends and open requests are touched, and all sessions of the account itself. */
  setProfile(
    by: Fence,
    profile: { readonly displayName: string; readonly signatureLine: string },
  ): Promise<Result<RosterChange, 'stale-epoch'>>;
  setPolicy(
    by: Fence,
    policy: { readonly ask: AskPolicy; readonly question: string; readonly showLastSeen: boolean },
  ): Promise<Result<void, 'stale-epoch'>>;
  /** @returns the sessions that a lock ends; their keys log in again after the unlock. `undefined`: no such account */
  setLocked(account: AccountNumber, locked: boolean): Promise<Revocation | undefined>;
  /**
   * Everything of it goes but name and number; friends keep a tombstone.
   * @param by a session of the account, which must still be its device's newest; absent when the operator does it
   * @returns `undefined`: no such account, or deleted; or `by` is over, or its account locked
   */
  deleteAccount(account: AccountNumber, now: WallMs, by?: Fence): Promise<AccountDeletion | undefined>;

  addInvite(invite: Invite): Promise<Result<void, 'too-many'>>;
  /** Those that still let somebody in, oldest first. */
  invites(now: WallMs): Promise<readonly Invite[]>;
  /** Whether a registration with it would be let in now. */
  inviteIsGood(hash: Uint8Array, now: WallMs): Promise<boolean>;

  /**
   * After a password login: the device may log in by key, the newer signed list replaces the old one, and no device of
   * the account may log in by key that it does not hold.
   * @param listed the devices of `deviceList`, `keys` among them
   * @param expectedPasswordHash that of the password that was given
   * @returns an error, and nothing changed: `older-list` when another list is stored that is as new or newer
   */
  activateDevice(
    account: AccountNumber,
    keys: DeviceKeys,
    deviceList: Uint8Array,
    deviceListVersion: number,
    listed: readonly DeviceId[],
    label: string,
    expectedPasswordHash: string,
  ): Promise<Result<DeviceListChange, 'device-taken' | 'older-list' | ProofLost>>;
  /**
   * Starts a session of an active device: epoch = max(old + 1, wall clock in ms), loginCount + 1, in one statement.
   * @returns undefined when the device is unknown or no longer active; `locked` when its account is
   */
  claimSession(
    device: DeviceId,
    now: WallMs,
  ): Promise<{ readonly account: Account; readonly device: Device } | 'locked' | undefined>;
  /** As `claimSession`, for the active device with this key: the whole way to the store of a login by key. */
  resumeSession(exchangeKey: Uint8Array, now: WallMs): Promise<ResumedSession | 'locked' | undefined>;
  /** Forgets the device key, if `epoch` is still the device's current one. @returns false when it is not */
  deactivateDevice(device: DeviceId, epoch: SessionEpoch): Promise<boolean>;

  /** Rows with a version above `since` (0 for all), ascending by version, and the list's version. */
  roster(
    account: AccountNumber,
    since: number,
  ): Promise<{ readonly version: number; readonly rows: readonly RosterRow[] }>;
  /** True while both are friends of each other. */
  areFriends(a: AccountNumber, b: AccountNumber): Promise<boolean>;
  /** What the list of `owner` says of the other; undefined without a line. */
  rosterState(owner: AccountNumber, other: AccountNumber): Promise<RosterState | undefined>;
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

  /**
   * Ends what there is between the two as a removal does, and keeps the other from asking: what it asks from now on is
   * written on its side only, so that it cannot tell.
   */
  block(by: Fence, other: AccountNumber, now: WallMs): Promise<Result<FriendshipChange, FriendError | 'stale-epoch'>>;
  /** What the other asked meanwhile shows now. `not-found` when it is not blocked. */
  unblock(by: Fence, other: AccountNumber, now: WallMs): Promise<Result<FriendshipChange, FriendError | 'stale-epoch'>>;

  /** When accounts were last visible to friends; a lower time than the one known changes nothing. */
  noteLastSeen(entries: readonly { readonly account: AccountNumber; readonly at: WallMs }[]): Promise<void>;
  /** Of those among `accounts` that are friends of `by` and tell; unrounded. */
  lastSeen(
    by: AccountNumber,
    accounts: readonly AccountNumber[],
  ): Promise<readonly { readonly account: AccountNumber; readonly at: WallMs }[]>;

  addNotice(text: string, now: WallMs): Promise<Notice>;
  /** Above `after`, ascending; of more than `limit` the newest. */
  noticesAfter(after: number, limit: number): Promise<readonly Notice[]>;
  latestNoticeId(): Promise<number>;
  /** Never goes back. */
  ackNotices(account: AccountNumber, upTo: number): Promise<void>;

  /** The newest AUDIT_ENTRIES_MAX of each kind are kept. */
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Newest first, below id `before` (0 for all). */
  audit(before: number, limit: number): Promise<readonly StoredAuditEntry[]>;
  counts(): Promise<StoreCounts>;
  close(): Promise<void>;
}

/** Who writes: the session must still be its device's newest. */
export interface Fence {
  readonly account: AccountNumber;
  readonly device: DeviceId;
  readonly epoch: SessionEpoch;
}
