import type { Frame } from '@magpie/common/frames/frame.ts';
import type { AskPolicy } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, SessionEpoch } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

describe('who may ask (SV36)', () => {
  it('[SV36] is to strangers, in every byte, no account when it lets nobody ask or is deleted', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = [await world.register('alice'), await world.register('bob')];
    const carol = await world.register('carol');
    await setPolicy(world, alice, 'nobody');
    await world.store.deleteAccount(carol.account, world.clock.wallNow());
    bob.received.length = 0;
    const answers = [];
    for (const [name, account] of [
      ['nobody_at_all', 99_999 as AccountNumber],
      ['alice', alice.account],
      ['carol', carol.account],
    ] as const) {
      const heard: Frame[] = [];
      for (const request of [
        { type: 'lookup', account: name },
        { type: 'lookup', account: `${account}` },
        { type: 'friend-add', account, text: '' },
        { type: 'friend-add', account, text: 'hello' },
        { type: 'block', account },
      ] as const) {
        heard.push({ ...(await bob.request(request)), requestId: 0 } as Frame);
      }
      answers.push([...heard, ...bob.received.splice(0)]);
    }
    expect(answers[0]).toMatchObject(Array(5).fill({ type: 'refused', code: 'not-found' }));
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    await settle();
    expect(alice.take('roster')).toEqual([]);
  });

  it('[SV36] asks the store the same for a name that is free as for somebody who lets nobody ask', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = [await world.register('alice'), await world.register('bob')];
    await setPolicy(world, alice, 'nobody');
    const calls: string[] = [];
    for (const name of ['accountByName', 'accountByNumber', 'roster', 'rosterState', 'areFriends'] as const) {
      const call = world.store[name].bind(world.store) as (...args: never[]) => never;
      world.store[name] = (...args: unknown[]) => {
        calls.push(name);
        return call(...(args as never[]));
      };
    }
    await bob.request({ type: 'lookup', account: 'nobody_at_all' });
    const ofFree = calls.splice(0);
    await bob.request({ type: 'lookup', account: 'alice' });
    expect(calls).toEqual(ofFree);
  });

  it('[SV36] shows itself to friends, to whom it has asked, and to itself all the same', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    await alice.request({ type: 'friend-add', account: carol.account, text: '' });
    await setPolicy(world, alice, 'nobody');
    for (const client of [alice, bob, carol]) {
      const found = await client.request({ type: 'lookup', account: 'alice' });
      expect(found).toMatchObject({ type: 'account', account: alice.account, ask: 'anyone', question: '' });
    }
    expect(await carol.request({ type: 'friend-add', account: alice.account, text: '' })).toMatchObject({
      type: 'done',
    });
    await settle();
    expect(carol.take('presence').at(-1)?.entries).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it('[SV36] shows its question to whoever looks it up, and wants an answer', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = [await world.register('alice'), await world.register('bob')];
    await setPolicy(world, alice, 'question', 'which course?');
    const found = await bob.request({ type: 'lookup', account: 'alice' });
    expect(found).toMatchObject({ ask: 'question', question: 'which course?' });
    expect(await bob.refusal({ type: 'friend-add', account: alice.account, text: ' ' })).toBe('answer-needed');
    expect(await bob.request({ type: 'friend-add', account: alice.account, text: 'networks' })).toMatchObject({
      type: 'done',
    });
    await setPolicy(world, alice, 'anyone', 'left over');
    expect(await bob.request({ type: 'lookup', account: 'alice' })).toMatchObject({ ask: 'anyone', question: '' });
  });
});

describe('asking again (SV37)', () => {
  it('[SV37] is heard three times a week, whatever was said to it', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = [await world.register('alice'), await world.register('bob')];
    const ask = (text: string) => bob.request({ type: 'friend-add', account: alice.account, text });
    for (let i = 0; i < 3; i++) {
      expect(await ask(`please ${i}`)).toMatchObject({ type: 'done' });
      await alice.request({ type: 'friend-answer', account: bob.account, accept: false });
    }
    const refused = await ask('please');
    expect(refused).toMatchObject({ type: 'refused', code: 'rate-limited' });
    expect(refused.type === 'refused' && refused.retryAfterMs).toBeGreaterThan(6 * 86_400_000);
    const carol = await world.register('carol');
    expect(await carol.request({ type: 'friend-add', account: alice.account, text: '' })).toMatchObject({
      type: 'done',
    });
  });

  it('[SV37] spends nothing by repeating the same words, and begins anew between friends', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = [await world.register('alice'), await world.register('bob')];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 5; i++) await bob.request({ type: 'friend-add', account: alice.account, text: 'hello' });
      expect(await alice.request({ type: 'friend-answer', account: bob.account, accept: true })).toMatchObject({
        type: 'done',
      });
      await alice.request({ type: 'friend-remove', account: bob.account });
    }
  });
});

async function setPolicy(world: TestWorld, client: TestClient, ask: AskPolicy, question = ''): Promise<void> {
  const epoch = client.welcome!.epoch as SessionEpoch;
  const by = { account: client.account, device: client.device.id, epoch };
  const set = await world.store.setPolicy(by, { ask, question, showLastSeen: true });
  expect(set.ok).toBe(true);
}
