import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { ROSTER_ENTRIES_PER_FRAME_MAX } from '@magpie/common/limits.ts';
import { ROSTER_PAGE_BYTES } from '../limits.ts';
import type { RosterRow } from '../store/store.ts';

/** Bytes of an entry beside its texts and lists: numbers, key, state, lengths. */
const ENTRY_FIXED_BYTES = 64;

/** The pages of a list, each encoded when its turn comes. */
export function* rosterFrames(
  requestId: RequestId,
  version: number,
  rows: readonly RosterRow[],
): Generator<Uint8Array> {
  const pages: RosterEntry[][] = [[]];
  let pageBytes = 0;
  for (const row of rows) {
    const entry = entryOf(row);
    const bytes =
      ENTRY_FIXED_BYTES +
      entry.deviceList.length +
      Buffer.byteLength(entry.name) +
      Buffer.byteLength(entry.displayName) +
      Buffer.byteLength(entry.text) +
      Buffer.byteLength(entry.signatureLine);
    const page = pages.at(-1)!;
    if (page.length > 0 && (page.length === ROSTER_ENTRIES_PER_FRAME_MAX || pageBytes + bytes > ROSTER_PAGE_BYTES)) {
      pages.push([entry]);
      pageBytes = bytes;
    } else {
      page.push(entry);
      pageBytes += bytes;
    }
  }
  for (const [index, entries] of pages.entries()) {
    yield encodeFrame({ type: 'roster', requestId, version, last: index === pages.length - 1, entries });
  }
}

function entryOf(row: RosterRow): RosterEntry {
  const pending = row.state === 'asked' || row.state === 'asking';
  return {
    account: row.account,
    name: row.name,
    displayName: row.displayName,
    state: row.state,
    version: row.version,
    accountKey: row.accountKey,
    deviceList: row.state === 'member' ? row.deviceList : new Uint8Array(0),
    text: pending ? row.text : '',
    signatureLine: pending || row.state === 'member' ? row.signatureLine : '',
  };
}
