import { searchTerms } from './search-text.ts';
import type { SearchQuery, StoredMessage } from './store.ts';

/** Answers searches of the memory store by looking at every row. Newest commit first, as SQLite answers. */
export function searchRows(rows: readonly StoredMessage[], query: SearchQuery): readonly StoredMessage[] {
  const terms = searchTerms(query.text);
  if (!terms) return [];
  const before = query.before === undefined ? undefined : ofId(rows, query.before);
  if (query.before !== undefined && !before) return [];
  return rows
    .filter((m) => m.kind === 'text' && m.text !== '')
    .filter((m) => query.chat === undefined || m.chat === query.chat)
    .filter((m) => query.direction === undefined || m.direction === query.direction)
    .filter((m) => m.stamp.wallMs >= (query.since ?? 0) && m.stamp.wallMs < (query.until ?? Number.POSITIVE_INFINITY))
    .filter((m) => !before || m.born < before.born)
    .filter((m) => terms.matches(m.text))
    .sort((a, b) => b.born - a.born)
    .slice(0, query.limit);
}

/** An own id is found first, as everywhere. */
function ofId(rows: readonly StoredMessage[], id: string): StoredMessage | undefined {
  const named = rows.filter((m) => m.id === id);
  return named.find((m) => m.direction === 'out') ?? named.sort((a, b) => b.chat - a.chat)[0];
}
