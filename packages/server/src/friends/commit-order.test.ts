import type { Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

it('[SV33] ends a friendship that a request began in the moment before', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = [await world.register('alice'), await world.register('bob')];
  await bob.request({ type: 'friend-add', account: alice.account, text: 'hello' });
  // Both reach the store in one batch: Alice accepts by asking herself, Bob takes it back.
  alice.send({ type: 'friend-add', requestId: id(900), account: bob.account, text: '' });
  bob.send({ type: 'friend-remove', requestId: id(901), account: alice.account });
  await settle();
  expect([answerTo(alice, 900)?.type, answerTo(bob, 901)?.type]).toEqual(['done', 'done']);
  expect(world.store.disk.areFriends(alice.account, bob.account)).toBe(false);
  expect(await isRelayed(alice, bob)).toBe(false);
  expect(await alice.refusal({ type: 'device-list-get', account: bob.account })).toBe('not-friends');
});

it('[SV35] keeps a friendship that was agreed on in the moment after a block', async () => {
  const world = await TestWorld.start();
  const [alice, bob] = await world.friends();
  const [second, third] = [world.newDevice(alice.device.accountKey), world.newDevice(alice.device.accountKey)];
  const list = alice.device.list([alice.device, second, third], 2);
  const [lifts, answers] = [world.connect(second), world.connect(third)];
  for (const client of [lifts, answers]) await client.login('alice', undefined, list);
  // One batch again: a block, lifted on another device, and a new friendship.
  alice.send({ type: 'block', requestId: id(900), account: bob.account });
  lifts.send({ type: 'unblock', requestId: id(901), account: bob.account });
  bob.send({ type: 'friend-add', requestId: id(902), account: alice.account, text: 'again' });
  answers.send({ type: 'friend-answer', requestId: id(903), account: bob.account, accept: true });
  await settle();
  expect(answerTo(answers, 903)?.type).toBe('done');
  expect(world.store.disk.areFriends(alice.account, bob.account)).toBe(true);
  expect(await isRelayed(alice, bob)).toBe(true);
});

const id = (requestId: number) => requestId as RequestId;

function answerTo(client: TestClient, requestId: number): Frame | undefined {
  return client.received.find((frame) => 'requestId' in frame && frame.requestId === requestId);
}

async function isRelayed(from: TestClient, to: TestClient): Promise<boolean> {
  to.take('relayed');
  from.relay(to.device.id, Uint8Array.of(1));
  await settle();
  return to.take('relayed').length > 0;
}
