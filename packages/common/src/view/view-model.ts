import type { StoreApi } from 'zustand/vanilla';
import type { RandomSource } from '../random.ts';
import type { Result } from '../result.ts';
import type { RpcPipe } from '../rpc/rpc-client.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type { MessageJson } from '../rpc/schemas.ts';
import type { Clock } from '../time.ts';
import type { ViewHappening, ViewState } from './view-state.ts';

/** How a face reaches its daemon. */
export interface DaemonConnector {
  /** Opens one connection; `handlers` hear of it, `onClose` once and also when it never opened. */
  connect(handlers: {
    readonly onOpen: (pipe: RpcPipe) => void;
    readonly onBytes: (bytes: Uint8Array) => void;
    /** @param refused the daemon does not want this face: trying again is of no use */
    readonly onClose: (refused: RpcError | undefined) => void;
  }): void;
}

export interface ViewModelOptions {
  readonly connector: DaemonConnector;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** The one view model of the faces that stay open (the page, the terminal chat): the daemon's state, and what one may do. */
export interface ViewModel {
  /** Read it, subscribe to it; only the model writes it. */
  readonly store: StoreApi<ViewState>;
  /** Connects, loads, follows events; after a loss it goes on where it was, without losing or doubling a row. */
  start(): void;
  stop(): void;
  onHappening(listener: (happening: ViewHappening) => void): () => void;

  /** Any method of the local API. What it changes comes back as events; `account.*` and `presence.*` are read anew. */
  call<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<Result<RpcResult<M>, RpcError>>;

  /** Shows a conversation: its end, or where the unread messages begin. `at` brings that row into view instead. */
  openChat(chat: string, at?: string): void;
  closeChat(): void;
  loadOlder(chat: string): void;
  loadNewer(chat: string): void;
  /** Back to the newest rows, however far the shown ones are from them. */
  jumpToEnd(chat: string): void;
  /** The face shows the newest row and follows it: `newBelow` is 0 as long as it does. */
  setFollowing(chat: string, following: boolean): void;

  /**
   * Shown at once as pending; the answer makes it a row, and only then the daemon's draft goes, so that the text is always
   * kept somewhere. Sends of one chat are asked for one after another, so that their order stands.
   * @returns false when PENDING_MAX wait already: nothing was sent, the draft stays
   */
  send(chat: string, text: string, replyTo?: string): boolean;
  /** A pending message that failed: again under its id, or away. */
  sendAgain(chat: string, id: string): void;
  dropPending(chat: string, id: string): void;
  /** A message that was refused or never left, with the same text as a new one. */
  resend(message: MessageJson): void;

  /** Every key: saved after DRAFT_SAVED_AFTER_MS, and at once by `flushDrafts`. What is typed here is never overwritten. */
  setDraft(chat: string, text: string, replyTo: string | undefined): void;
  /** The page is hidden or closed. */
  flushDrafts(): void;
  /** Something that was written here would go with this face: the daemon is away, or did not take it. */
  wouldLose(): boolean;
  /** Told to the friend at most every few seconds, and once when what was begun is emptied again. */
  noteTyping(chat: string, active: boolean): void;
  /** Everything up to this row was seen by a person. Never goes back. */
  markRead(chat: string, upTo: string): void;
}
