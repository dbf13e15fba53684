import { statSync } from 'node:fs';
import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { ERASED_ONE_BY_ONE_MAX, ERASED_PER_STEP_MAX } from './limits.ts';
import { SqliteDrafts } from './sqlite-drafts.ts';
import { type MessageRow, messageOf, toBlob } from './sqlite-rows.ts';
import { SqliteSearch } from './sqlite-search.ts';
import { SqliteSearchTidy } from './sqlite-search-tidy.ts';
import type { StorageUse, StoredMessage } from './store.ts';
import type { StoreParts } from './store-calls.ts';

export const HISTORY_SCHEMA = `
  -- Exports: all rows, or those of a chat, in the order of their commits.
  CREATE UNIQUE INDEX message_born ON message (born);
  CREATE INDEX message_born_in_chat ON message (chat, born);
`;

/** What its owner does with the history, as the calls of the port. */
export function sqliteHistoryCalls(db: Sqlite.Database): StoreParts['history'] {
  const search = new SqliteSearch(db);
  const history = new SqliteHistory(db);
  const drafts = new SqliteDrafts(db);
  return {
    search: (query) => search.search(query),
    deleteMessages: (chat, ids) => history.deleteMessages(chat, ids),
    deleteChat: (chat, upTo) => history.deleteChat(chat, upTo),
    rows: (after, limit, chat) => history.rows(after, limit, chat),
    storage: () => history.storage(),
    draft: (chat) => drafts.draft(chat),
    drafts: () => drafts.drafts(),
    saveDraft: (draft) => drafts.saveDraft(draft),
  };
}

/** Pages for exports, forgetting, and what it all takes. Plain calls on an open database; the caller brings the transaction. */
export class SqliteHistory {
  readonly #db: Sqlite.Database;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #tidy: SqliteSearchTidy;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#sql = prepare(db);
    this.#tidy = new SqliteSearchTidy(db);
  }

  rows(after: number, limit: number, chat: AccountNumber | undefined): readonly StoredMessage[] {
    const rows = chat === undefined ? this.#sql.rows.all(after, limit) : this.#sql.rowsOfChat.all(chat, after, limit);
    return rows.map(messageOf);
  }

  deleteMessages(chat: AccountNumber, ids: readonly MessageId[]): number {
    const positions = ids.flatMap((id) => this.#sql.deletable.all(toBlob(id), chat));
    return this.#erasing(positions.length, () => this.#eraseAll(positions));
  }

  /** One step: called until there is nothing left. */
  deleteChat(chat: AccountNumber, upTo: WallMs | undefined): number {
    const until = upTo ?? Number.MAX_SAFE_INTEGER;
    const positions = this.#sql.deletableOfChat.all(chat, until, ERASED_PER_STEP_MAX);
    return this.#erasing(positions.length, () => {
      this.#eraseAll(positions);
      if (positions.length < ERASED_PER_STEP_MAX) this.#sql.eraseChangesOfChat.run(chat, until);
    });
  }

  storage(): StorageUse {
    return { messages: this.#sql.count.get() ?? 0, bytes: this.#bytes() };
  }

  #eraseAll(positions: readonly number[]): void {
    for (const position of positions) {
      this.#sql.erase.run(position);
      this.#sql.eraseChanges.run(position);
    }
  }

  /** Few terms are taken out of the index where they stand, many by writing it anew afterwards. */
  #erasing(count: number, erase: () => void): number {
    if (count <= ERASED_ONE_BY_ONE_MAX && !this.#tidy.isDue()) erase();
    else this.#tidy.marking(erase);
    return count;
  }

  #bytes(): number {
    return [this.#db.name, `${this.#db.name}-wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }
}

/** Nothing of it waits to be sent. What is held back since the friendship ended goes nowhere; its number goes as a void. */
const SETTLED = `
  NOT (message.owed = 1 AND message.state IN ('queued', 'stored') AND message.reason <> 'not-friends')
  AND NOT EXISTS (
    SELECT 1 FROM message AS change INDEXED BY message_pending
    WHERE change.chat = message.chat AND change.target = message.id AND change.direction = 'out'
      AND change.state IN ('queued', 'stored') AND change.owed = 1 AND change.reason <> 'not-friends')`;
const ERASED = "text = '', original = NULL, reactions = '[]', wins = 0, deleted = 1, shown = 0";

function prepare(db: Sqlite.Database) {
  return {
    rows: db.prepare<[number, number], MessageRow>(
      'SELECT * FROM message INDEXED BY message_born WHERE born > ? ORDER BY born LIMIT ?',
    ),
    rowsOfChat: db.prepare<[number, number, number], MessageRow>(
      'SELECT * FROM message INDEXED BY message_born_in_chat WHERE chat = ? AND born > ? ORDER BY born LIMIT ?',
    ),
    deletable: db
      .prepare<[Buffer, number], number>(`
        SELECT position FROM message WHERE id = ? AND chat = ? AND shown = 1 AND ${SETTLED}`)
      .pluck(),
    deletableOfChat: db
      .prepare<[number, number, number], number>(`
        SELECT position FROM message INDEXED BY message_order
        WHERE chat = ? AND shown = 1 AND wall_ms <= ? AND ${SETTLED} LIMIT ?`)
      .pluck(),
    erase: db.prepare<[number]>(`UPDATE message SET ${ERASED} WHERE position = ?`),
    eraseChanges: db.prepare<[number]>(`
      UPDATE message SET ${ERASED}
      WHERE target IS NOT NULL AND (chat, target) = (SELECT chat, id FROM message WHERE position = ?)`),
    /** Also those that wait for a message that has not come. */
    eraseChangesOfChat: db.prepare<[number, number]>(`
      UPDATE message AS change SET ${ERASED}
      WHERE chat = ? AND target IS NOT NULL AND deleted = 0
        AND NOT (owed = 1 AND state IN ('queued', 'stored') AND reason <> 'not-friends')
        AND coalesce(
          (SELECT min(deleted) FROM message WHERE message.id = change.target AND message.chat = change.chat),
          change.wall_ms <= ?) = 1`),
    count: db.prepare<[], number>('SELECT count(*) FROM message INDEXED BY message_order WHERE shown = 1').pluck(),
  };
}
