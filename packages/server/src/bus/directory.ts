import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import { deviceIdToBytes } from '@magpie/common/ids.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { EndOfSession } from './bus.ts';

/** A friend list that changed during every one of so many reads: the login is refused as busy. */
const FRIENDS_READS_MAX = 8;
/** Revocations remembered, newest last: each matters only while a login of its device may be under way, for seconds. */
const REVOCATIONS_MAX = 4_096;

/** What a device hears beside the code, for people who read logs. */
const REASONS: Readonly<Record<EndOfSession, string>> = {
  revoked: 'this device was taken off the list of devices',
  'password-changed': 'the password was changed elsewhere',
  'account-locked': 'the operator locked the account',
  'account-deleted': 'the account was deleted',
};

/** Ends the connection of a session that must not go on. */
export function closeRevoked(wire: Pick<ClientWire, 'close'>, why: EndOfSession): void {
  wire.close(why, REASONS[why]);
}

/** The way to one client, as services see it: the connection, without its states. */
export interface ClientWire {
  readonly open: boolean;
  /** Bytes on their way that the operating system has not taken. */
  readonly queuedBytes: number;
  /** Rises whenever the write queue has run empty. */
  readonly drainCount: number;
  /** Resolves when more of the write queue was taken, or the connection is over. */
  whenTaken(): Promise<void>;
  /** @param frame encoded; ours no longer */
  send(frame: Uint8Array): void;
  close(code: RefusalCode, reason: string): void;
}

/** A login that the store has accepted. */
export interface Login {
  readonly account: AccountNumber;
  readonly device: DeviceId;
  readonly epoch: SessionEpoch;
  readonly rosterVersion: number;
  readonly showLastSeen: boolean;
  /** The friend list, where the store gave it together with the login; good while no friendship has changed since. */
  readonly friends?: FriendsRead | undefined;
}

export interface FriendsRead {
  readonly accounts: readonly AccountNumber[];
  /** `friendshipChanges` of the directory before the read began. */
  readonly changesBefore: number;
}

/** One device that is logged in here. */
export class LiveSession {
  readonly account: LiveAccount;
  readonly device: DeviceId;
  readonly deviceBytes: Uint8Array;
  readonly epoch: SessionEpoch;
  readonly wire: ClientWire;
  /** `offline` is invisible. Only presence sets it. */
  status: PresenceStatus = 'online';
  /** What is said beside the status. Only presence sets it. */
  statusText = '';

  constructor(account: LiveAccount, device: DeviceId, epoch: SessionEpoch, wire: ClientWire) {
    this.account = account;
    this.device = device;
    this.deviceBytes = deviceIdToBytes(device);
    this.epoch = epoch;
    this.wire = wire;
  }
}

/** A device whose connection was lost a moment ago: its friends are told nothing until the grace is over (R22). */
export interface LingeringDevice {
  readonly device: DeviceId;
  readonly epoch: SessionEpoch;
  readonly status: PresenceStatus;
  readonly statusText: string;
  readonly until: Instant;
}

/** An account with at least one live or lingering device. */
export class LiveAccount {
  readonly number: AccountNumber;
  readonly sessions = new Map<DeviceId, LiveSession>();
  readonly lingering = new Map<DeviceId, LingeringDevice>();
  /** Kept equal to the store's by friendship events. */
  readonly friends: Set<AccountNumber>;
  /** Roster version up to which changes were pushed to the sessions. */
  pushedVersion: number;
  /** Whether friends may know when it was last here. Whoever commits another policy sets it in that same turn. */
  showLastSeen: boolean;

  constructor(number: AccountNumber, friends: Set<AccountNumber>, pushedVersion: number, showLastSeen: boolean) {
    this.number = number;
    this.friends = friends;
    this.pushedVersion = pushedVersion;
    this.showLastSeen = showLastSeen;
  }
}

/**
 * Who is here: the tables that every service looks into. Holds no rules; `presence` decides how long an account
 * without a connection stays.
 */
export class Directory {
  readonly #accounts = new Map<AccountNumber, LiveAccount>();
  readonly #sessions = new Map<DeviceId, LiveSession>();
  /** Accounts whose friend list some login is reading, with the changes that happened meanwhile. */
  readonly #loading = new Map<AccountNumber, { changes: number; readers: number }>();
  /** The last epochs of devices whose sessions are over, and why, for logins that cross that. */
  readonly #revoked = new Map<DeviceId, { readonly epoch: SessionEpoch; readonly why: EndOfSession }>();
  #generation = 0;
  #friendshipChanges = 0;

  /** Rises with every change of sessions, friendships or visibility: cached relay routes are good for one value. */
  get generation(): number {
    return this.#generation;
  }

  /** Rises with every friendship that begins or ends: who reads a friend list notes it before. */
  get friendshipChanges(): number {
    return this.#friendshipChanges;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  account(number: AccountNumber): LiveAccount | undefined {
    return this.#accounts.get(number);
  }

