import type { RpcError } from '../rpc/rpc-message.ts';
import type {
  AccountJson,
  ChatJson,
  ContactJson,
  DraftJson,
  MessageJson,
  NoticeJson,
  PathJson,
  PresenceJson,
  PrivacyJson,
  StatusJson,
} from '../rpc/schemas.ts';

/** The connection of this face to its daemon; not the daemon's to the server, which is `status.server`. */
export type DaemonLink =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** It comes back by itself; the face shows what it knew. */
  | { readonly state: 'lost'; readonly attempts: number; readonly retryAtMs: number }
  /** This face may not speak with the daemon (any more): it must be opened anew. */
  | { readonly state: 'refused'; readonly error: RpcError };

/**
 * All that a face shows of the daemon's state. Unchanged parts keep their identity from one state to the next, so that a
 * face may compare by reference.
 */
export interface ViewState {
  readonly daemon: DaemonLink;
  /** Everything below was read at least once on this connection or an earlier one, but for older conversations. */
  readonly loaded: boolean;
  /** All conversations are in `chats`; until then only the newest are, as many as a window shows. */
  readonly chatsWhole: boolean;
  /** Undefined until loaded; `status.account` is null, and `account` too, while nobody is signed in. */
  readonly status: StatusJson | undefined;
  readonly account: AccountJson | null;
  readonly presence: PresenceJson | undefined;
  readonly privacy: PrivacyJson | undefined;
  /** By account number. */
  readonly contacts: ReadonlyMap<string, ContactJson>;
  readonly chats: ReadonlyMap<string, ChatJson>;
  readonly drafts: ReadonlyMap<string, DraftJson>;
  readonly paths: ReadonlyMap<string, PathJson>;
  /** Newest first. */
  readonly notices: readonly NoticeJson[];
  /** Only of chats that were opened; at most CONVERSATIONS_KEPT_MAX, the ones used last. */
  readonly conversations: ReadonlyMap<string, Conversation>;
  readonly openChat: string | undefined;
}

/** A message written here whose `message.send` has not been answered: shown at once, without a state of its own yet. */
export interface PendingMessage {
  readonly id: string;
  readonly text: string;
  readonly replyTo: string | null;
  readonly at: string;
  /** The daemon said no, or went away: nothing was kept, and the person may send it again. */
  readonly error: RpcError | undefined;
}

export interface Conversation {
  /** A stretch of the history without gaps, in the order of the conversation; at most ROWS_KEPT_MAX. */
  readonly rows: readonly MessageJson[];
  /** Behind the rows. */
  readonly pending: readonly PendingMessage[];
  /** There is nothing before the first row. */
  readonly atStart: boolean;
  /** There is nothing after the last row: new ones are added as they come. */
  readonly atEnd: boolean;
  readonly loading: 'none' | 'first' | 'older' | 'newer';
  /** The last page could not be read; `retry` is to load again. */
  readonly error: RpcError | undefined;
  /** The row before which "new messages" stands: set when the chat is opened, kept until it is left. */
  readonly divider: string | undefined;
  /** Rows from the other side that came while the face was not following the end; for "jump to latest (n)". */
  readonly newBelow: number;
  /** A row to bring into view, and how often that was asked, so that asking for the same one again works. */
  readonly target: { readonly id: string; readonly asked: number } | undefined;
}

/** Something that just happened and may be worth a sound, a flash or a notification; not part of the state. */
export type ViewHappening =
  | { readonly type: 'message'; readonly message: MessageJson; readonly contact: ContactJson | undefined }
  | { readonly type: 'nudge'; readonly message: MessageJson; readonly contact: ContactJson | undefined }
  | { readonly type: 'request'; readonly contact: ContactJson }
  | { readonly type: 'notice'; readonly notice: NoticeJson }
  | { readonly type: 'approval'; readonly label: string; readonly outcome: 'approved' | 'wrong-code' };
