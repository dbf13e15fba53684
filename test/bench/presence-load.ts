import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openSqliteStore } from '@magpie/server/store/sqlite-store.ts';
import type { Fence } from '@magpie/server/store/store.ts';
import { pause } from '../e2e/stage.ts';
import type { LoadClient } from './load-client.ts';

/** Calls to the store under way: far below the number at which it says that it is overloaded. */
const STORE_CALLS = 4_000;
/** A change that nobody was told of so long after it is lost. */
const TAIL_MS = 5_000;

export interface FriendshipOptions {
  /** Of a server that does not run now. */
  readonly database: string;
  readonly accounts: number;
  readonly friendsEach: number;
}

export interface PresenceOptions {
  readonly changes: number;
  readonly seconds: number;
}

export interface PresenceRound {
  /** Changes that were accepted. */
  readonly changed: number;
  /** What friends were to be told, and of that what arrived. */
  readonly expected: number;
  readonly told: number;
  /** From the request to the frame at one friend, ms, ascending. */
  readonly latenciesMs: Float64Array;
  readonly seconds: number;
}

/** Accounts stand in a ring; each is a friend of its `friendsEach` nearest ones. @returns how many friendships there are */
export async function befriendRing(names: readonly string[], options: FriendshipOptions): Promise<number> {
  const { database, friendsEach } = options;
  const store = await openSqliteStore(database, { mayCreate: false });
  const now = Date.now() as WallMs;
  const fences = await inSteps(names, async (name): Promise<Fence> => {
    const account = await store.accountByName(name as AccountName);
    const [device] = await store.devicesOf(account!.account);
    const claimed = await store.claimSession(device!.device, now);
    if (typeof claimed !== 'object') throw new Error(`${name} cannot log in`);
    return { account: account!.account, device: device!.device, epoch: claimed.device.epoch };
  });
  let count = 0;
  for (let step = 1; step <= friendsEach / 2; step++) {
    await inSteps(fences, async (fence, i) => {
      const other = fences[(i + step) % fences.length]!;
      await store.friendAdd(fence, other.account, '', now);
      const answered = await store.friendAnswer(other, fence.account, true, now);
      if (answered.ok && answered.value.friends) count++;
    });
  }
  await store.close();
  return count;
}

/** Every so often another client changes its status; all of its friends are here and wait for it. */
export async function changePresence(
  clients: readonly LoadClient[],
  friendsEach: number,
  { changes, seconds }: PresenceOptions,
): Promise<PresenceRound> {
  /** When an account asked for its change, and how its friends know that one. */
  const asked = new Map<AccountNumber, { readonly text: string; readonly atMs: number }>();
  const latenciesMs: number[] = [];
  for (const client of clients) {
    client.onPresence = (entries) => {
      for (const { account, text } of entries) {
        const change = asked.get(account);
        if (change?.text === text) latenciesMs.push(performance.now() - change.atMs);
      }
    };
  }
  const startedMs = performance.now();
  // Far from each other in the ring, and all different.
  const stride = Math.floor(clients.length / changes);
  const answers: Promise<boolean>[] = [];
  for (let i = 0; i < changes; i++) {
    const client = clients[i * stride]!;
    const text = `change ${i}`;
    asked.set(client.welcome!.account, { text, atMs: performance.now() });
    answers.push(
      client.request({ type: 'presence-set', status: 'busy', text }).then((frame) => frame?.type === 'done'),
    );
    await pause(Math.max(0, startedMs + ((i + 1) * seconds * 1_000) / changes - performance.now()));
  }
  const elapsedSeconds = (performance.now() - startedMs) / 1_000;
  const changed = (await Promise.all(answers)).filter(Boolean).length;
  const expected = changes * friendsEach;
  const lastMs = performance.now();
  while (latenciesMs.length < expected && performance.now() - lastMs < TAIL_MS) await pause(20);
  for (const client of clients) client.onPresence = () => {};
  const told = latenciesMs.length;
  return { changed, expected, told, latenciesMs: Float64Array.from(latenciesMs).sort(), seconds: elapsedSeconds };
}

/** So many at a time. */
async function inSteps<T, R>(items: readonly T[], act: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += STORE_CALLS) {
    const step = items.slice(at, at + STORE_CALLS);
    results.push(...(await Promise.all(step.map((item, i) => act(item, at + i)))));
  }
  return results;
}
