import type { Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { MessageJson } from '../rpc/schemas.ts';
import { isUnread } from './chat-summaries.ts';
import { rowOf } from './conversation-rows.ts';
import { compareRows } from './row-order.ts';
import type { StateWriter } from './state-writer.ts';

export interface ReadCursorsOptions {
  readonly writer: StateWriter;
  readonly markRead: (chat: string, upTo: string) => Promise<Result<unknown, RpcError>>;
}

interface Cursor {
  /** The newest row that a person saw. */
  wanted: MessageJson;
  /** The daemon was asked to count up to here. */
  told: MessageJson | undefined;
  /** There is something to tell. */
  due: boolean;
  underWay: boolean;
}

/** How far each chat was read at this face: only forwards, and with one call under way per chat. */
export class ReadCursors {
  readonly #options: ReadCursorsOptions;
  readonly #cursors = new Map<string, Cursor>();

  constructor(options: ReadCursorsOptions) {
    this.#options = options;
  }

  markRead(chat: string, upTo: string): void {
    const row = rowOf(this.#options.writer.conversation(chat)?.rows ?? [], upTo);
    if (!row) return;
    const cursor = this.#cursors.get(chat) ?? { wanted: row, told: undefined, due: false, underWay: false };
    this.#cursors.set(chat, cursor);
    if (compareRows(row, cursor.wanted) > 0) cursor.wanted = row;
    // A row that came late stands before the cursor and is unread all the same.
    cursor.due ||= isUnread(row) || (isBehind(cursor.told, row) && this.#isAnyUnread(chat, row));
    void this.#tell(chat, cursor);
  }

  /** The connection is back. */
  resume(): void {
    for (const [chat, cursor] of this.#cursors) void this.#tell(chat, cursor);
  }

  clear(): void {
    this.#cursors.clear();
  }

  async #tell(chat: string, cursor: Cursor): Promise<void> {
    if (cursor.underWay) return;
    cursor.underWay = true;
    while (cursor.due) {
      const { wanted } = cursor;
      cursor.due = false;
      const marked = await this.#options.markRead(chat, wanted.id);
      if (!marked.ok && marked.error.code === 'CONNECTION_LOST') {
        cursor.due = true;
        break;
      }
      // Any other refusal would come again for the same row; the next one asks anew.
      cursor.told = wanted;
    }
    cursor.underWay = false;
  }

  #isAnyUnread(chat: string, upTo: MessageJson): boolean {
    const { contacts } = this.#options.writer.state;
    if ((contacts.get(chat)?.unread ?? 0) > 0) return true;
    const rows = this.#options.writer.conversation(chat)?.rows ?? [];
    return rows.some((row) => isUnread(row) && compareRows(row, upTo) <= 0);
  }
}

function isBehind(told: MessageJson | undefined, row: MessageJson): boolean {
  return told === undefined || compareRows(told, row) < 0;
}
