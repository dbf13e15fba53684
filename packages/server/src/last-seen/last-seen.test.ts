import type { AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import { LAST_SEEN_STEP_MS } from '@magpie/common/limits.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { expect, it } from 'vitest';
import { LiveAccount, LiveSession } from '../bus/directory.ts';
import { DEFAULT_LIMITS, LAST_SEEN_BATCH_MAX, LAST_SEEN_PENDING_MAX } from '../limits.ts';
import { settle, TestClock } from '../session/test-world.ts';
import type { Store } from '../store/store.ts';
import { LastSeen } from './last-seen.ts';

const alice = 10_001 as AccountNumber;
const bob = 10_002 as AccountNumber;
const carol = 10_003 as AccountNumber;

it('[SV49] writes what was noted in one call, and nothing when nothing was', async () => {
  const { clock, lastSeen, store } = setUp();
  await clock.advance(10_000);
  expect(store.calls).toEqual([]);
  lastSeen.note(alice);
  lastSeen.note(bob);
  await clock.advance(900);
  expect(store.calls).toEqual([]);
  await clock.advance(100);
  expect(store.calls.map((call) => call.map(({ account }) => account))).toEqual([[alice, bob]]);
  await clock.advance(10_000);
  expect(store.calls).toHaveLength(1);
});

it('[SV49] tells no more than the step of ten minutes in which somebody left', async () => {
  const { clock, lastSeen, store } = setUp();
  await clock.advance(1.5 * LAST_SEEN_STEP_MS);
  const told = lastSeen.note(alice);
  expect(told % LAST_SEEN_STEP_MS).toBe(0);
  expect(clock.wallNow() - told).toBeLessThan(LAST_SEEN_STEP_MS);
  await clock.advance(1_000);
  await settle();
  expect(store.calls[0]).toEqual([{ account: alice, at: clock.wallNow() - 1_000 }]);
  expect(await asked(lastSeen, [alice])).toEqual([{ account: alice, atWallMs: told }]);
});

it('[SV49] knows the newer time that is still on its way to the store, and leaves out who was never seen', async () => {
  const { clock, lastSeen, store } = setUp();
  lastSeen.note(alice);
  await clock.advance(2 * LAST_SEEN_STEP_MS);
  store.hold();
  const told = lastSeen.note(alice);
  expect(await asked(lastSeen, [alice, carol])).toEqual([{ account: alice, atWallMs: told }]);
  await clock.advance(1_000);
  expect(store.calls).toHaveLength(2);
  expect(await asked(lastSeen, [alice, carol])).toEqual([{ account: alice, atWallMs: told }]);
});

it('writes one call at a time, and waits for a slow store', async () => {
  const { clock, lastSeen, store } = setUp();
  store.hold();
  for (let second = 0; second < 5; second++) {
    lastSeen.note((10_001 + second) as AccountNumber);
    await clock.advance(1_000);
  }
  expect(store.calls).toHaveLength(1);
  store.release();
  await clock.advance(1_000);
  expect(store.calls.map((call) => call.length)).toEqual([1, 4]);
});

it('keeps what the store failed to take, and tries again later', async () => {
  const { clock, lastSeen, store } = setUp();
  store.failing = true;
  lastSeen.note(alice);
  await clock.advance(1_000);
  await settle();
  store.failing = false;
  await clock.advance(9_000);
  expect(store.calls).toHaveLength(1);
  await clock.advance(1_000);
  expect(store.calls.map((call) => call.length)).toEqual([1, 1]);
});

it('holds a bounded number of accounts and writes them in bounded batches', async () => {
  const { clock, lastSeen, store } = setUp();
  for (let i = 0; i < LAST_SEEN_PENDING_MAX + 500; i++) lastSeen.note((10_001 + i) as AccountNumber);
  for (let second = 0; second < 30; second++) {
    await clock.advance(1_000);
  }
  expect(Math.max(...store.calls.map((call) => call.length))).toBe(LAST_SEEN_BATCH_MAX);
  expect(store.calls.reduce((sum, call) => sum + call.length, 0)).toBe(LAST_SEEN_PENDING_MAX);
});

it('flushes everything at the end, but waits for no store that hangs', async () => {
  const { clock, lastSeen, store } = setUp();
  for (let i = 0; i < 2_500; i++) lastSeen.note((10_001 + i) as AccountNumber);
  await lastSeen.flush([]);
  expect(store.calls.map((call) => call.length)).toEqual([1_000, 1_000, 500]);
  store.hold();
  lastSeen.note(alice);
  let flushed = false;
  const flushing = lastSeen.flush([]).then(() => {
    flushed = true;
  });
  await clock.advance(900);
  expect(flushed).toBe(false);
  await clock.advance(100);
  await flushing;
});

/** A store that remembers every call, holds or fails them. */
class NoteBook {
  readonly calls: { readonly account: AccountNumber; readonly at: WallMs }[][] = [];
  failing = false;
  readonly #seen = new Map<AccountNumber, WallMs>();
  #held: Promise<void> | undefined;
  #release: () => void = () => {};

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  async noteLastSeen(entries: Parameters<Store['noteLastSeen']>[0]): Promise<void> {
    this.calls.push([...entries]);
    await this.#held;
    if (this.failing) throw new Error('disk full');
    for (const { account, at } of entries) this.#seen.set(account, at);
  }

  async lastSeen(_by: AccountNumber, accounts: readonly AccountNumber[]) {
    return accounts.flatMap((account) => {
      const at = this.#seen.get(account);
      return at === undefined ? [] : [{ account, at }];
    });
  }
}

function setUp() {
  const clock = new TestClock();
  const store = new NoteBook();
  const random = { bytes: (length: number) => new Uint8Array(length) };
  return { clock, store, lastSeen: new LastSeen({ clock, store, random, log: silentLog }, DEFAULT_LIMITS) };
}

/** What Bob is told, to whom both are friends and nobody is shown. */
async function asked(lastSeen: LastSeen, accounts: readonly AccountNumber[]) {
  const account = new LiveAccount(bob, new Set([alice, carol]), 0, true);
  const wire = { close() {}, drainCount: 0, open: true, queuedBytes: 0, send() {}, async whenTaken() {} };
  const session = new LiveSession(account, '00'.repeat(16) as DeviceId, 1 as SessionEpoch, wire);
  const answer = await lastSeen.ask(session, accounts, () => false);
  return answer.ok ? answer.value : answer.error.code;
}
