import { expect, it } from 'vitest';
import { EngineWorld } from './test-world.ts';

/** More than are told with a session, and than fit into a slot. */
const CRASHES = 22;

it('[DL27] an old copy gets what was said over however many crashes of the friend, from the history', async () => {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  await world.run(3_000);
  const old = await copyOf(bob);
  const said = ['first'];
  for (let n = 0; n < CRASHES; n++) {
    await world.ok(alice.engine.send({ to: 'bob', text: `m${n}` }));
    said.push(`m${n}`);
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    alice.crash();
    await alice.restart();
  }
  await world.run(3_000);
  await restore(bob, old);
  await world.ok(bob.engine.send({ to: 'alice', text: 'I am back' }));
  await world.run(300_000);
  const here = await bob.texts('alice');
  expect(said.filter((text) => !here.includes(text))).toEqual([]);
  expect((await bob.contact('alice'))?.missing).toBe(0);
}, 60_000);

it('[DL27] an old copy gets back what it said itself over however many crashes', async () => {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  await world.ok(alice.engine.send({ to: 'bob', text: 'first' }));
  await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
  await world.run(3_000);
  const old = await copyOf(bob);
  const said: string[] = [];
  for (let n = 0; n < CRASHES; n++) {
    await world.ok(bob.engine.send({ to: 'alice', text: `b${n}` }));
    said.push(`b${n}`);
    await world.until(async () => (await bob.chat('alice')).at(-1)?.state === 'delivered');
    await world.run(1_500);
    bob.crash();
    await bob.restart();
  }
  await world.run(3_000);
  await restore(bob, old);
  await world.ok(bob.engine.send({ to: 'alice', text: 'I am back' }));
  await world.run(300_000);
  const here = await bob.texts('alice');
  expect(said.filter((text) => !here.includes(text))).toEqual([]);
}, 60_000);

type Person = Awaited<ReturnType<EngineWorld['friends']>>[number];

async function copyOf(person: Person): Promise<Person['store']> {
  await person.stop();
  const before = person.store;
  person.store = before.crash();
  const copy = before.crash();
  await person.restart();
  return copy;
}

async function restore(person: Person, copy: Person['store']): Promise<void> {
  await person.stop();
  person.store = copy;
  await person.restart();
}
