import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { DRAFTS_MAX } from '../messaging/limits.ts';
import { toBlob } from './sqlite-rows.ts';
import type { Draft } from './store.ts';

export const DRAFT_SCHEMA = `
  CREATE TABLE draft (
    chat INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    reply_to BLOB,
    at_ms INTEGER NOT NULL
  ) STRICT;
`;

/** What is typed and not sent. Plain calls on an open database; the caller brings the transaction. */
export class SqliteDrafts {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  draft(chat: AccountNumber): Draft | undefined {
    const row = this.#sql.draft.get(chat);
    return row && draftOf(row);
  }

  /** The newest first. */
  drafts(): readonly Draft[] {
    return this.#sql.drafts.all().map(draftOf);
  }

  saveDraft({ chat, text, replyTo, at }: Draft): void {
    this.#sql.remove.run(chat);
    if (text === '') return;
    this.#sql.add.run(chat, text, replyTo === undefined ? null : toBlob(replyTo), at);
    this.#sql.dropOldest.run(chat, DRAFTS_MAX - 1);
  }
}

interface DraftRow {
  readonly chat: number;
  readonly text: string;
  readonly reply_to: Buffer | null;
  readonly at_ms: number;
}

function draftOf(row: DraftRow): Draft {
  return {
    chat: row.chat as AccountNumber,
    text: row.text,
    replyTo: row.reply_to === null ? undefined : (row.reply_to.toString('hex') as MessageId),
    at: row.at_ms as WallMs,
  };
}

function prepare(db: Sqlite.Database) {
  return {
    draft: db.prepare<[number], DraftRow>('SELECT * FROM draft WHERE chat = ?'),
    drafts: db.prepare<[], DraftRow>('SELECT * FROM draft ORDER BY at_ms DESC, chat'),
    remove: db.prepare('DELETE FROM draft WHERE chat = ?'),
    add: db.prepare('INSERT INTO draft (chat, text, reply_to, at_ms) VALUES (?, ?, ?, ?)'),
    /** Never the one that was just saved, whatever the clock says. */
    dropOldest: db.prepare(`
      DELETE FROM draft WHERE chat IN (
        SELECT chat FROM draft WHERE chat <> ? ORDER BY at_ms DESC, chat LIMIT -1 OFFSET ?)`),
  };
}
