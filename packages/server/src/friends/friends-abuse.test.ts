import type { AccountNumber } from '@magpie/common/ids.ts';
import { REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

const HOUR_MS = 3_600_000;

it('[SV30] lets nobody scrape accounts: 300 answers an hour, by whatever request, name or connection', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const mallory = await world.register('mallory');
  const epoch = alice.welcome!.epoch;
  const asks = { ask: 'question', question: 'who are you?', showLastSeen: true } as const;
  await world.store.setPolicy({ account: alice.account, device: alice.device.id, epoch }, asks);
  let answered = 0;
  const scrape = async (client: TestClient, number: number): Promise<void> => {
    const account = (20_000 + number) as AccountNumber;
    for (const request of [
      { type: 'lookup', account: `${account}` },
      { type: 'lookup', account: `name_${number}` },
      { type: 'friend-add', account, text: '' },
      { type: 'friend-add', account: alice.account, text: '' },
      { type: 'block', account },
    ] as const) {
      if ((await client.refusal(request)) !== 'rate-limited') answered += 1;
    }
  };
  for (let i = 0; i < 70; i++) await scrape(mallory, i);
  expect(answered).toBe(300);
  const again = world.connect(mallory.device);
  await again.resume();
  await scrape(again, 100);
  expect(answered).toBe(300);
  // Others look up as ever, and so does Mallory after a while: one every twelve seconds.
  expect(await bob.request({ type: 'lookup', account: 'alice' })).toMatchObject({ type: 'account' });
  await talkingFor(world, [again], HOUR_MS / 60);
  for (let i = 0; i < 10; i++) await scrape(again, 200 + i);
  expect(answered).toBe(305);
});

it('[SV31] lets nobody spam requests: 100 a day, however many are withdrawn', async () => {
  const world = await TestWorld.start({ registrationsPerSourcePerHour: 1_000 });
  const mallory = await world.register('mallory');
  const victims: TestClient[] = [];
  for (let i = 0; i < 105; i++) victims.push(await world.register(`victim_${i}`));
  let made = 0;
  for (const victim of victims) {
    const answer = await mallory.request({ type: 'friend-add', account: victim.account, text: 'buy this' });
    if (answer.type === 'done') made += 1;
    await mallory.request({ type: 'friend-remove', account: victim.account });
  }
  expect(made).toBe(100);
  expect(victims.slice(100).flatMap((victim) => victim.take('roster'))).toEqual([]);
  const [first, second] = victims;
  await world.befriend(first!, second!);
  expect(second!.take('presence').at(-1)?.entries).toMatchObject([{ account: first!.account, status: 'online' }]);
});

it('[SV31] keeps 100 requests for one account and no more, and its friends notice nothing', async () => {
  const world = await TestWorld.start({ registrationsPerSourcePerHour: 1_000 });
  const [alice, bob] = await world.friends();
  const answers: string[] = [];
  for (let i = 0; i < REQUESTS_PENDING_MAX + 5; i++) {
    const spammer = await world.register(`spam_${i}`);
    const answer = await spammer.request({ type: 'friend-add', account: alice.account, text: 'me too' });
    answers.push(answer.type === 'refused' ? answer.code : answer.type);
    spammer.wire.drop();
  }
  expect(answers.slice(0, REQUESTS_PENDING_MAX)).toEqual(Array(REQUESTS_PENDING_MAX).fill('done'));
  expect(answers.slice(REQUESTS_PENDING_MAX)).toEqual(Array(5).fill('too-many'));
  const { rows } = await world.store.roster(alice.account, 0);
  expect(rows.filter(({ state }) => state === 'asking')).toHaveLength(REQUESTS_PENDING_MAX);
  alice.relay(bob.device.id, Uint8Array.of(1));
  await settle();
  expect(bob.take('relayed')).toHaveLength(1);
});

/** Time passes for clients that answer pings. */
async function talkingFor(world: TestWorld, clients: readonly TestClient[], ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await world.advance(10_000);
    for (const client of clients) client.send({ type: 'pong', token: 0 });
  }
}
