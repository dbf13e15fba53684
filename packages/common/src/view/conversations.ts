import type { Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type { MessageJson } from '../rpc/schemas.ts';
import {
  joinPage,
  NO_STRETCH,
  rowOf,
  type Stretch,
  trimmed,
  withoutRows,
  withRow,
  withTold,
} from './conversation-rows.ts';
import { CONVERSATIONS_KEPT_MAX, ROWS_PER_PAGE } from './limits.ts';
import { keepSame } from './same-json.ts';
import type { StateWriter } from './state-writer.ts';
import type { Conversation, PendingMessage } from './view-state.ts';

type Page = Result<RpcResult<'message.list'>, RpcError>;

export interface ConversationsOptions {
  readonly writer: StateWriter;
  readonly list: (params: RpcParams<'message.list'>) => Promise<Page>;
}

/** A page that is being read. What is told meanwhile is newer than the page, which may be older than the telling. */
interface Load {
  readonly told: Map<string, MessageJson>;
  /** Asks once more: the connection went before the answer came. */
  again: (() => void) | undefined;
  /** Rows went while the page was on its way: it may still hold them. */
  isStale: boolean;
}

const EMPTY: Conversation = {
  ...NO_STRETCH,
  pending: [],
  loading: 'none',
  error: undefined,
  divider: undefined,
  newBelow: 0,
  target: undefined,
};

/** The rows of the conversations that were opened: paged in, kept current by events, trimmed, and let go again. */
export class Conversations {
  readonly #writer: StateWriter;
  readonly #list: ConversationsOptions['list'];
  readonly #loads = new Map<string, Load>();
  /** The face follows the end of these. */
  readonly #following = new Set<string>();
  #targetsAsked = 0;
  /** Opened, with unread rows of which nobody knows yet where they begin. */
  #awaiting: string | undefined;

  constructor({ writer, list }: ConversationsOptions) {
    this.#writer = writer;
    this.#list = list;
  }

  open(chat: string, at: string | undefined): void {
    this.#writer.batch(() => {
      const { openChat } = this.#writer.state;
      const again = openChat === chat && this.#awaiting !== chat;
      if (openChat !== undefined && openChat !== chat) this.#leave(openChat);
      this.#use(chat);
      this.#writer.patch({ openChat: chat });
      this.#awaiting = undefined;
      if (at !== undefined || this.#knowsUnread(chat)) return this.#begin(chat, at, again);
      this.#awaiting = chat;
      this.#writer.patchConversation(chat, { loading: 'first' });
    });
  }

  /** What was opened before that begins now. */
  handleChatsWhole(): void {
    const chat = this.#awaiting;
    this.#awaiting = undefined;
    if (chat !== undefined && chat === this.#writer.state.openChat) this.#begin(chat, undefined, false);
  }

  /** Until all conversations are known, one that is not among them may have unread rows that begin somewhere. */
  #knowsUnread(chat: string): boolean {
    const { chats, chatsWhole, contacts } = this.#writer.state;
    const contact = contacts.get(chat);
    return chatsWhole || chats.has(chat) || (contact !== undefined && contact.unread === 0);
  }

  #begin(chat: string, at: string | undefined, again: boolean): void {
    const { unread = 0, firstUnread = null } = this.#writer.state.chats.get(chat) ?? {};
    const divider = again ? this.#conversation(chat).divider : unread > 0 ? (firstUnread ?? undefined) : undefined;
    this.#writer.patchConversation(chat, { divider, newBelow: 0 });
    const target = at ?? (again ? undefined : divider);
    if (target !== undefined) this.#showRow(chat, target);
    else this.jumpToEnd(chat);
  }

  close(): void {
    this.#writer.batch(() => {
      const { openChat } = this.#writer.state;
      if (openChat !== undefined) this.#leave(openChat);
      this.#awaiting = undefined;
      this.#writer.patch({ openChat: undefined });
    });
  }

  loadOlder(chat: string): void {
    const { rows, atStart, loading } = this.#conversation(chat);
    const first = rows[0];
    if (first && !atStart && loading === 'none') void this.#loadBeside(chat, 'older', first.id);
  }

  loadNewer(chat: string): void {
    const { rows, atEnd, loading } = this.#conversation(chat);
    const last = rows.at(-1);
    if (last && !atEnd && loading === 'none') void this.#loadBeside(chat, 'newer', last.id);
  }

  jumpToEnd(chat: string): void {
    if (this.#awaiting === chat) this.#awaiting = undefined;
    this.#following.add(chat);
    this.#writer.patchConversation(chat, { target: undefined, newBelow: 0 });
    if (this.#conversation(chat).atEnd) this.#stayHere(chat);
    else void this.#loadEnd(chat);
  }

  setFollowing(chat: string, following: boolean): void {
    if (following) {
      this.#following.add(chat);
      this.#writer.patchConversation(chat, { newBelow: 0 });
    } else {
      this.#following.delete(chat);
    }
  }

  /**
   * A row as it is now; also takes the place of the pending message of its id.
   * @param isNew it was not told of before, and is from the other side
   */
  handleRow(row: MessageJson, isNew: boolean): void {
    const { chat } = row;
    this.#loads.get(chat)?.told.set(row.id, row);
    const conversation = this.#writer.conversation(chat);
    if (!conversation) return;
    const follows = this.#writer.state.openChat !== chat || this.#following.has(chat);
    const stretch = withRow(conversation, row);
    const { rows, atStart, atEnd } = stretch === conversation ? stretch : trimmed(stretch, follows ? 'start' : 'end');
    const counts = isNew && !follows && row.kind !== 'system';
    this.#writer.patchConversation(chat, {
      rows,
      atStart,
      atEnd,
      pending: withoutPending(conversation.pending, row.id),
      newBelow: conversation.newBelow + (counts ? 1 : 0),
    });
  }

  /** Rows were deleted on this machine. Without `ids` nobody knows which, so what is shown is read again, where it stands. */
  handleDeleted(chat: string, ids?: readonly string[]): void {
    const conversation = this.#writer.conversation(chat);
    if (!conversation) return;
    const load = this.#loads.get(chat);
    if (ids) this.#writer.patchConversation(chat, withoutRows(stretchOf(conversation), new Set(ids)));
    else if (load) load.isStale = true;
    else this.#readAgain(chat, conversation);
  }

  /** The same stretch, as long as it is; rows that did not change keep their identity. */
  #readAgain(chat: string, { rows, atEnd }: Stretch): void {
    const middle = rows[rows.length >>> 1];
    const limit = Math.max(rows.length, ROWS_PER_PAGE);
    if (atEnd) void this.#loadEnd(chat, limit);
    else if (middle) void this.#loadAround(chat, middle.id, limit);
  }

  setPending(chat: string, pending: readonly PendingMessage[]): void {
    this.#writer.batch(() => {
      if (!this.#writer.conversation(chat)) this.#use(chat);
      this.#writer.patchConversation(chat, { pending });
    });
  }

  /**
   * The connection is back. What changed meanwhile comes as events, but not what was deleted: what is open is read again
   * where it stands, and what is only kept is let go.
   */
  resume(): void {
    const { conversations, openChat } = this.#writer.state;
    this.#writer.batch(() => {
      for (const [chat, { pending }] of conversations) {
        if (chat === openChat) continue;
        this.#loads.delete(chat);
        if (pending.length === 0) this.#forget(chat);
        else this.#writer.patchConversation(chat, { ...NO_STRETCH, loading: 'none' });
      }
    });
    const conversation = openChat === undefined ? undefined : this.#writer.conversation(openChat);
    if (openChat === undefined || !conversation) return;
    const load = this.#loads.get(openChat);
    if (load?.again) load.again();
    else if (load) load.isStale = true;
    else this.#readAgain(openChat, conversation);
  }

  /** The daemon's history is another one than what was shown: all of it is read anew. */
  reload(): void {
    this.#loads.clear();
    const { conversations, openChat } = this.#writer.state;
    this.#writer.batch(() => {
      for (const [chat, { pending }] of conversations) {
        if (chat === openChat || pending.length > 0) this.#writer.set('conversations', chat, { ...EMPTY, pending });
        else this.#writer.set('conversations', chat, undefined);
      }
      if (openChat !== undefined) this.open(openChat, undefined);
    });
  }

  /** Somebody else is signed in, or nobody. */
  clear(): void {
    this.#loads.clear();
    this.#awaiting = undefined;
    this.#following.clear();
    this.#writer.replace('conversations', new Map());
    this.#writer.patch({ openChat: undefined });
  }

  #showRow(chat: string, id: string): void {
    this.#following.delete(chat);
    this.#writer.patchConversation(chat, { target: { id, asked: ++this.#targetsAsked } });
    if (rowOf(this.#conversation(chat).rows, id)) this.#stayHere(chat);
    else void this.#loadAround(chat, id);
  }

  /** What was to be shown is: a page that would take its place is not wanted any more. */
  #stayHere(chat: string): void {
    if (this.#conversation(chat).loading !== 'first') return;
    this.#loads.delete(chat);
    this.#writer.patchConversation(chat, { loading: 'none' });
  }

  async #loadEnd(chat: string, limit = ROWS_PER_PAGE): Promise<void> {
    const page = await this.#load(chat, 'first', { limit }, () => void this.#loadEnd(chat, limit));
    if (page) this.#show(chat, { rows: page.items, atStart: page.next === null, atEnd: true }, page.told);
  }

  async #loadAround(chat: string, id: string, limit = ROWS_PER_PAGE): Promise<void> {
    const again = (): void => void this.#loadAround(chat, id, limit);
    const page = await this.#load(chat, 'first', { limit, around: id }, again, 'NOT_FOUND');
    if (page === 'NOT_FOUND' || (page && page.items.length === 0)) {
      // Deleted meanwhile, or hidden: the end is the best that is left.
      if (this.#conversation(chat).divider === id) this.#writer.patchConversation(chat, { divider: undefined });
      this.jumpToEnd(chat);
    } else if (page) {
      this.#show(chat, { rows: page.items, atStart: false, atEnd: false }, page.told);
      await this.#fillUp(chat, id, limit);
    }
  }

  /** A page around a row says nothing of the ends; where it is short on a side, that end is near. */
  async #fillUp(chat: string, middle: string, limit: number): Promise<void> {
    const { rows } = this.#conversation(chat);
    const index = rows.findIndex(({ id }) => id === middle);
    const [first, last] = [rows[0], rows.at(-1)];
    if (last && rows.length - index < limit / 2) await this.#loadBeside(chat, 'newer', last.id);
    if (first && index < Math.floor((limit - 1) / 2)) await this.#loadBeside(chat, 'older', first.id);
  }

  async #loadBeside(chat: string, side: 'older' | 'newer', edge: string): Promise<void> {
    const params = { limit: ROWS_PER_PAGE, ...(side === 'older' ? { before: edge } : { after: edge }) };
    const page = await this.#load(chat, side, params, () => void this.#loadBeside(chat, side, edge));
    if (!page) return;
    const stretch = stretchOf(this.#conversation(chat));
    const now = side === 'older' ? stretch.rows[0] : stretch.rows.at(-1);
    // Trimmed or deleted meanwhile: the page would leave a gap, and is asked for again when somebody looks there.
    if (now?.id !== edge) return;
    const joined = withTold(joinPage(stretch, page.items, side, page.next === null), page.told);
    this.#setStretch(chat, trimmed(joined, side === 'older' ? 'end' : 'start'));
  }

  #show(chat: string, stretch: Stretch, told: Load['told']): void {
    const { rows } = this.#conversation(chat);
    const known = new Map(rows.map((row) => [row.id, row]));
    const read = stretch.rows.map((row) => keepSame(known.get(row.id) ?? row, row));
    this.#setStretch(chat, withTold({ ...stretch, rows: read }, told));
  }

  /** A page may hold what was sent from here before the answer to the send is there. */
  #setStretch(chat: string, stretch: Stretch): void {
    const { pending } = this.#conversation(chat);
    const isThere = (id: string): boolean => rowOf(stretch.rows, id) !== undefined;
    const waiting = pending.some(({ id }) => isThere(id)) ? pending.filter(({ id }) => !isThere(id)) : pending;
    this.#writer.patchConversation(chat, { ...stretchOf(stretch), pending: waiting });
  }

  /**
   * One page; a newer load of the same conversation makes this one void.
   * @param expected an error that the caller handles
   * @returns undefined when there is nothing to show: it failed, or was made void
   */
  async #load<E extends string = never>(
    chat: string,
    loading: 'first' | 'older' | 'newer',
    params: Omit<RpcParams<'message.list'>, 'chat'>,
    again: () => void,
    expected?: E,
  ): Promise<(RpcResult<'message.list'> & { readonly told: Load['told'] }) | E | undefined> {
    const load: Load = { told: new Map(), again: undefined, isStale: false };
    this.#loads.set(chat, load);
    this.#writer.patchConversation(chat, { loading, error: undefined });
    const page = await this.#list({ chat, ...params });
    if (this.#loads.get(chat) !== load) return undefined;
    if (!page.ok && page.error.code === 'CONNECTION_LOST') {
      load.again = again;
      return undefined;
    }
    this.#loads.delete(chat);
    this.#writer.patchConversation(chat, { loading: 'none' });
    if (load.isStale) {
      if (loading === 'first') again();
      else this.#readAgain(chat, this.#conversation(chat));
      return undefined;
    }
    if (page.ok) return { ...page.value, told: load.told };
    if (page.error.code === expected) return expected;
    this.#writer.patchConversation(chat, { error: page.error });
    return undefined;
  }

  /** As the one used last; the one unused for longest goes when there are too many. */
  #use(chat: string): void {
    this.#writer.batch(() => {
      const kept = this.#writer.conversation(chat) ?? EMPTY;
      this.#writer.set('conversations', chat, undefined);
      this.#writer.set('conversations', chat, kept);
      const { conversations } = this.#writer.state;
      for (const [id, { pending }] of conversations) {
        if (this.#writer.state.conversations.size <= CONVERSATIONS_KEPT_MAX) break;
        if (id !== chat && pending.length === 0) this.#forget(id);
      }
    });
  }

  #leave(chat: string): void {
    const { pending, atEnd } = this.#conversation(chat);
    if (!atEnd && pending.length === 0) this.#forget(chat);
    else if (!atEnd) this.#writer.patchConversation(chat, NO_STRETCH);
    this.#writer.patchConversation(chat, { divider: undefined, newBelow: 0, target: undefined });
  }

  #forget(chat: string): void {
    this.#loads.delete(chat);
    this.#following.delete(chat);
    this.#writer.set('conversations', chat, undefined);
  }

  #conversation(chat: string): Conversation {
    return this.#writer.conversation(chat) ?? EMPTY;
  }
}

function stretchOf({ rows, atStart, atEnd }: Stretch): Stretch {
  return { rows, atStart, atEnd };
}

function withoutPending(pending: readonly PendingMessage[], id: string): readonly PendingMessage[] {
  return pending.some((each) => each.id === id) ? pending.filter((each) => each.id !== id) : pending;
}
