import type { PresenceStatus, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MessageRoad, StoredMessage } from '../store/store.ts';
import type { CommandError } from './command-error.ts';

/** The peer's one command surface: every face (CLI, terminal, page) speaks to this and nothing below. */
export interface Engine {
  /** Loads the profile and, when signed in, brings the server link up. */
  start(): Promise<void>;
  /** Says goodbye to the server and to friends, flushes, closes sockets and store. Safe to call twice. */
  stop(): Promise<void>;
  /** Listeners are called in order of events, never inside a command; they must not throw or block. */
  subscribe(listener: (event: EngineEvent) => void): () => void;

  register(input: RegisterInput): Promise<Result<AccountView, CommandError>>;
  login(input: LoginInput): Promise<Result<AccountView, CommandError>>;
  logout(): Promise<Result<void, CommandError>>;
  whoami(): Promise<Result<AccountView, CommandError>>;

  contacts(): Promise<Result<readonly ContactView[], CommandError>>;
  /** @param who number or name of a friend (or of somebody in a request) */
  contact(who: string): Promise<Result<ContactView, CommandError>>;
  addContact(who: string, text: string): Promise<Result<ContactView, CommandError>>;
  answerRequest(who: string, accept: boolean): Promise<Result<ContactView, CommandError>>;
  removeContact(who: string): Promise<Result<void, CommandError>>;

  presence(): Promise<Result<PresenceStatus, CommandError>>;
  setPresence(status: PresenceStatus): Promise<Result<PresenceStatus, CommandError>>;

  /** Resolves once the message is durable in the outbox (`queued`); events tell the rest. `id` makes it idempotent. */
  send(input: {
    readonly to: string;
    readonly text: string;
    readonly id?: MessageId | undefined;
  }): Promise<Result<MessageView, CommandError>>;
  messages(input: {
    readonly chat: string;
    readonly limit: number;
    readonly before?: MessageId | undefined;
    readonly after?: MessageId | undefined;
  }): Promise<Result<readonly MessageView[], CommandError>>;
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
}

export interface LoginInput {
  /** Absent: the server this profile knows. */
  readonly server?: string | undefined;
  readonly trustFirst: boolean;
  /** Name or number; absent: the account of this profile. */
  readonly account?: string | undefined;
  /** Absent: by the device key alone (only while the server still knows it). */
  readonly password?: string | undefined;
}

export interface AccountView {
  readonly account: AccountNumber;
  readonly name: AccountName;
  readonly displayName: string;
  /** `host:port#pin` */
  readonly server: string;
  readonly signedIn: boolean;
  readonly device: string;
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
  readonly keyChanged: boolean;
}

export interface MessageView extends StoredMessage {
  readonly from: AccountNumber;
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
  readonly peers: { readonly direct: number; readonly relay: number; readonly offline: number };
  readonly unread: { readonly chats: number; readonly messages: number };
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
  /** Short code of the last change: proven, doubt, lost, selected, idle, no-udp … */
  readonly reason: string;
  readonly endpoint: string | undefined;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
}

export type EngineEvent =
  /** A message appeared or changed its state; `change` of the message is the cursor. */
  | { readonly type: 'message'; readonly message: MessageView; readonly isNew: boolean }
  | { readonly type: 'presence'; readonly account: AccountNumber; readonly status: PresenceStatus | 'unknown' }
  | { readonly type: 'contact'; readonly contact: ContactView }
  | { readonly type: 'path'; readonly path: PathView }
  | { readonly type: 'link'; readonly state: LinkState; readonly error: string | undefined }
  | { readonly type: 'notice'; readonly id: number; readonly at: WallMs; readonly text: string };
