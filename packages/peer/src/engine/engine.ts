import type { AskPolicy, PresenceStatus, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MessageRoad, PresenceWish, StorageUse, StoredMessage } from '../store/store.ts';
import type { CommandError } from './command-error.ts';

/** The peer's one command surface: every face (CLI, terminal, page) speaks to this and nothing below. */
export interface Engine {
  /** Loads the profile and, when signed in, brings the server link up. */
  start(): Promise<void>;
  /** Says goodbye to the server and to friends, flushes, closes sockets and store. Safe to call twice. */
  stop(): Promise<void>;
  /** Listeners are called in order of events, never inside a command; they must not throw or block. */
  subscribe(listener: (event: EngineEvent) => void): () => void;

  /** @param signal ends it: at once while it is under way, as soon as its turn comes while it waits for another one */
  register(input: RegisterInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>>;
  login(input: LoginInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>>;
  logout(): Promise<Result<void, CommandError>>;
  whoami(): Promise<Result<AccountView, CommandError>>;

  /** Every other device must give the new password from then on (R21). */
  changePassword(oldPassword: string, newPassword: string): Promise<Result<void, CommandError>>;
  /** @param patch what is absent stays */
  setProfile(patch: {
    readonly displayName?: string | undefined;
    readonly signatureLine?: string | undefined;
  }): Promise<Result<AccountView, CommandError>>;
  policy(): Promise<Result<PolicyView, CommandError>>;
  setPolicy(patch: Partial<PolicyView>): Promise<Result<PolicyView, CommandError>>;
  devices(): Promise<Result<readonly DeviceView[], CommandError>>;
  /** Takes a device off the signed list; friends close their sessions with it. @param device id, or its unique beginning */
  revokeDevice(device: string): Promise<Result<readonly DeviceView[], CommandError>>;
  /** A code that lets one new device in; it replaces the one before. It lives in this process only (R7). */
  offerApproval(): Promise<Result<{ readonly code: string; readonly expiresAt: WallMs }, CommandError>>;
  /** Whoever showed the code waits no longer: it opens nothing any more. Of another code than the present one nothing happens. */
  withdrawApproval(code: string): Promise<Result<void, CommandError>>;
  /** A new recovery code; the old one opens nothing any more. */
  renewRecovery(): Promise<Result<{ readonly recoveryCode: string }, CommandError>>;
  /** The face has shown the newest recovery code, or put it where its user wanted. Until then each login makes another. */
  recoveryKept(): Promise<Result<void, CommandError>>;
  /** Deletes the account on the server; this profile is signed out, its history stays. */
  deleteAccount(password: string): Promise<Result<void, CommandError>>;

  contacts(): Promise<Result<readonly ContactView[], CommandError>>;
  /** @param who number or name of a friend (or of somebody in a request) */
  contact(who: string): Promise<Result<ContactView, CommandError>>;
  /** @param who number, name, or an invitation link, whose key is then pinned and verified without the server's word */
  addContact(who: string, text: string): Promise<Result<ContactView, CommandError>>;
  /** What somebody who is asked shows before that: name, number, policy and question. */
  lookup(who: string): Promise<Result<LookupView, CommandError>>;
  answerRequest(who: string, accept: boolean): Promise<Result<ContactView, CommandError>>;
  removeContact(who: string): Promise<Result<void, CommandError>>;
  /** Anybody, friend or not. To the other it looks like a removal. */
  blockContact(who: string): Promise<Result<ContactView, CommandError>>;
  unblockContact(who: string): Promise<Result<ContactView, CommandError>>;
  /** What only this profile knows of a contact. Empty text removes remark or group. */
  setContact(
    who: string,
    patch: {
      readonly remark?: string | undefined;
      readonly group?: string | undefined;
      readonly neverDirect?: boolean | undefined;
    },
  ): Promise<Result<ContactView, CommandError>>;
  safetyNumber(who: string): Promise<Result<SafetyView, CommandError>>;
  /**
   * `matches`: the user has compared the number; the key is pinned with that if none was. `acceptNewKey`: pins the key that
   * the account has now (R32). Neither: it counts as compared no longer. KEY_CHANGED when the number is not that of
   * `digits` (white space does not matter) any more.
   */
  verifyContact(who: string, verdict: Verdict): Promise<Result<SafetyView, CommandError>>;
  /** A link that carries server, pin, number and account key of this account. */
  invitation(): Promise<Result<{ readonly link: string }, CommandError>>;

  presence(): Promise<Result<PresenceView, CommandError>>;
  /** @param text absent: stays */
  setPresence(wish: PresenceWish, text?: string): Promise<Result<PresenceView, CommandError>>;
  /** @param afterMs without activity the status becomes `away`, until there is some; 0: never */
  setAutoAway(afterMs: number): Promise<Result<PresenceView, CommandError>>;
  /** A person did something at a face: what is away by itself comes back. */
  noteActivity(): void;

  /** Never direct, toward anybody: everything goes by the relay, and no address of ours leaves toward a friend (D8). */
  setNeverDirect(on: boolean): Promise<Result<void, CommandError>>;
  notices(limit: number): Promise<Result<readonly NoticeView[], CommandError>>;
  /** It was read: no face needs a banner of it any more. */
  dismissNotice(id: number): Promise<Result<NoticeView, CommandError>>;

  /** Resolves once the message is durable in the outbox (`queued`); events tell the rest. `id` makes it idempotent. */
  send(input: {
    readonly to: string;
    readonly text: string;
    readonly id?: MessageId | undefined;
    /** A message of the same conversation. */
    readonly replyTo?: MessageId | undefined;
  }): Promise<Result<MessageView, CommandError>>;
  /** Shakes the friend's window: a message without text, seldom (NUDGE_EVERY_MS). */
  nudge(to: string): Promise<Result<MessageView, CommandError>>;
  /** Own messages only, for a day. @returns the message as it stands now; `pendingChanges` until the friend has it */
  editMessage(id: MessageId, text: string): Promise<Result<MessageView, CommandError>>;
  /**
   * Own messages only, for a day: text and edits are gone here at once, and there when that arrives. One that has certainly
   * not left is cancelled instead and becomes `refused cancelled`.
   */
  recallMessage(id: MessageId): Promise<Result<MessageView, CommandError>>;
  /** Any message of a conversation. @param on false takes it back */
  react(id: MessageId, emoji: string, on: boolean): Promise<Result<MessageView, CommandError>>;
  /** Tells a friend who is there by a live session; nothing is stored. Quietly does nothing when that is switched off. */
  setTyping(chat: string, active: boolean): Promise<Result<void, CommandError>>;
  messages(input: {
    readonly chat: string;
    readonly limit: number;
    readonly before?: MessageId | undefined;
    readonly after?: MessageId | undefined;
    /** With its neighbours on both sides. */
    readonly around?: MessageId | undefined;
  }): Promise<Result<readonly MessageView[], CommandError>>;
  /**
   * Every conversation with rows, the one with the newest first. @param input.after the account of the last one of the page
   * before
   */
  chats(input: {
    readonly limit: number;
    readonly after?: AccountNumber | undefined;
  }): Promise<Result<readonly ChatView[], CommandError>>;
  /** Newest first. */
  search(input: {
    readonly text: string;
    readonly chat?: string | undefined;
    /** `me`, or who. */
    readonly from?: string | undefined;
    readonly since?: WallMs | undefined;
    readonly until?: WallMs | undefined;
    readonly limit: number;
    readonly before?: MessageId | undefined;
  }): Promise<Result<readonly MessageView[], CommandError>>;
  /** On this machine only; the friend keeps theirs. @param ids absent: the whole conversation, or all up to a time */
  deleteMessages(input: {
    readonly chat: string;
    readonly ids?: readonly MessageId[] | undefined;
    readonly upTo?: WallMs | undefined;
  }): Promise<Result<{ readonly deleted: number }, CommandError>>;
  /** All that is kept, row by row, for `msg export`. @param after `born` of the last row of the page before, 0 for the first */
  exportPage(input: {
    readonly chat?: string | undefined;
    readonly after: number;
    readonly limit: number;
  }): Promise<Result<readonly MessageView[], CommandError>>;
  draft(chat: string): Promise<Result<DraftView, CommandError>>;
  drafts(): Promise<Result<readonly DraftView[], CommandError>>;
  /** @param text empty: none any more */
  setDraft(chat: string, text: string, replyTo?: MessageId): Promise<Result<DraftView, CommandError>>;
  privacy(): Promise<PrivacyView>;
  setPrivacy(patch: Partial<PrivacyView>): Promise<Result<PrivacyView, CommandError>>;
  message(id: MessageId): Promise<Result<MessageView, CommandError>>;
  markRead(chat: string, upTo?: MessageId): Promise<Result<{ readonly changed: number }, CommandError>>;
  /** Changes of messages after a cursor, for `watch --since`. */
  changesSince(cursor: number, limit: number): Promise<readonly MessageView[]>;
  cursor(): Promise<number>;

  status(): Promise<StatusView>;
  /** The road to one friend, or to all when absent, and why. */
  paths(who?: string): Promise<Result<readonly PathView[], CommandError>>;
  /** Test hook: while true every datagram, in and out, is dropped and counted. */
  setDropUdp(drop: boolean): void;
}

export interface RegisterInput {
  /** `host:port#pin`, or `host:port` with `trustedPin` set after the user looked at it (R10). */
  readonly server: string;
  /** Accept whatever key the server shows (R10 `--trust-first`). */
  readonly trustFirst: boolean;
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
  /** Where registration is by invitation. */
  readonly invite?: string | undefined;
  /** What the list of devices calls this one; absent: the kind of system. */
  readonly label?: string | undefined;
}

export interface LoginInput {
  /** Absent: the server this profile knows. */
  readonly server?: string | undefined;
  readonly trustFirst: boolean;
  /** Name or number; absent: the account of this profile. */
  readonly account?: string | undefined;
  /** Absent: by the device key alone (only while the server still knows it), or by `recoveryCode`. */
  readonly password?: string | undefined;
  readonly label?: string | undefined;
  /** How a device that the account does not know gets its key (R7): at most one of these three. */
  readonly approvalCode?: string | undefined;
  readonly recoveryCode?: string | undefined;
  readonly newIdentity?: boolean | undefined;
  /** With a recovery code and no password: the password from now on. */
  readonly newPassword?: string | undefined;
}

export interface SignInView {
  readonly account: AccountView;
  /**
   * Made by this very sign-in, and never shown again: registration, first login to an account of the operator, new
   * identity, or because the one before was perhaps never seen. Whoever has shown it says so (`recoveryKept`).
   */
  readonly recoveryCode: string | undefined;
}

export interface PolicyView {
  readonly ask: AskPolicy;
  readonly question: string;
  readonly showLastSeen: boolean;
}

export interface DeviceView {
  readonly device: string;
  readonly label: string;
  /** This one. */
  readonly own: boolean;
  readonly active: boolean;
  readonly online: boolean;
  readonly lastLoginAt: WallMs | undefined;
}

export interface LookupView {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  readonly ask: AskPolicy;
  readonly question: string;
}

export interface SafetyView {
  readonly contact: ContactView;
  /** 60 digits in groups of five, the same on both sides. */
  readonly digits: string;
  readonly verified: boolean;
  readonly keyChanged: boolean;
}

export interface Verdict {
  readonly matches: boolean;
  readonly acceptNewKey: boolean;
  /** The safety number that the user has looked at. */
  readonly digits: string;
}

export interface PresenceView {
  /** What friends see now. */
  readonly status: PresenceStatus;
  readonly text: string;
  /** What the user wants; `status` differs without a link, and while away by itself. */
  readonly wish: PresenceWish;
  /** 0: never. */
  readonly autoAwayMs: number;
}

export interface NoticeView {
  readonly id: number;
  readonly at: WallMs;
  readonly text: string;
  readonly dismissed: boolean;
}

/** A conversation by its newest row. */
export interface ChatView {
  readonly account: AccountNumber;
  readonly last: MessageView;
  readonly unread: number;
  readonly firstUnread: MessageId | undefined;
}

export interface AccountView {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  /** `host:port#pin` */
  readonly server: string;
  readonly signedIn: boolean;
  readonly device: string;
  readonly signatureLine: string;
}

export interface ContactView {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  readonly state: RosterState;
  /** `unknown` while the link to the server is down: a status that cannot be known is not claimed. */
  readonly presence: PresenceStatus | 'unknown';
  readonly path: MessageRoad | undefined;
  readonly unread: number;
  /** Text of the friend request, empty otherwise. */
  readonly text: string;
  /** Their account key is another one than the one pinned, or their list of devices does not follow from the one known (R6). */
  readonly keyChanged: boolean;
  /** That is so because of the list: the key is the one pinned. */
  readonly listBroken: boolean;
  /** The user has compared the safety number, or the contact came by a link. */
  readonly verified: boolean;
  readonly signatureLine: string;
  readonly statusText: string;
  /** Given by this user; empty: none. */
  readonly remark: string;
  readonly group: string;
  readonly neverDirect: boolean;
  /** Of a friend who is offline and tells, in steps of ten minutes. */
  readonly lastSeenAt: WallMs | undefined;
  /** Numbers of theirs that are known to be missing here; asked for again, and shown when that takes long (R17). */
  readonly missing: number;
  readonly typing: boolean;
}

export interface MessageView extends StoredMessage {
  readonly from: AccountNumber;
}

export interface DraftView {
  readonly account: AccountNumber;
  readonly text: string;
  readonly replyTo: MessageId | undefined;
  /** Undefined without a draft. */
  readonly at: WallMs | undefined;
}

/** What friends learn of what one does at the keyboard. */
export interface PrivacyView {
  readonly sendTyping: boolean;
  readonly sendReadReceipts: boolean;
}

/** What the user has chosen for this profile. */
export interface SettingsView {
  readonly presence: PresenceView;
  readonly privacy: PrivacyView;
  readonly neverDirect: boolean;
}

export type LinkState = 'signed-out' | 'connecting' | 'connected' | 'waiting' | 'stopped';

export interface StatusView {
  readonly account: AccountView | undefined;
  readonly server: {
    readonly state: LinkState;
    readonly rttMs: number | undefined;
    /** Why the last try failed or why it will not try again, a code. */
    readonly lastError: string | undefined;
    readonly retryAt: WallMs | undefined;
  };
  readonly presence: PresenceStatus;
  readonly wish: PresenceWish;
  readonly neverDirect: boolean;
  /** A recovery code was made that perhaps nobody has seen. */
  readonly recoveryUnseen: boolean;
  readonly peers: { readonly direct: number; readonly relay: number; readonly offline: number };
  readonly unread: { readonly chats: number; readonly messages: number };
  readonly storage: StorageUse;
  readonly udp: UdpView;
}

export interface UdpView {
  readonly enabled: boolean;
  readonly port4: number | undefined;
  readonly port6: number | undefined;
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  /** Dropped by the test hook, both ways. */
  readonly datagramsDropped: number;
  readonly dropping: boolean;
  /** As the server's reflector saw us, `address:port`. */
  readonly reflexive: readonly string[];
}

export interface PathView {
  readonly account: AccountNumber;
  readonly name: AccountName;
  /** `none`: no session at the moment; `waiting`: it goes by the relay, and the link to the server is down. */
  readonly session: 'none' | 'handshaking' | 'waiting' | 'established';
  readonly path: MessageRoad | undefined;
  /** State of the path agent: cold, punching, trial, direct, suspect, relayed, blocked. */
  readonly state: string;
  /** Short code of the last change: proven, doubt, lost, selected, idle, no-udp, never-direct … */
  readonly reason: string;
  readonly endpoint: string | undefined;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
}

export type EngineEvent =
  /** A message appeared or changed its state; `change` of the message is the cursor. */
  | { readonly type: 'message'; readonly message: MessageView; readonly isNew: boolean }
  /** Ends by itself when nothing more is heard. */
  | { readonly type: 'typing'; readonly account: AccountNumber; readonly active: boolean }
  | { readonly type: 'draft'; readonly draft: DraftView }
  | { readonly type: 'presence'; readonly account: AccountNumber; readonly status: PresenceStatus | 'unknown' }
  | { readonly type: 'contact'; readonly contact: ContactView }
  | { readonly type: 'path'; readonly path: PathView }
  | { readonly type: 'link'; readonly state: LinkState; readonly error: string | undefined }
  /** It came, or was dismissed. */
  | { readonly type: 'notice'; readonly notice: NoticeView }
  /** The own account changed: profile, devices, policy, recovery code or sign-in. */
  | { readonly type: 'account'; readonly account: AccountView }
  /** A new device of the own account was let in by our code (R7), or its code was wrong. */
  | { readonly type: 'approval'; readonly label: string; readonly outcome: 'approved' | 'wrong-code' }
  | { readonly type: 'unread'; readonly account: AccountNumber; readonly unread: number }
  /** Rows of a conversation were deleted on this machine. */
  | { readonly type: 'deleted'; readonly account: AccountNumber }
  | { readonly type: 'settings'; readonly settings: SettingsView };
