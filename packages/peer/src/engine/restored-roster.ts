import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';

/**
 * SV84: what becomes of the friend list when the server's is older than the one held, since it was restored from a
 * backup. Its rows are true, whatever their versions: who is not in them is no friend there, so nobody is left to hear.
 * A block is the user's wish, and stands here while the server has forgotten it.
 * @param shown the server's whole list
 * @param version of that list; rows count from it on
 * @returns a row for every account, and the accounts that the server must be told to block again
 */
export function rosterAfterRestore(
  shown: readonly RosterEntry[],
  version: number,
  held: readonly RosterEntry[],
): { readonly rows: readonly RosterEntry[]; readonly lostBlocks: readonly AccountNumber[] } {
  const blocked = new Set(held.filter(({ state }) => state === 'blocked').map(({ account }) => account));
  const named = new Set(shown.map(({ account }) => account));
  const gone = held
    .filter(({ account }) => !named.has(account))
    .map((row): RosterEntry => ({ ...row, state: 'removed', text: '', version }));
  const rows = [...shown, ...gone];
  const lostBlocks = rows
    .filter(({ account, state }) => blocked.has(account) && state !== 'blocked')
    .map(({ account }) => account);
  const lost = new Set(lostBlocks);
  return { rows: rows.map((row) => (lost.has(row.account) ? { ...row, state: 'blocked' } : row)), lostBlocks };
}
