import type { PresenceStatus, RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { StoredMessage, SystemLine } from './message.ts';
import type { MessageStore } from './message-store.ts';

export * from './message.ts';

/** The account this profile belongs to, and what it must remember between runs. One per profile. */
export interface Profile {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  readonly serverHost: string;
  readonly serverPort: number;
  /** The server's static key, pinned at first contact (R10). */
  readonly serverKey: Uint8Array;
  /** False after `account logout`: history stays, the link stays down until the next login. */
  readonly signedIn: boolean;
  readonly incarnation: Incarnation;
  /** As last told by the server; a profile that is behind it was restored or cloned (R17). */
  readonly loginCount: number;
  readonly rosterVersion: number;
  /** R5: no handshake stamp at or below this may be used again; reserved ahead in blocks, so that a send need not wait. */
  readonly stampReserved: number;
  readonly deviceListVersion: number;
  readonly signatureLine: string;
  /** R7: a recovery code was made that perhaps nobody has seen; the next login makes one that is shown. */
  readonly recoveryUnseen: boolean;
}

/** What the user wants to be seen as. */
export type PresenceWish = PresenceStatus | 'invisible';

/** What the user has chosen for this profile; it does not leave the machine. */
export interface Settings {
  /** D8. */
  readonly neverDirect: boolean;
  readonly autoAwayMs: number;
  /** `offline`: no link, also not at the next start; `invisible`: a link, and friends are told nothing of it (R23). */
  readonly presence: PresenceWish;
  readonly statusText: string;
  /** Off: friends never learn that one types, or what one has read. */
  readonly sendTyping: boolean;
  readonly sendReadReceipts: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  neverDirect: false,
  autoAwayMs: 600_000,
  presence: 'online',
  statusText: '',
  sendTyping: true,
  sendReadReceipts: true,
};

/** A friend or a request, as in the newest roster, with the account key pinned when friendship began. */
export interface Contact extends RosterEntry {
  /** Pinned at accept (D3); a different `accountKey` afterwards stops sending. Empty until then. */
  readonly pinnedKey: Uint8Array;
  /** Own messages of theirs not yet marked read. */
  readonly unread: number;
  readonly local: ContactNotes;
}

/** What only this profile knows of an account. Kept through removal and before the first request. */
export interface ContactNotes {
  readonly remark: string;
  readonly group: string;
  readonly neverDirect: boolean;
  /** The pinned key was compared by the user or came by a link. Another pin clears it, unless given with it. */
  readonly verified: boolean;
  /** A device list came that does not follow from the one known (R6): nothing is sent until the user has looked. */
  readonly listBroken: boolean;
}

export const NO_NOTES: ContactNotes = {
  remark: '',
  group: '',
  neverDirect: false,
  verified: false,
  listBroken: false,
};

/**
 * All that a peer remembers besides its keys. Every promise of a write resolves when the write is durable
 * (synchronous=FULL), and calls that wait together share one sync (group commit). A read never tells what a crash could
 * take back. A call that fails rejects with a StoreError and has changed nothing. Implementations: memory (simulator;
 * `crash()` loses what was not synced), SQLite in a worker of its own. One contract suite.
 */
export interface PeerStore extends MessageStore {
  profile(): Promise<Profile | undefined>;
  saveProfile(profile: Profile): Promise<void>;
  /**
   * Changes some fields; the profile must exist (StoreError `no-profile`). Taking another incarnation, here or by
   * `saveProfile`, numbers the undelivered messages anew under it, in order: their old numbers may have been used by
   * another copy of this profile, and a receipt for those must not count for these (R17). Ids stay, so a friend that
   * has one already drops the double.
   */
  updateProfile(patch: Partial<Profile>): Promise<void>;

  contacts(): Promise<readonly Contact[]>;
  /**
   * Replaces the given rows (by account) and sets rosterVersion, in one transaction. Pins a key when `state` becomes
   * `member` for the first time. A pin outlives removal, so that no server can change a key by removing and adding.
   * @param beside what these rows mean, in the same transaction: lists that do not follow, and what the conversations say
   * @returns the lines
   */
  applyRoster(
    entries: readonly RosterEntry[],
    rosterVersion: number,
    beside?: { readonly broken: readonly AccountNumber[]; readonly lines: readonly SystemLine[] },
  ): Promise<readonly StoredMessage[]>;
  /** Pins the contact's present account key: the user looked and agreed. Clears `listBroken`; `verified` as given. */
  acceptAccountKey(account: AccountNumber, verified: boolean): Promise<void>;
  /**
   * Pins a key that came by a link, from its owner. Is not replaced by the first entry: a different `accountKey` there is
   * then a changed key. Another pin is replaced only while there is no entry, and zeros are never pinned (ID6).
   * @returns whether this key is the pinned one now
   */
  pinAccountKey(account: AccountNumber, accountKey: Uint8Array, verified: boolean): Promise<boolean>;
  /** Changes some notes of an account, also of one that is in no list yet. */
  noteContact(account: AccountNumber, patch: Partial<ContactNotes>): Promise<void>;

  settings(): Promise<Settings>;
  saveSettings(patch: Partial<Settings>): Promise<void>;
  /** The signed lists of the own account that were seen or made, ascending by version: its chain (R6). */
  ownDeviceLists(): Promise<readonly Uint8Array[]>;
  /**
   * Adds the lists behind those that are there, but none twice; with `anew` the chain of a new account key takes their
   * place. The newest DEVICE_CHAIN_MAX are kept.
   */
  saveOwnDeviceLists(lists: readonly Uint8Array[], anew: boolean): Promise<void>;

  /** The newest handshake stamp accepted from a friend's device (R5), 0 when none. */
  peerStamp(device: DeviceId): Promise<number>;
  savePeerStamp(device: DeviceId, stamp: number): Promise<void>;
  /** The newest NOTICES_MAX are kept. @returns false when it was there already, or is older than all that are kept */
  saveNotice(notice: Notice): Promise<boolean>;
  /** No banner of it any more. @returns undefined when there is no such notice */
  dismissNotice(id: number): Promise<StoredNotice | undefined>;
  /** Newest first. */
  notices(limit: number): Promise<readonly StoredNotice[]>;
  close(): Promise<void>;
}

export interface Notice {
  readonly id: number;
  readonly at: WallMs;
  readonly text: string;
}

export interface StoredNotice extends Notice {
  /** Somebody has read it at a face of this profile. */
  readonly dismissed: boolean;
}
