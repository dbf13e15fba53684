import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MemoryDrafts } from './memory-drafts.ts';
import type { MemoryRows } from './memory-rows.ts';
import { searchRows } from './memory-search.ts';
import { isShown } from './message-changes.ts';
import type { MessageRecord } from './message-tables.ts';
import type { StoredMessage } from './store.ts';
import type { StoreParts } from './store-calls.ts';

/** What its owner does with the history of the memory store. */
export class MemoryHistory {
  readonly #rows: MemoryRows;
  readonly calls: StoreParts['history'];

  constructor(rows: MemoryRows, drafts: MemoryDrafts) {
    this.#rows = rows;
    this.calls = {
      search: (query) => searchRows(this.#messages(), query),
      deleteMessages: (chat, ids) => this.#deleteMessages(chat, ids),
      deleteChat: (chat, upTo) => this.#deleteChat(chat, upTo),
      rows: (after, limit, chat) =>
        this.#messages()
          .filter((message) => message.born > after && (chat === undefined || message.chat === chat))
          .slice(0, limit),
      storage: () => ({ messages: rows.all().filter(isInHistory).length, bytes: 0 }),
      draft: (chat) => drafts.draft(chat),
      drafts: () => drafts.drafts(),
      saveDraft: (draft) => drafts.saveDraft(draft),
    };
  }

  #deleteMessages(chat: AccountNumber, ids: readonly MessageId[]): number {
    const found = ids
      .flatMap((id) => [this.#rows.outgoing(id), this.#rows.incoming(chat, id)])
      .filter((record) => record !== undefined)
      .filter((record) => record.message.chat === chat && isInHistory(record) && this.#isSettled(record));
    for (const record of found) this.#forget(record);
    return found.length;
  }

  #deleteChat(chat: AccountNumber, upTo: WallMs | undefined): number {
    const until = upTo ?? Number.MAX_SAFE_INTEGER;
    const found = this.#rows
      .all()
      .filter(({ message }) => message.chat === chat && message.stamp.wallMs <= until)
      .filter((record) => isInHistory(record) && this.#isSettled(record));
    for (const record of found) this.#forget(record);
    // Also what waits for a message that has not come.
    for (const record of this.#rows.all()) {
      const { message } = record;
      const isOrphan = message.target !== undefined && this.#ofChat(chat, message.target).length === 0;
      if (message.chat === chat && isOrphan && message.stamp.wallMs <= until && !isOnItsWay(record)) {
        this.#rows.forget(record);
      }
    }
    return found.length;
  }

  #forget(record: MessageRecord): void {
    this.#rows.forget(record);
    for (const change of this.#rows.changesOf(record.message.chat, record.message.id)) this.#rows.forget(change);
  }

  #isSettled(record: MessageRecord): boolean {
    const changes = this.#rows.changesOf(record.message.chat, record.message.id);
    return ![record, ...changes].some(isOnItsWay);
  }

  #ofChat(chat: AccountNumber, id: MessageId): readonly MessageRecord[] {
    return [this.#rows.outgoing(id), this.#rows.incoming(chat, id)]
      .filter((record) => record !== undefined)
      .filter((record) => record.message.chat === chat);
  }

  /** In the order of their commits. */
  #messages(): readonly StoredMessage[] {
    return this.#rows.all().map(({ message }) => message);
  }
}

function isInHistory({ message, deleted }: MessageRecord): boolean {
  return isShown(message.kind, deleted);
}

/** What is held back since the friendship ended goes nowhere; its number goes as a void. */
function isOnItsWay({ message, owed }: MessageRecord): boolean {
  return owed && (message.state === 'queued' || message.state === 'stored') && message.reason !== 'not-friends';
}
