import { DEVICES_MAX, FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../limits.ts';
import { type TestClient, TestWorld } from '../session/test-world.ts';

it('[SV32] gives an account so many entries of its list, and goes on as time passes', async () => {
  const world = await TestWorld.start({ rosterEntriesBurst: 300, rosterEntriesPerHour: 3_600 });
  const [alice, bob] = await world.friends();
  await showLines(world, alice, 200);
  expect([await read(alice), await read(alice), await read(alice)]).toEqual(['roster', 'roster', 'rate-limited']);
  expect(await read(bob)).toBe('roster');
  const again = world.connect(alice.device);
  await again.resume();
  expect(await read(again)).toBe('rate-limited');
  await world.advance(101_000);
  const later = world.connect(alice.device);
  await later.resume();
  expect([await read(later), await read(later)]).toEqual(['roster', 'rate-limited']);
});

it('[SV32] lets every device of an account read the longest list, and then some', async () => {
  const { rosterEntriesBurst } = DEFAULT_LIMITS;
  expect(rosterEntriesBurst).toBeGreaterThanOrEqual(DEVICES_MAX * (FRIENDS_MAX + REQUESTS_PENDING_MAX));
});

it('[SV30] reads no list for a look-up', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const carol = await world.register('carol');
  const asks = { ask: 'nobody', question: '', showLastSeen: true } as const;
  await carol.request({ type: 'policy-set', ...asks });
  await carol.request({ type: 'friend-add', account: bob.account, text: '' });
  world.store.roster = () => Promise.reject(new Error('read a list'));
  expect(await alice.refusal({ type: 'lookup', account: 'carol' })).toBe('not-found');
  expect(await alice.refusal({ type: 'lookup', account: 'nobody_here' })).toBe('not-found');
  expect(await bob.request({ type: 'lookup', account: 'carol' })).toMatchObject({ type: 'account' });
});

/** One friend, shown so many times. */
async function showLines(world: TestWorld, owner: TestClient, count: number): Promise<void> {
  const [row] = (await world.store.roster(owner.account, 0)).rows;
  const rows = Array.from({ length: count }, (_, i) => ({ ...row!, version: i + 1 }));
  world.store.roster = async () => ({ version: count, rows });
}

async function read(client: TestClient): Promise<string> {
  const answer = await client.request({ type: 'roster-get', since: 0 });
  client.received.length = 0;
  return answer.type === 'refused' ? answer.code : answer.type;
}
