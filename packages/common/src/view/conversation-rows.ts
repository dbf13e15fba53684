import type { MessageJson } from '../rpc/schemas.ts';
import { ROWS_KEPT_MAX } from './limits.ts';
import { compareRows } from './row-order.ts';
import { sameJson } from './same-json.ts';

/** A stretch of a conversation without gaps, and whether something is known to lie beyond its ends. */
export interface Stretch {
  readonly rows: readonly MessageJson[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** Nothing is known of the conversation yet. */
export const NO_STRETCH: Stretch = { rows: [], atStart: false, atEnd: false };

/**
 * A row as it is now, at its place, whether it was there or not. One that lies beyond an end behind which more may be is
 * left out: the page that is loaded from there will have it. What changes nothing gives back the same stretch.
 */
export function withRow(stretch: Stretch, row: MessageJson): Stretch {
  const { rows, atStart, atEnd } = stretch;
  const index = indexOfRow(rows, row.id);
  const before = rows[index];
  if (before && sameJson(before, row)) return stretch;
  if (before && compareRows(before, row) === 0) return { ...stretch, rows: rows.with(index, row) };
  const others = before ? rows.toSpliced(index, 1) : rows;
  const place = placeOf(others, row);
  if ((place === 0 && !atStart) || (place === others.length && !atEnd))
    return before ? { ...stretch, rows: others } : stretch;
  return { ...stretch, rows: others.toSpliced(place, 0, row) };
}

export function withoutRows(stretch: Stretch, ids: ReadonlySet<string>): Stretch {
  const rows = stretch.rows.filter(({ id }) => !ids.has(id));
  return rows.length === stretch.rows.length ? stretch : { ...stretch, rows };
}

/**
 * A page that was read, joined with what was told of while it was on its way.
 * @param told newer than the page: whole rows by id, of this conversation only
 */
export function withTold(stretch: Stretch, told: ReadonlyMap<string, MessageJson>): Stretch {
  let joined = stretch;
  for (const row of told.values()) joined = withRow(joined, row);
  return joined;
}

/** Rows of a page in order; those that are known already keep their identity. */
export function joinPage(
  stretch: Stretch,
  page: readonly MessageJson[],
  side: 'older' | 'newer',
  isLast: boolean,
): Stretch {
  const known = new Set(stretch.rows.map(({ id }) => id));
  const added = page.filter(({ id }) => !known.has(id));
  return side === 'older'
    ? { ...stretch, rows: [...added, ...stretch.rows], atStart: isLast }
    : { ...stretch, rows: [...stretch.rows, ...added], atEnd: isLast };
}

/** At most ROWS_KEPT_MAX rows; those at the side that is given up are left out, and may be loaded again. */
export function trimmed(stretch: Stretch, giveUp: 'start' | 'end'): Stretch {
  const { rows } = stretch;
  if (rows.length <= ROWS_KEPT_MAX) return stretch;
  return giveUp === 'start'
    ? { ...stretch, rows: rows.slice(-ROWS_KEPT_MAX), atStart: false }
    : { ...stretch, rows: rows.slice(0, ROWS_KEPT_MAX), atEnd: false };
}

export function rowOf(rows: readonly MessageJson[], id: string): MessageJson | undefined {
  return rows[indexOfRow(rows, id)];
}

/** From the end: what happens, happens to new rows nearly always. */
function indexOfRow(rows: readonly MessageJson[], id: string): number {
  for (let index = rows.length - 1; index >= 0; index--) if (rows[index]!.id === id) return index;
  return -1;
}

function placeOf(rows: readonly MessageJson[], row: MessageJson): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareRows(rows[middle]!, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
