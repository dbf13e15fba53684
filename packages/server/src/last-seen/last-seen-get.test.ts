import type { AccountNumber } from '@magpie/common/ids.ts';
import { LAST_SEEN_STEP_MS } from '@magpie/common/limits.ts';
import { expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

it('[SV49] tells friends when somebody left, in steps of ten minutes, at once and when they ask', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  await advanceTalking(world, [alice, bob], 1.7 * LAST_SEEN_STEP_MS);
  const leftAt = world.clock.wallNow();
  bob.received.length = 0;
  await alice.request({ type: 'logout' });
  const atWallMs = leftAt - (leftAt % LAST_SEEN_STEP_MS);
  expect(bob.take('presence')[0]?.entries).toMatchObject([{ status: 'offline', lastSeenWallMs: atWallMs }]);
  const expected = [{ account: alice.account, atWallMs }];
  await world.advance(2_000);
  expect(await lastSeen(bob, alice)).toEqual(expected);
  await advanceTalking(world, [bob], 2 * LAST_SEEN_STEP_MS);
  expect(await lastSeen(bob, alice)).toEqual(expected);
  expect(await world.store.lastSeen(bob.account, [alice.account])).toEqual([{ account: alice.account, at: leftAt }]);
});

it('[SV49] says nothing of strangers, unknown numbers, oneself, and friends who are here', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const carol = await world.register('carol');
  await carol.request({ type: 'logout' });
  // Alice was away a moment ago, so that there is something to tell; carol is no friend.
  alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
  await world.advance(2_000);
  expect(await lastSeen(bob, alice)).toHaveLength(1);
  const back = world.connect(alice.device);
  await back.resume();
  await world.advance(2_000);
  const accounts = [carol.account, alice.account, bob.account, 99_999 as AccountNumber];
  expect(await bob.request({ type: 'last-seen-get', accounts })).toMatchObject({ type: 'last-seen', entries: [] });
  await back.request({ type: 'logout' });
  await world.advance(2_000);
  expect(await lastSeen(bob, alice)).toHaveLength(1);
  await bob.request({ type: 'friend-remove', account: alice.account });
  expect(await lastSeen(bob, alice)).toEqual([]);
});

it('[SV49] tells nothing of who does not tell, from the moment that it was switched off', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const policy = { type: 'policy-set', ask: 'anyone', question: '', showLastSeen: false } as const;
  expect(await alice.request(policy)).toMatchObject({ type: 'done' });
  bob.received.length = 0;
  await alice.request({ type: 'logout' });
  expect(bob.take('presence')[0]?.entries).toMatchObject([{ status: 'offline', lastSeenWallMs: 0 }]);
  await world.advance(2_000);
  expect(await lastSeen(bob, alice)).toEqual([]);
});

it('[SV49] writes that somebody was here before the server stops', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const now = world.clock.wallNow();
  const stopped = world.server.stop();
  await world.advance(5_000);
  await stopped;
  const seen = await world.store.lastSeen(bob.account, [alice.account]);
  expect(seen[0]?.at).toBeGreaterThanOrEqual(now);
});

it('[SV49] limits the questions of an account', async () => {
  const world = await TestWorld.start({ lastSeenAsksPerMinute: 3 });
  const [alice, bob] = await world.friends();
  for (let i = 0; i < 3; i++) await lastSeen(bob, alice);
  expect(await bob.refusal({ type: 'last-seen-get', accounts: [alice.account] })).toBe('rate-limited');
  expect(await alice.request({ type: 'last-seen-get', accounts: [bob.account] })).toMatchObject({ type: 'last-seen' });
});

async function lastSeen(by: TestClient, of: TestClient) {
  const answer = await by.request({ type: 'last-seen-get', accounts: [of.account] });
  return answer.type === 'last-seen' ? answer.entries : answer;
}

/** Time passes for clients that answer pings. */
async function advanceTalking(world: TestWorld, clients: readonly TestClient[], ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await world.advance(Math.min(10_000, ms - passed));
    for (const client of clients) client.send({ type: 'pong', token: 0 });
  }
  await settle();
}
