import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Contact } from '../store/store.ts';
import { followChain, follows, type KnownList, knownList } from './device-chain.ts';

/** Every list of an account above a version, as the server has them. */
export type FetchChain = (account: AccountNumber, since: number) => Promise<Result<readonly Uint8Array[], unknown>>;

/**
 * What becomes of an entry that the server shows. `broken`: its list does not follow from the one held (ID19). `owed`:
 * that could not be found out now, and the list held stays meanwhile.
 */
export interface Judged {
  readonly entry: RosterEntry;
  readonly verdict: 'taken' | 'kept' | 'broken' | 'owed';
}

/**
 * ID10, ID18, ID19, ID20: which list of devices, and which name, of a friend counts from now on. A list that was seen is never given up for an
 * older one or for one beside it, also not over a removal or another key in between: devices that were taken off must
 * not come back.
 */
export async function judgeEntry(shown: RosterEntry, held: Contact | undefined, fetch: FetchChain): Promise<Judged> {
  if (!held) return { entry: shown, verdict: 'taken' };
  // ID20: what a user writes to by name is never moved to somebody else.
  const entry = { ...shown, name: held.name };
  if (!equalBytes(held.accountKey, entry.accountKey)) {
    // Back to the pinned key, whose list was lost from sight meanwhile: any list of it may be an old one.
    const back = held.pinnedKey.length > 0 && equalBytes(held.pinnedKey, entry.accountKey);
    return { entry, verdict: back ? 'broken' : 'taken' };
  }
  const before = knownList(held.deviceList, held.accountKey);
  if (!before) return { entry, verdict: 'taken' };
  const kept = { ...entry, deviceList: held.deviceList };
  if (entry.deviceList.length === 0 || held.local.listBroken) return { entry: kept, verdict: 'kept' };
  const next = knownList(entry.deviceList, entry.accountKey);
  if (!next) return { entry: kept, verdict: 'broken' };
  if (next.list.version < before.list.version) return { entry: kept, verdict: 'kept' };
  if (equalBytes(next.blob, before.blob) || follows(next, before)) return { entry, verdict: 'taken' };
  if (next.list.version === before.list.version) return { entry: kept, verdict: 'broken' };
  const chain = await fetch(entry.account, before.list.version);
  if (!chain.ok) return { entry: kept, verdict: 'owed' };
  const last = endOf(before, chain.value, entry.accountKey);
  if (!last || last.list.version < next.list.version) return { entry: kept, verdict: 'broken' };
  return { entry: { ...entry, deviceList: last.blob }, verdict: 'taken' };
}

function endOf(held: KnownList, blobs: readonly Uint8Array[], accountKey: Uint8Array): KnownList | undefined {
  const walked = followChain(held, blobs, accountKey);
  return walked.ok ? walked.value.at(-1) : undefined;
}
