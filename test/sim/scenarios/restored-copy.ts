import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import type { SimPeer } from '../sim-peer.ts';
import { outcomeOf, type TwoPeople, twoPeople } from './two-people.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;
const WEEKS = 3;
const BEFORE = 20;
const SINCE_THE_COPY = 500;
const WHILE_AWAY = 10;
const AFTERWARDS = 20;
const GAP_MS = 150;
const SETTLE_MS_MAX = 60_000;

/** A profile is put back to a copy that is weeks old: everything that comes can be read, and nothing seems to be missing. */
export const restoredCopy: Scenario = {
  name: 'restored-copy',
  what: 'an old copy of a profile is put back after 500 messages and three steps of the mailbox key: all is read, nothing is missing',
  run: runRestoredCopy,
};

async function runRestoredCopy(seed: number): Promise<ScenarioOutcome> {
  const stage = await twoPeople({ seed }, { complete: true, losesKeys: true });
  const { world, oracle } = stage;
  const [alice, bob] = [stage.alice.first, stage.bob.first];
  await talk(stage, BEFORE, 'before');
  // Copied at rest, or from under a running daemon.
  const atRest = seed % 2 === 0;
  if (atRest) await world.settle(alice.stop(), 'alice stops');
  const copy = alice.backUp();
  if (atRest) await world.settle(alice.start(), 'alice starts');
  const stepBefore = stepOf(alice);
  for (let week = 1; week <= WEEKS; week++) {
    await talk(stage, Math.ceil(SINCE_THE_COPY / WEEKS), `week ${week}`);
    for (const peer of [alice, bob]) await world.settle(peer.stop(), `${peer.name} stops`);
    await world.runFor(WEEK_MS + HOUR_MS);
    for (const peer of [alice, bob]) await world.settle(peer.start(), `${peer.name} starts`);
    for (const person of [stage.alice, stage.bob]) await person.connected(person.first);
    await world.runFor(10_000);
  }
  const steps = stepOf(alice) - stepBefore;
  if (steps < WEEKS) oracle.report('late', `the mailbox key took ${steps} steps in ${WEEKS} weeks`);
  await talk(stage, 2, 'with the newest key');
  await world.settle(alice.stop(), 'alice stops');
  // Sealed for a key that the copy has to walk forward to.
  for (let i = 0; i < WHILE_AWAY; i++) await world.settle(oracle.send(bob, alice, `while away ${i}`), 'bob sends');
  await world.runFor(2_000);

  alice.restore(copy);
  oracle.restored(alice);
  await world.settle(alice.start(), 'alice starts from the copy');
  await talk(stage, 2 * AFTERWARDS, 'afterwards');
  const endedMs = world.nowMs;
  while ((oracle.unsettled().length > 0 || (await missing(stage)) > 0) && world.nowMs - endedMs < SETTLE_MS_MAX) {
    await world.runFor(200);
  }
  const settleMs = world.nowMs - endedMs;
  const left = [...oracle.unsettled(), `${await missing(stage)} numbers that seem to be missing`];
  if (settleMs >= SETTLE_MS_MAX) oracle.report('late', `${settleMs} ms later there wait: ${left.join(', ')}`);
  await world.runFor(30_000);
  const unread = world.server.disk.mailCount(alice.device);
  if (unread > 0) oracle.report('lost', `${unread} mails lie in the mailbox and are not read`);
  oracle.checkEnd();
  const returned = alice.disk.messages
    .messages({ chat: oracle.accountOf(bob), limit: 10_000 })
    .filter((line) => line.returned).length;
  return outcomeOf(stage, {
    sent: oracle.sent,
    keySteps: steps,
    returned,
    missing: await missing(stage),
    mailsUnread: unread,
    settleMs: Math.round(settleMs),
  });
}

async function talk({ world, oracle, alice, bob }: TwoPeople, count: number, what: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const [from, to] = i % 2 === 0 ? [alice, bob] : [bob, alice];
    await world.settle(oracle.send(from.first, to.first, `${what} ${i}`), `${from.name} sends`);
    await world.runFor(world.random.between(0, GAP_MS));
  }
  await world.runFor(3_000);
}

async function missing({ world, alice, bob }: TwoPeople): Promise<number> {
  let count = 0;
  for (const [person, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const contact = await world.settle(person.first.engine.contact(other.name), 'contact');
    count += contact.ok ? contact.value.missing : 0;
  }
  return count;
}

function stepOf(peer: SimPeer): number {
  return peer.mailboxLinks?.chains.at(-1)?.publishedStep ?? 0;
}
