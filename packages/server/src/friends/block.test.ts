import type { Frame } from '@magpie/common/frames/frame.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

type End = (world: TestWorld, alice: TestClient, bob: TestClient) => Promise<unknown>;

describe('a block, seen by the one who is blocked (SV35)', () => {
  it.each<[string, End, End]>([
    ['of a friend like a removal', befriendThen('friend-remove'), befriendThen('block')],
    ['of somebody who asks like a no', askThen('friend-answer'), askThen('block')],
    ['of a stranger like nothing at all', async () => {}, block],
  ])('[SV35] looks, %s', async (_what, plain, blocked) => {
    const told: unknown[] = [];
    for (const end of [plain, blocked]) {
      const world = await TestWorld.start();
      const [alice, bob] = [await world.register('alice'), await world.register('bob')];
      await end(world, alice, bob);
      await settle();
      told.push(await everythingTold(world, alice, bob));
    }
    expect(told[1]).toEqual(told[0]);
  });

  it('[SV35] ends presence, relay and introductions both ways, and their presence too', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await world.advance(2_000);
    for (const client of [alice, bob]) client.received.length = 0;
    await block(world, alice, bob);
    expect(bob.take('presence').at(-1)?.entries).toMatchObject([{ account: alice.account, status: 'offline' }]);
    expect(alice.take('presence').at(-1)?.entries).toMatchObject([{ account: bob.account, status: 'offline' }]);
    expect(entriesPushed(alice).at(-1)).toMatchObject({ account: bob.account, state: 'blocked', signatureLine: '' });
    expect(entriesPushed(alice).at(-1)?.deviceList ?? []).toHaveLength(0);
    await alice.request({ type: 'presence-set', status: 'away', text: 'still here' });
    await bob.request({ type: 'presence-set', status: 'away', text: 'still here' });
    await world.advance(5_000);
    expect([...alice.take('presence'), ...bob.take('presence')]).toEqual([]);
  });
});

describe('a block, seen by the one who made it (SV35)', () => {
  it('[SV35] keeps their requests away until it is lifted, and shows the last one then', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await block(world, alice, bob);
    alice.received.length = 0;
    await bob.request({ type: 'friend-add', account: alice.account, text: 'please' });
    await settle();
    expect(alice.received).toEqual([]);
    await alice.request({ type: 'unblock', account: bob.account });
    await settle();
    expect(entriesPushed(alice)).toMatchObject([{ account: bob.account, state: 'asking', text: 'please' }]);
    await alice.request({ type: 'friend-answer', account: bob.account, accept: true });
    await settle();
    expect(entriesPushed(bob).at(-1)).toMatchObject({ account: alice.account, state: 'member' });
  });

  it('[SV35] is lifted without a trace when they asked nothing', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await block(world, alice, bob);
    bob.received.length = 0;
    await alice.request({ type: 'unblock', account: bob.account });
    await settle();
    expect(entriesPushed(alice).at(-1)).toMatchObject({ account: bob.account, state: 'removed' });
    expect(bob.received).toEqual([]);
  });

  it('[SV35] says why not', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const refused = (type: 'block' | 'unblock', account: number) =>
      alice.refusal({ type, account: account as AccountNumber });
    expect(await refused('block', alice.account)).toBe('self');
    expect(await refused('block', 99_999)).toBe('not-found');
    expect(await refused('unblock', bob.account)).toBe('not-found');
    expect(await refused('unblock', 99_999)).toBe('not-found');
    await block(world, alice, bob);
    expect(await alice.refusal({ type: 'friend-add', account: bob.account, text: '' })).toBe('blocked');
  });

  it('[SV35] may be repeated, and counts once', async () => {
    const world = await TestWorld.start({ blocksPerDay: 2 });
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    expect(await alice.request({ type: 'block', account: bob.account })).toMatchObject({ type: 'done' });
    expect(await alice.refusal({ type: 'block', account: 99_999 as AccountNumber })).toBe('not-found');
    expect(await alice.request({ type: 'block', account: carol.account })).toMatchObject({ type: 'done' });
    await alice.request({ type: 'unblock', account: carol.account });
    expect(await alice.refusal({ type: 'block', account: carol.account })).toBe('rate-limited');
    expect(await carol.request({ type: 'block', account: alice.account })).toMatchObject({ type: 'done' });
  });
});

async function block(_world: TestWorld, alice: TestClient, bob: TestClient): Promise<unknown> {
  const answer = await alice.request({ type: 'block', account: bob.account });
  await settle();
  return answer;
}

function befriendThen(type: 'friend-remove' | 'block'): End {
  return async (world, alice, bob) => {
    await world.befriend(alice, bob);
    await alice.request({ type, account: bob.account });
  };
}

function askThen(type: 'friend-answer' | 'block'): End {
  return async (_world, alice, bob) => {
    await bob.request({ type: 'friend-add', account: alice.account, text: 'hello' });
    const account = bob.account;
    await alice.request(type === 'block' ? { type, account } : { type, account, accept: false });
  };
}

/** Everything that Bob gets to hear, also when he tries what he can. */
async function everythingTold(world: TestWorld, alice: TestClient, bob: TestClient): Promise<readonly Frame[]> {
  const { account } = alice;
  const heard: Frame[] = [];
  for (let i = 0; i < 5; i++) {
    heard.push(await bob.request({ type: 'lookup', account: 'alice' }));
    heard.push(await bob.request({ type: 'friend-add', account, text: `try ${i}` }));
    heard.push(await bob.request({ type: 'friend-add', account, text: `again ${i}` }));
    heard.push(await bob.request({ type: 'friend-answer', account, accept: true }));
    heard.push(await bob.request({ type: 'introduce', to: alice.device.id, packet: new Uint8Array(8) }));
    heard.push(await bob.request({ type: 'device-list-get', account }));
    heard.push(await bob.request({ type: 'last-seen-get', accounts: [account] }));
    bob.relay(alice.device.id, Uint8Array.of(i));
    await alice.request({ type: 'presence-set', status: i % 2 === 0 ? 'busy' : 'online', text: `${i}` });
    await world.advance(3_000);
    heard.push(await bob.request({ type: 'friend-remove', account }));
    heard.push(await bob.request({ type: 'roster-get', since: 0 }));
  }
  const again = world.connect(bob.device);
  heard.push(await again.resume());
  await settle();
  return [...heard, ...bob.received, ...again.received];
}

function entriesPushed(client: TestClient) {
  return client.take('roster').flatMap((frame) => (frame.requestId === 0 ? frame.entries : []));
}
