import { type DeviceList, deviceListHash, verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';

/** A signed list of devices whose signature was checked. */
export interface KnownList {
  readonly blob: Uint8Array;
  readonly list: DeviceList;
}

/** What the first list of an account key carries: there is none before it. */
export const NO_PREVIOUS_HASH = new Uint8Array(32);

/** @returns undefined when it is no valid list of this account key */
export function knownList(blob: Uint8Array, accountKey: Uint8Array): KnownList | undefined {
  const list = verifyDeviceList(blob, accountKey);
  return list.ok ? { blob: Uint8Array.from(blob), list: list.value } : undefined;
}

/** ID18: one version further, by whoever had the list before in hand. */
export function follows(next: KnownList, held: KnownList): boolean {
  return next.list.version === held.list.version + 1 && equalBytes(next.list.previousHash, deviceListHash(held.blob));
}

/**
 * ID18, ID19: walks lists one by one from the one held.
 * @param held undefined: nothing is known of this key yet, and the first list must be one that begins a chain, or the
 *   oldest that is still kept of a very long one
 * @param blobs ascending, as the server gave them
 * @returns the lists behind the one held, none when there are none; `broken` when any of them does not follow
 */
export function followChain(
  held: KnownList | undefined,
  blobs: readonly Uint8Array[],
  accountKey: Uint8Array,
): Result<readonly KnownList[], 'broken'> {
  if (blobs.length > DEVICE_CHAIN_MAX) return err('broken');
  const walked: KnownList[] = [];
  let last = held;
  for (const blob of blobs) {
    const next = knownList(blob, accountKey);
    if (!next) return err('broken');
    if (last ? !follows(next, last) : !beginsChain(next, blobs.length)) return err('broken');
    walked.push(next);
    last = next;
  }
  return ok(walked);
}

/**
 * The last lists that follow one from the other up to the newest: what is left of a chain with a gap or a fork, for
 * whoever has the account key and so knows that nobody else has signed them.
 */
export function soundTail(blobs: readonly Uint8Array[], accountKey: Uint8Array): readonly KnownList[] {
  const tail: KnownList[] = [];
  for (const blob of [...blobs].reverse()) {
    const list = knownList(blob, accountKey);
    const first = tail[0];
    if (!list || (first && !follows(first, list))) break;
    tail.unshift(list);
  }
  return tail;
}

function beginsChain({ list }: KnownList, count: number): boolean {
  return equalBytes(list.previousHash, NO_PREVIOUS_HASH) || count === DEVICE_CHAIN_MAX;
}
