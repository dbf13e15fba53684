import type { ContentRefusal, HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { PresenceStatus, RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';

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

/** What the user has chosen for this profile; it does not leave the machine. */
export interface Settings {
  /** D8. */
  readonly neverDirect: boolean;
  readonly autoAwayMs: number;
  /** `offline`: stay away at the next start, too. */
  readonly presence: PresenceStatus;
  readonly statusText: string;
}

export const DEFAULT_SETTINGS: Settings = {
  neverDirect: false,
  autoAwayMs: 600_000,
  presence: 'online',
  statusText: '',
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

export const MESSAGE_STATES = ['queued', 'stored', 'delivered', 'read', 'refused'] as const;
/** R14. Incoming messages are `delivered` until marked `read`. */
export type MessageState = (typeof MESSAGE_STATES)[number];

/** The road a message took (R14). */
export interface MessageRoad {
  readonly kind: 'direct' | 'relay' | 'mailbox';
  readonly lan: boolean;
  /** Smoothed round trip when it was sent; 0 when unknown. */
  readonly rttMs: number;
}

export interface StoredMessage {
  readonly id: MessageId;
  /** The other account of a direct conversation. */
  readonly chat: AccountNumber;
  readonly direction: 'in' | 'out';
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly sequence: number;
  readonly stamp: HybridStamp;
  readonly kind: 'text' | 'void';
  readonly text: string;
  readonly state: MessageState;
  /** Why it is still queued, or refused; empty otherwise. */
  readonly reason: '' | ContentRefusal | 'key-changed' | 'cancelled';
  readonly road: MessageRoad | undefined;
  /** Rises with every change of any row: the event cursor (R29). */
  readonly change: number;
}

export interface OutgoingText {
  readonly id: MessageId;
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly text: string;
}

export interface IncomingContent {
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly content: NumberedContent;
  readonly road: MessageRoad;
}

/** What became of one incoming content. `gap`: an earlier sequence of that device is missing; nothing was written. */
export type IncomingOutcome =
  | { readonly kind: 'committed'; readonly message: StoredMessage }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'gap'; readonly next: number };

export interface MessageQuery {
  readonly chat: AccountNumber;
  readonly limit: number;
  /** Only messages before (older than) this one in the conversation's order. */
  readonly before?: MessageId;
  readonly after?: MessageId;
}

/**
 * All that a peer remembers besides its keys. Every promise of a write resolves when the write is durable
 * (synchronous=FULL), and calls that wait together share one sync (group commit). A read never tells what a crash could
 * take back. A call that fails rejects with a StoreError and has changed nothing. Implementations: memory (simulator;
 * `crash()` loses what was not synced), SQLite in a worker of its own. One contract suite.
 */
export interface PeerStore {
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
   */
  applyRoster(entries: readonly RosterEntry[], rosterVersion: number): Promise<void>;
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

  /**
   * Gives the next sequence of (chat, device, current incarnation) and the conversation's next hybrid stamp
   * (max(wall, last) and a counter, R16), and commits the message as `queued`. An id that exists already returns the
   * existing row unchanged (idempotent).
   */
  commitOutgoing(text: OutgoingText, wallNow: WallMs): Promise<StoredMessage>;
  /**
   * Own numbers that no device of the chat has committed yet, by sequence, at most `limit`: messages that are queued or
   * stored, and in their place refused ones as `void` without text, which fill the number until it is receipted (R17).
   */
  undelivered(chat: AccountNumber, limit: number): Promise<readonly StoredMessage[]>;
  /** Chats that have undelivered messages, ascending. */
  chatsWithUndelivered(): Promise<readonly AccountNumber[]>;
  /**
   * The devices of a friend to which messages go from now on (R19). A new one gets what no device has committed yet and
   * all that follows; one that is not named is forgotten, and would begin anew.
   */
  meetDevices(chat: AccountNumber, devices: readonly DeviceId[]): Promise<void>;
  /**
   * Own messages that this device has not committed, whatever others have, in the order in which they were numbered, at
   * most `limit`; refused ones as `void`. None for a device that was not met.
   */
  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): Promise<readonly StoredMessage[]>;
  /** Where numberings begin for this device that do not begin at 1, until it has committed something of them. */
  openings(chat: AccountNumber, device: DeviceId): Promise<readonly NumberingOpening[]>;
  /** The devices that lack messages, by chat. */
  devicesBehind(): Promise<readonly { readonly chat: AccountNumber; readonly device: DeviceId }[]>;
  /** Notes by which road a message was last sent, until it is delivered. */
  noteRoad(id: MessageId, road: MessageRoad): Promise<void>;
  /**
   * A receipt of the friend's device: own messages of that incarnation within the ranges become `delivered` or `read`
   * (never backwards), as far as they were meant for that device. From a device that was not met it changes nothing.
   * @returns the rows that changed
   */
  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
    device: DeviceId,
  ): Promise<readonly StoredMessage[]>;
  /** The friend's device will not take it. `clock` keeps it queued with the reason (R16); others are final. */
  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
  ): Promise<readonly StoredMessage[]>;
  /**
   * The friendship ended. Of all that is queued or stored in the chat, what certainly never left is refused for good
   * (`not-friends`); the rest, which the friend may have, keeps its state with that reason. @returns the rows that changed
   */
  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): Promise<readonly StoredMessage[]>;

  /**
   * Commits contents of friends in order: an item is committed only when its sequence is the next of its (chat,
   * device, incarnation); doubles by number or by message id (within the chat) write no message, but the number of a
   * double by id counts as committed, or nothing after it could be. One transaction, one sync for all.
   * Also lifts the conversation's hybrid clock and the unread count.
   */
  commitIncoming(items: readonly IncomingContent[], wallNow: WallMs): Promise<readonly IncomingOutcome[]>;
  /**
   * The friend's device says that it sends nothing below `from` of this numbering to us: what is missing below counts
   * as committed, so that what follows can be. @returns false when the device has NUMBERINGS_PER_DEVICE_MAX others
   */
  openNumbering(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, from: number): Promise<boolean>;
  /** What of each numbering has been committed, for cumulative receipts: the highest sequence without gaps. */
  receivedUpTo(chat: AccountNumber): Promise<readonly ReceivedNumbering[]>;
  /** Marks incoming messages of the chat up to and including this one (all when absent) as read. @returns rows changed */
  markRead(chat: AccountNumber, upTo?: MessageId): Promise<readonly StoredMessage[]>;

  message(id: MessageId): Promise<StoredMessage | undefined>;
  /** In the conversation's order (stamp, then device id), oldest first, void ones left out. */
  messages(query: MessageQuery): Promise<readonly StoredMessage[]>;
  /** Rows changed after this cursor, by change, at most `limit`. */
  changesSince(change: number, limit: number): Promise<readonly StoredMessage[]>;
  lastChange(): Promise<number>;

  /** The newest handshake stamp accepted from a friend's device (R5), 0 when none. */
  peerStamp(device: DeviceId): Promise<number>;
  savePeerStamp(device: DeviceId, stamp: number): Promise<void>;
  /** The newest NOTICES_MAX are kept. @returns false when it was there already, or is older than all that are kept */
  saveNotice(notice: StoredNotice): Promise<boolean>;
  /** Newest first. */
  notices(limit: number): Promise<readonly StoredNotice[]>;
  close(): Promise<void>;
}

/** An own numbering that begins for a device at `from`: what is below was settled before the device was known. */
export interface NumberingOpening {
  readonly incarnation: Incarnation;
  readonly from: number;
}

export interface ReceivedNumbering {
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly deliveredUpTo: number;
  /** Everything up to here that can be read has been read. */
  readonly readUpTo: number;
}

export interface StoredNotice {
  readonly id: number;
  readonly at: WallMs;
  readonly text: string;
}