  session(device: DeviceId): LiveSession | undefined {
    return this.#sessions.get(device);
  }

  sessions(): Iterable<LiveSession> {
    return this.#sessions.values();
  }

  /**
   * Reads the friend list of an account that logs in, then enters its session and calls `entered` in that same turn.
   * A friendship that changes during the read makes it read again, so that a removal is never missed.
   * @returns `superseded` when the device has a session of a higher epoch, `closed` when the connection is gone or the
   * device was revoked meanwhile (its connection is closed then), `unsettled` when the list would not stand still:
   * nothing was entered then
   */
  async enter(
    login: Login,
    wire: ClientWire,
    readFriends: () => Promise<readonly AccountNumber[]>,
    entered: (session: LiveSession, replaced: LiveSession | undefined) => void,
  ): Promise<'entered' | 'superseded' | 'closed' | 'unsettled'> {
    const load = this.#loading.get(login.account) ?? { changes: 0, readers: 0 };
    this.#loading.set(login.account, load);
    load.readers += 1;
    try {
      for (let attempt = 0; attempt < FRIENDS_READS_MAX; attempt++) {
        const changesBefore = load.changes;
        const friends = this.#accounts.has(login.account)
          ? []
          : (this.#stillSo(login.friends) ?? (await readFriends()));
        if (!wire.open) return 'closed';
        const known = this.#accounts.has(login.account);
        if (!known && load.changes !== changesBefore) continue;
        const revoked = this.#revoked.get(login.device);
        if (revoked && revoked.epoch >= login.epoch) {
          closeRevoked(wire, revoked.why);
          return 'closed';
        }
        if ((this.#sessions.get(login.device)?.epoch ?? 0) > login.epoch) return 'superseded';
        const { session, replaced } = this.#enter(login, wire, friends);
        entered(session, replaced);
        return 'entered';
      }
      return 'unsettled';
    } finally {
      load.readers -= 1;
      if (load.readers === 0) this.#loading.delete(login.account);
    }
  }

  #stillSo(read: FriendsRead | undefined): readonly AccountNumber[] | undefined {
    return read?.changesBefore === this.#friendshipChanges ? read.accounts : undefined;
  }

  #enter(login: Login, wire: ClientWire, friends: readonly AccountNumber[]) {
    let account = this.#accounts.get(login.account);
    if (!account) {
      account = new LiveAccount(login.account, new Set(friends), login.rosterVersion, login.showLastSeen);
      this.#accounts.set(login.account, account);
    }
    const session = new LiveSession(account, login.device, login.epoch, wire);
    const replaced = this.#sessions.get(login.device);
    this.#sessions.set(login.device, session);
    account.sessions.set(login.device, session);
    this.#generation += 1;
    return { session, replaced };
  }

  /** @returns false when the device has a newer session already */
  leave(session: LiveSession): boolean {
    if (this.#sessions.get(session.device) !== session) return false;
    this.#sessions.delete(session.device);
    session.account.sessions.delete(session.device);
    this.#generation += 1;
    return true;
  }

  /** Lets no session of the device up to this epoch in any more. @returns the one that is here, for its end */
  revoke(device: DeviceId, epoch: SessionEpoch, why: EndOfSession): LiveSession | undefined {
    this.#revoked.delete(device);
    this.#revoked.set(device, { epoch, why });
    const oldest = this.#revoked.size > REVOCATIONS_MAX ? this.#revoked.keys().next().value : undefined;
    if (oldest !== undefined) this.#revoked.delete(oldest);
    const session = this.#sessions.get(device);
    return session && session.epoch <= epoch ? session : undefined;
  }

  /** Forgets the account if no device of it is left, live or lingering. */
  forgetIfEmpty(account: LiveAccount): void {
    if (account.sessions.size === 0 && account.lingering.size === 0) this.#accounts.delete(account.number);
  }

  /** @returns whether this is news to an account here: a mere request changes nothing and must show nothing */
  setFriendship(a: AccountNumber, b: AccountNumber, friends: boolean): boolean {
    this.#friendshipChanges += 1;
    const changedA = this.#setFriend(a, b, friends);
    const changedB = this.#setFriend(b, a, friends);
    this.#generation += 1;
    return changedA || changedB;
  }

  #setFriend(of: AccountNumber, other: AccountNumber, friends: boolean): boolean {
    const load = this.#loading.get(of);
    if (load) load.changes += 1;
    const set = this.#accounts.get(of)?.friends;
    if (!set || set.has(other) === friends) return false;
    if (friends) set.add(other);
    else set.delete(other);
    return true;
  }

  visibilityChanged(): void {
    this.#generation += 1;
  }

  /** The session of a device as its friend may see it: live, visible and of a friend. */
  friendSession(of: LiveAccount, device: DeviceId): LiveSession | undefined {
    const session = this.#sessions.get(device);
    if (!session || session.status === 'offline') return undefined;
    return of.friends.has(session.account.number) ? session : undefined;
  }
}
