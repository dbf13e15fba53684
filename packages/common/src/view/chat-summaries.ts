import { PREVIEW_CHARS_MAX } from '../rpc/limits.ts';
import type { ChatJson, MessageJson } from '../rpc/schemas.ts';
import { compareRows, compareTimes } from './row-order.ts';
import type { StateWriter } from './state-writer.ts';

/** Keeps what the list of conversations shows current from row to row; how much is unread only the daemon says. */
export class ChatSummaries {
  readonly #writer: StateWriter;
  /** The newest row as an event told it: a summary alone does not say where its row stands among those of one millisecond. */
  readonly #newest = new Map<string, MessageJson>();
  /** The same of the first unread row. */
  readonly #first = new Map<string, MessageJson>();
  readonly #unsure = new Set<string>();

  constructor(writer: StateWriter) {
    this.#writer = writer;
  }

  handleRow(row: MessageJson): void {
    const { chats, contacts } = this.#writer.state;
    const unread = contacts.get(row.chat)?.unread ?? 0;
    const chat = chats.get(row.chat) ?? { id: row.chat, last: null, unread, firstUnread: null };
    const isLast = this.#isLast(chat, row);
    if (isLast) this.#newest.set(row.chat, row);
    this.#writer.set('chats', row.chat, {
      ...chat,
      last: isLast ? previewOf(row) : chat.last,
      firstUnread: this.#firstUnread(chat, row),
    });
  }

  /** What the daemon counts. */
  handleUnread(chat: string, unread: number): void {
    const before = this.#writer.state.chats.get(chat);
    if (!before) return;
    const firstUnread = unread === 0 ? null : before.firstUnread;
    if (before.unread !== unread || before.firstUnread !== firstUnread) {
      this.#writer.set('chats', chat, { ...before, unread, firstUnread });
    }
  }

  /** Something is unread of which no event has told, or two rows of one millisecond may be the newest: the daemon's list knows. */
  isUnsure(chat: string): boolean {
    const summary = this.#writer.state.chats.get(chat);
    return this.#unsure.has(chat) || (summary !== undefined && summary.unread > 0 && summary.firstUnread === null);
  }

  /** The list was read anew. */
  clear(): void {
    this.#unsure.clear();
    this.#newest.clear();
    this.#first.clear();
  }

  #isLast({ last }: ChatJson, row: MessageJson): boolean {
    if (last === null || last.id === row.id) return true;
    const newest = this.#newest.get(row.chat);
    if (newest?.id === last.id) return compareRows(row, newest) > 0;
    if (row.at === last.at) this.#unsure.add(row.chat);
    return compareTimes(row.at, last.at) > 0;
  }

  /** Null while something is unread: not known here, the daemon's list knows. */
  #firstUnread({ id, last, unread, firstUnread }: ChatJson, row: MessageJson): string | null {
    if (row.direction === 'out' || row.kind === 'system') return firstUnread;
    const rows = this.#writer.conversation(id)?.rows ?? [];
    if (row.state === 'read') {
      if (row.id !== firstUnread) return firstUnread;
      const from = rows.findIndex((each) => each.id === row.id);
      return rows.slice(from + 1).find(isUnread)?.id ?? null;
    }
    const known = this.#first.get(id);
    const first = known?.id === firstUnread ? known : rows.find((each) => each.id === firstUnread);
    const isFirst =
      firstUnread === row.id || (firstUnread === null && unread <= 1) || (first && compareRows(row, first) < 0);
    if (isFirst) this.#first.set(id, row);
    if (isFirst || first || firstUnread === null) return isFirst ? row.id : firstUnread;
    const isNewest = last === null || last.id === row.id || compareTimes(row.at, last.at) > 0;
    return isNewest ? firstUnread : null;
  }
}

export function isUnread({ direction, kind, state }: MessageJson): boolean {
  return direction === 'in' && kind !== 'system' && state !== 'read';
}

function previewOf({ id, at, direction, kind, text, recalled, state, reason }: MessageJson): ChatJson['last'] {
  const preview = [...text.slice(0, 2 * PREVIEW_CHARS_MAX)].slice(0, PREVIEW_CHARS_MAX).join('');
  return { id, at, direction, kind, text: preview, recalled, state, reason };
}
