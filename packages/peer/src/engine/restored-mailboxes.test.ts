import { expect, it } from 'vitest';
import { EngineWorld } from './test-world.ts';

it('[SV122] what restored mailboxes have lost is not shown as stored any more, and is put again', async () => {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  const { server } = world.sim;
  const online = async () => (await alice.contact('bob'))?.presence === 'online';
  await world.run(2_000);
  await world.settle(server.backUp());
  await world.run(60_000);
  await world.until(online);
  await world.settle(bob.stop());
  await world.ok(alice.engine.send({ to: 'bob', text: 'kept for bob' }));
  const state = async () => (await alice.chat('bob')).at(-1)?.state;
  await world.until(async () => (await state()) === 'stored');
  const seen = alice.eventsOf('message').length;
  await world.settle(server.restore());
  await world.until(async () =>
    alice
      .eventsOf('message')
      .slice(seen)
      .some(({ message }) => message.state === 'queued'),
  );
  await world.until(async () => (await state()) === 'stored');
  await world.settle(alice.stop());
  await world.settle(bob.start());
  await world.until(async () => (await bob.texts('alice')).includes('kept for bob'));
});

it('[SV122][DL32] what they have lost is put again by an invisible user only on becoming visible', async () => {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  const { server } = world.sim;
  const texts = async () => (await alice.chat('bob')).map(({ state }) => state);
  await world.run(2_000);
  await world.settle(server.backUp());
  await world.until(async () => (await alice.contact('bob'))?.presence === 'online');
  await world.settle(bob.stop());
  await world.ok(alice.engine.send({ to: 'bob', text: 'kept for bob' }));
  await world.until(async () => (await texts()).at(-1) === 'stored');
  await world.ok(alice.engine.setPresence('invisible'));
  await world.run(3_000);
  const before = alice.eventsOf('message').length;
  const again = () =>
    alice
      .eventsOf('message')
      .slice(before)
      .some(({ message }) => message.state === 'queued');
  await world.settle(server.restore());
  await world.run(120_000);
  expect(again()).toBe(false);
  await world.ok(alice.engine.setPresence('online'));
  await world.until(async () => again() && (await texts()).at(-1) === 'stored');
  await world.settle(alice.stop());
  await world.settle(bob.start());
  await world.until(async () => (await bob.texts('alice')).includes('kept for bob'));
});
