import { randomBytes } from 'node:crypto';
import { toHex } from '@magpie/common/bytes/hex.ts';
import type { MailId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Fence, MailQuota, Store } from '@magpie/server/store/store.ts';
import { claimedIn, sessionIn } from '../contract/server-store-samples.ts';

/** R24: printed with the result. Quotas are counted as ever; they only end later. */
export const RAISED_QUOTA: MailQuota = {
  ...{ messagesPerDevice: 1_000_000, bytesPerDevice: 2 ** 40, messagesPerSender: 1_000_000, bytesPerSender: 2 ** 40 },
  ...{ slotsPerFriendDevice: 1, slotsPerOwnDevice: 1_000 },
};

const KEY = { generation: 1, step: 0 } as const;
/** As long as the ones of today. */
const KEY_BYTES = 1_304;
const POSITIONS_PER_BLOCK = 65_536;
const KEPT_MS = 14 * 86_400_000;
const ID_BYTES = 16;

/** Friends who write to each other by mail. */
export interface MailPair {
  readonly from: Fence;
  readonly to: Fence;
  /** The session of `to` that counts, newer than all before. */
  resume(): Promise<Fence>;
}

export async function mailPairsIn(store: Store, count: number): Promise<readonly MailPair[]> {
  const pairs: MailPair[] = [];
  for (let i = 0; i < count; i++) {
    const [senderSeed, seed] = [2 * i + 1, 2 * i + 2];
    const from = await sessionIn(store, `sender${i}`, senderSeed);
    const to = await sessionIn(store, `receiver${i}`, seed);
    await store.friendAdd(from, to.account, '', now());
    await store.friendAnswer(to, from.account, true, now());
    await store.setMailKey(to, KEY, new Uint8Array(KEY_BYTES));
    pairs.push({ from, to, resume: () => claimedIn(store, seed) });
  }
  return pairs;
}

/** Puts mail through the Store, as the server's mailbox does: positions from blocks, ids that nobody has seen. */
export class MailLoad {
  readonly #store: Store;
  #position = 0;
  #positionsEnd = 0;
  #reserving: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** An id as those of messages are: time first, then chance. @param bytes of the envelope, which begins with it */
  async put(pair: MailPair, bytes: number): Promise<string> {
    while (this.#position === this.#positionsEnd) {
      this.#reserving ??= this.#reserve();
      await this.#reserving;
    }
    const position = this.#position++;
    const envelope = new Uint8Array(bytes);
    envelope.set(newId(position));
    const id = toHex(envelope.subarray(0, ID_BYTES)) as MailId;
    const [at, expiresAt] = [now(), (now() + KEPT_MS) as WallMs];
    const mail = { position, to: pair.to.device, id, kind: 'message', ...KEY, at, expiresAt, envelope } as const;
    const answer = await this.#store.appendMail(pair.from, mail, RAISED_QUOTA);
    if (!answer.ok) throw new Error(`a mail was refused: ${answer.error}`);
    return id;
  }

  async #reserve(): Promise<void> {
    this.#position = await this.#store.reserveMailPositions(POSITIONS_PER_BLOCK, now());
    this.#positionsEnd = this.#position + POSITIONS_PER_BLOCK;
    this.#reserving = undefined;
  }
}

/** @returns seconds for `count` mails, so many of them under way at any time */
export async function putMany(
  load: MailLoad,
  pairs: readonly MailPair[],
  { count, underWay, bytes }: { readonly count: number; readonly underWay: number; readonly bytes: number },
): Promise<number> {
  let begun = 0;
  async function lane(): Promise<void> {
    while (begun < count) await load.put(pairs[begun++ % pairs.length]!, bytes);
  }
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: underWay }, lane));
  return (performance.now() - startedMs) / 1_000;
}

export function now(): WallMs {
  return Date.now() as WallMs;
}

const POOL_BYTES = 16 * 1_024;
let pool = new Uint8Array(0);

/** Unique by its position; the rest is chance, drawn in large portions. */
export function newId(position: number): Uint8Array {
  if (pool.length < ID_BYTES) pool = randomBytes(POOL_BYTES);
  const id = Buffer.from(pool.subarray(0, ID_BYTES));
  pool = pool.subarray(ID_BYTES);
  id.writeUIntBE(position % 2 ** 48, 0, 6);
  return id;
}
