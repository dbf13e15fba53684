import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { chatTerm, directionTerm, indexTerms, type SearchTerms, searchTerms } from './search-text.ts';
import { type MessageRow, messageOf, toBlob } from './sqlite-rows.ts';
import type { SearchQuery, StoredMessage } from './store.ts';

const DAY_MS = 86_400_000;

/**
 * The index of what can be searched. It has no text of its own (`content=''`), only which position has which term. Terms
 * are erased by naming them again ('delete'), and with `secure-delete` they leave the file rather than being marked: what
 * was recalled or deleted can be read nowhere.
 *
 * `search_day` tells between which positions the messages of a day stand: positions are in the order of commits, stamps
 * only nearly, and a search within days must not look at the hits of all years.
 */
export const SEARCH_SCHEMA = `
  CREATE VIRTUAL TABLE message_search USING fts5(terms, content='', detail=none, columnsize=0, tokenize='ascii');
  INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1);
  INSERT INTO message_search (rowid, terms)
    SELECT position, search_terms(text, chat, direction) FROM message WHERE kind = 'text' AND text <> ''
    ORDER BY position;

  CREATE TABLE search_day (
    day INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
  ) STRICT;
  INSERT INTO search_day SELECT wall_ms / ${DAY_MS}, min(position), max(position) FROM message GROUP BY 1;
`;

/** Must be called on every connection before SEARCH_SCHEMA is applied or a message written. */
export function defineSearchTerms(db: Sqlite.Database): void {
  db.function('search_terms', { deterministic: true }, (text, chat, direction) =>
    [indexTerms(String(text)), chatTerm(chat as AccountNumber), directionTerm(direction as 'in' | 'out')].join(' '),
  );
}

/**
 * Keeps the index with the rows, in the same transaction, whoever writes them. The triggers are of this connection: those
 * in the file would need functions that other programs do not have.
 */
export function keepIndexed(db: Sqlite.Database): void {
  const terms = (row: 'old' | 'new') => `search_terms(${row}.text, ${row}.chat, ${row}.direction)`;
  const erase = `
    INSERT INTO message_search (message_search, rowid, terms) SELECT 'delete', old.position, ${terms('old')}
      WHERE old.kind = 'text' AND old.text <> '';`;
  const add = `
    INSERT INTO message_search (rowid, terms) SELECT new.position, ${terms('new')}
      WHERE new.kind = 'text' AND new.text <> '';`;
  const day = `
    INSERT INTO search_day VALUES (new.wall_ms / ${DAY_MS}, new.position, new.position)
      ON CONFLICT (day) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last);`;
  db.exec(`
    CREATE TEMP TRIGGER message_search_insert AFTER INSERT ON main.message BEGIN ${add} ${day} END;
    CREATE TEMP TRIGGER message_search_day AFTER UPDATE OF wall_ms ON main.message BEGIN ${day} END;
    CREATE TEMP TRIGGER message_search_update AFTER UPDATE OF text, kind ON main.message
      WHEN old.text IS NOT new.text OR old.kind IS NOT new.kind BEGIN ${erase} ${add} END;
    CREATE TEMP TRIGGER message_search_delete AFTER DELETE ON main.message BEGIN ${erase} END;`);
}

/** Answers searches. Plain calls on an open database; the caller brings the transaction. */
export class SqliteSearch {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  /** Newest commit first. Only as many hits are looked at as it takes to fill the page. */
  search(query: SearchQuery): readonly StoredMessage[] {
    const terms = searchTerms(query.text);
    const span = this.#span(query);
    if (!terms || !span) return [];
    const found: StoredMessage[] = [];
    for (const row of this.#sql.hits.iterate(matchOf(terms, query), span.from, span.to)) {
      if (found.length >= query.limit) break;
      if (row.wall_ms < (query.since ?? 0) || row.wall_ms >= (query.until ?? Number.POSITIVE_INFINITY)) continue;
      if (!terms.needsLook || terms.matches(row.text)) found.push(messageOf(row));
    }
    return found;
  }

  /** Positions between which hits can stand. */
  #span({ since, until, before }: SearchQuery): { readonly from: number; readonly to: number } | undefined {
    const from = since === undefined ? 1 : this.#sql.firstSince.get(dayOf(since));
    const to = until === undefined ? Number.MAX_SAFE_INTEGER : this.#sql.lastUntil.get(dayOf(until));
    if (typeof from !== 'number' || typeof to !== 'number') return undefined;
    if (before === undefined) return { from, to };
    const position = this.#positionOf(before);
    return position === undefined ? undefined : { from, to: Math.min(to, position - 1) };
  }

  #positionOf(id: MessageId): number | undefined {
    return this.#sql.positionOf.get(toBlob(id));
  }
}

/** Each term in quotes: none of them holds one, and within quotes nothing has a meaning. */
function matchOf({ exact, heads }: SearchTerms, { chat, direction }: SearchQuery): string {
  const all = [
    ...exact,
    ...(chat === undefined ? [] : [chatTerm(chat)]),
    ...(direction ? [directionTerm(direction)] : []),
  ];
  return [...all.map((term) => `"${term}"`), ...heads.map((head) => `"${head}"*`)].join(' AND ');
}

function dayOf(wall: WallMs): number {
  return Math.floor(wall / DAY_MS);
}

function prepare(db: Sqlite.Database) {
  return {
    hits: db.prepare<[string, number, number], MessageRow>(`
      SELECT message.* FROM message_search CROSS JOIN message ON message.position = message_search.rowid
      WHERE message_search MATCH ? AND message_search.rowid BETWEEN ? AND ?
      ORDER BY message_search.rowid DESC`),
    firstSince: db.prepare<[number], number | null>('SELECT min(first) FROM search_day WHERE day >= ?').pluck(),
    lastUntil: db.prepare<[number], number | null>('SELECT max(last) FROM search_day WHERE day <= ?').pluck(),
    positionOf: db
      .prepare<[Buffer], number>('SELECT position FROM message WHERE id = ? ORDER BY direction DESC, chat DESC LIMIT 1')
      .pluck(),
  };
}
