import { Oracle } from '../oracle.ts';
import { Person } from '../person.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { contactOf, waitFor } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { World } from '../world.ts';

/** What came while one was away is there a moment after one has come. */
const TOLD_MS_MAX = 10_000;
const HOUR_MS = 3_600_000;

/** Alice and Bob are never there together; whatever one does reaches the other all the same. */
export const absent: Scenario = {
  name: 'absent',
  what: 'a request, its acceptance, a profile, a message, a notice, a new key and a removal reach somebody who was away',
  run: runAbsent,
};

async function runAbsent(seed: number): Promise<ScenarioOutcome> {
  const world = new World({ seed });
  const oracle = new Oracle(world, { losesKeys: true });
  await world.settle(world.server.start(), 'the server starts');
  const [alice, bob] = [new Person(world, oracle, 'alice'), new Person(world, oracle, 'bob')];
  for (const person of [alice, bob]) {
    await person.register();
    await leave(world, person.first);
  }
  let told = 0;
  /** One comes, does something, and goes; then the other comes, and is told. */
  const turn = async (
    by: Person,
    act: () => Promise<unknown>,
    to: Person,
    what: string,
    isTold: () => Promise<boolean>,
  ) => {
    await come(world, by);
    await world.settle(act(), `${by.name} acts`);
    await world.runFor(2_000);
    // After a crash what was under way has other numbers, and the other would have to come once more to confirm these.
    if (by.first.running) await world.settle(by.first.stop(), `${by.name} goes`);
    await world.runFor(world.random.between(HOUR_MS, 12 * HOUR_MS));
    await come(world, to);
    await waitFor(world, what, isTold, TOLD_MS_MAX);
    await leave(world, to.first);
    told++;
  };
  const shown = (viewer: Person, friend: Person) => contactOf(viewer.first, friend.machines[0]!);

  await turn(
    alice,
    () => alice.must('asks', () => alice.first.engine.addContact('bob', 'it is me')),
    bob,
    'bob sees the request and its text',
    async () => (await shown(bob, alice))?.state === 'asking' && (await shown(bob, alice))?.text === 'it is me',
  );
  await turn(
    bob,
    () => bob.must('accepts', () => bob.first.engine.answerRequest('alice', true)),
    alice,
    'alice sees that they are friends',
    async () => (await shown(alice, bob))?.state === 'member',
  );
  await turn(
    alice,
    () => oracle.send(alice.first, bob.first, `never together ${seed}`),
    bob,
    'bob reads the message',
    async () => oracle.committedAtMs(bob.first, `never together ${seed}`) !== undefined,
  );
  await turn(
    bob,
    async () => {},
    alice,
    'alice sees that it was delivered',
    async () => stateOf(oracle, alice, bob) === 'delivered',
  );
  const profile = { displayName: 'Alice A.', signatureLine: 'on the road' };
  await turn(
    alice,
    () => alice.must('changes the profile', () => alice.first.engine.setProfile(profile)),
    bob,
    'bob sees the new profile',
    async () => {
      const contact = await shown(bob, alice);
      return contact?.displayName === profile.displayName && contact.signatureLine === profile.signatureLine;
    },
  );
  await turn(
    alice,
    () => world.settle(world.server.server.sendNotice('closed on Monday'), 'the operator tells everybody'),
    bob,
    'bob sees the notice',
    async () => {
      const notices = await bob.first.engine.notices(10);
      return notices.ok && notices.value.some(({ text }) => text === 'closed on Monday');
    },
  );
  await turn(
    alice,
    () => alice.must('removes', () => alice.first.engine.removeContact('bob')),
    bob,
    'bob sees that they are friends no longer',
    async () => (await shown(bob, alice))?.state !== 'member',
  );
  oracle.parts(alice.first, bob.first);
  await turn(
    bob,
    () => bob.must('asks again', () => bob.first.engine.addContact('alice', 'again')),
    alice,
    'alice sees that bob asks again',
    async () => (await shown(alice, bob))?.state === 'asking',
  );
  await turn(
    alice,
    () => alice.must('accepts again', () => alice.first.engine.answerRequest('bob', true)),
    bob,
    'bob sees that they are friends again',
    async () => (await shown(bob, alice))?.state === 'member',
  );
  await turn(
    alice,
    async () => {
      await leave(world, alice.first);
      await alice.addAnew();
    },
    bob,
    'bob sees that the key is another one',
    async () => (await shown(bob, alice))?.keyChanged === true,
  );
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: { told, events: world.eventCount },
  };
}

function stateOf(oracle: Oracle, from: Person, to: Person): string | undefined {
  const chat = oracle.accountOf(to.first);
  return from.first.disk.messages
    .messages({ chat, limit: 10 })
    .filter(({ kind }) => kind === 'text')
    .at(-1)?.state;
}

async function come(world: World, person: Person): Promise<void> {
  if (!person.first.running) await world.settle(person.first.start(), `${person.name} comes`);
  await person.connected(person.first);
}

async function leave(world: World, peer: SimPeer): Promise<void> {
  if (!peer.running) return;
  if (world.random.chance(0.5)) await world.settle(peer.stop(), `${peer.name} goes`);
  else peer.crash(world.random.chance(0.5));
}
