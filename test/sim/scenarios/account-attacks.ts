import { AccountWatch } from '../account-watch.ts';
import { guesser } from '../attackers/guesser.ts';
import { Stranger } from '../attackers/stranger.ts';
import { Oracle } from '../oracle.ts';
import { Person } from '../person.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { befriend, waitFor, waitForOnline } from '../setup.ts';
import { SimulationError, World } from '../world.ts';

const HOUR_MS = 3_600_000;
/** What guessers from anywhere may have looked at in a day, for one account. */
const GUESSES_A_DAY_MAX = 120;
const SOURCES = 8;
const GUESS_GAP_MS = 60_000;
const GUESS_HOURS = 3;

interface Stage {
  readonly world: World;
  readonly oracle: Oracle;
  readonly alice: Person;
  readonly bob: Person;
}

/** R21: once somebody is blocked, nothing of theirs is passed on, whatever their program goes on to send. */
export const blockedAsks: Scenario = {
  name: 'blocked-asks',
  what: 'a friend who is blocked goes on sending by the relay and asks to be introduced: refused within a second',
  run: async (seed) => {
    const stage = await twoPeople(seed);
    const { world, oracle, alice } = stage;
    const account = oracle.accountOf(alice.first);
    const stranger = new Stranger(world);
    await world.runUntil(() => stranger.loggedIn, 10_000);
    stranger.askToBeFriends(account);
    const isAsking = async (state: string) => {
      const contact = await alice.first.engine.contact('stranger');
      return contact.ok && contact.value.state === state;
    };
    await waitFor(world, 'the request is there', () => isAsking('asking'));
    await alice.must('accepts', () => alice.first.engine.answerRequest('stranger', true));
    await waitFor(world, 'they are friends', () => isAsking('member'));
    await world.runFor(1_000);
    if (since(stranger, 0, 'relay-refused') > 0) throw new SimulationError('the relay refused a friend');
    stranger.sendByRelay(alice.first.device);
    await world.runFor(500);
    if (since(stranger, 0, 'relay-refused') > 0) throw new SimulationError('the relay refused a friend');

    await alice.must('blocks', () => alice.first.engine.blockContact('stranger'));
    await world.runFor(1_000);
    const before = stranger.answers.length;
    const relayedBefore = world.server.server.stats().relayedPackets;
    for (let i = 0; i < 5; i++) {
      stranger.sendByRelay(alice.first.device);
      stranger.askForIntroduction(alice.first.device);
      await world.runFor(world.random.between(50, 400));
    }
    await alice.must('says something', () => alice.first.engine.setPresence('busy', 'not for strangers'));
    await world.runFor(5_000);
    if (world.server.server.stats().relayedPackets > relayedBefore)
      oracle.report('attack', 'the relay serves a blocked one');
    if (since(stranger, before, 'relay-refused') === 0)
      oracle.report('attack', 'the relay refuses nothing after a block');
    if (since(stranger, before, 'introduced') > 0) oracle.report('attack', 'a blocked one is introduced');
    if (since(stranger, before, 'presence') > 0) oracle.report('attack', 'a blocked one hears of the presence');
    return outcomeOf(stage);
  },
};

/** R6: a server that was put back to an older copy, or only shows an old list, brings no device back. */
export const olderList: Scenario = {
  name: 'older-list',
  what: 'a device is revoked, the server is put back to a copy from before, and the device comes: no friend believes in it',
  run: async (seed) => {
    const stage = await twoPeople(seed);
    const { world, oracle, alice, bob } = stage;
    await alice.addByRecovery();
    const lost = alice.devices[1]!;
    await waitFor(world, 'bob knows the second machine', async () => oracle.owed() === 0 && believesIn(stage));
    await world.runFor(1_000);
    const watch = new AccountWatch(world, oracle, [alice, bob]);
    await world.settle(world.server.backUp(), 'the server is copied');
    await alice.connected(alice.first);
    // Whoever has the machine keeps it away from what would tell it of its end.
    await world.settle(lost.stop(), 'the lost machine stops');
    await alice.revoke(alice.first, lost);
    await waitFor(world, 'bob knows that it is gone', async () => !believesIn(stage));
    await world.settle(alice.first.stop(), 'alice goes away');
    await world.settle(world.server.restore(), 'the server is put back');
    await bob.connected(bob.first);
    await world.settle(lost.start(), 'the lost machine starts');
    await alice.connected(lost);
    // The server tells bob of alice again, with the list that it has.
    for (const line of ['one', 'two', 'three']) {
      await alice.must('changes the profile', () => lost.engine.setProfile({ signatureLine: line }));
      await world.runFor(world.random.between(100, 2_000));
    }
    await world.settle(oracle.send(bob.first, alice.first, `after the restore, seed ${seed}`), 'bob sends');
    await world.runFor(world.random.between(0, 5_000));
    await world.settle(alice.first.start(), 'alice comes back');
    await alice.connected(alice.first);
    await world.runFor(30_000);
    watch.stop();
    oracle.checkEnd();
    return outcomeOf(stage);
  },
};

/** SV26: however many there are who guess, and wherever from, few guesses are looked at; the owner always gets in. */
export const guessFlood: Scenario = {
  name: 'guess-flood',
  what: 'many addresses guess one password for hours: few guesses are looked at, and a known device logs in all the time',
  run: async (seed) => {
    const stage = await twoPeople(seed);
    const { world, oracle, alice } = stage;
    const before = world.server.passwordsCompared;
    const ownLogins = await guessForHours(stage);
    const guesses = world.server.passwordsCompared - before - ownLogins;
    if (guesses > GUESSES_A_DAY_MAX) oracle.report('attack', `${guesses} guesses were looked at in ${GUESS_HOURS} h`);
    await alice.connected(alice.first);
    return { ...outcomeOf(stage), figures: { guesses, events: world.eventCount } };
  },
};

/** @returns how often the owner logged in meanwhile */
async function guessForHours({ world, alice }: Stage): Promise<number> {
  const hosts = Array.from({ length: SOURCES }, (_, i) => world.network.addHost(`guesser ${i}`, [`10.0.8.${i + 1}`]));
  let ownLogins = 0;
  const endMs = world.nowMs + GUESS_HOURS * HOUR_MS;
  for (let i = 0; world.nowMs < endMs; i++) {
    const host = hosts[i % SOURCES]!;
    const client = guesser(world, host, alice.name, i);
    await world.runFor(GUESS_GAP_MS / 2);
    client.close();
    await world.runFor(GUESS_GAP_MS / 2);
    if (i % 60 !== 59) continue;
    await alice.must('logs out', () => alice.first.engine.logout());
    await alice.signInAgain(alice.first);
    ownLogins++;
  }
  return ownLogins;
}

async function twoPeople(seed: number): Promise<Stage> {
  const world = new World({ seed });
  const oracle = new Oracle(world);
  await world.settle(world.server.start(), 'the server starts');
  const [alice, bob] = [new Person(world, oracle, 'alice'), new Person(world, oracle, 'bob')];
  for (const person of [alice, bob]) await person.register();
  await befriend(world, alice.first, bob.first);
  await waitForOnline(world, alice.first, bob.first);
  await waitForOnline(world, bob.first, alice.first);
  return { world, oracle, alice, bob };
}

/** Whether bob has alice's second machine in his list of her devices. */
function believesIn({ alice, bob, oracle }: Stage): boolean {
  const account = oracle.accountOf(alice.first);
  const contact = bob.first.disk.contacts().find((each) => each.account === account);
  return contact !== undefined && Buffer.from(contact.deviceList).includes(Buffer.from(alice.machines[1]!.exchangeKey));
}

function since(stranger: Stranger, index: number, type: string): number {
  return stranger.answers.slice(index).filter((answer) => answer.type === type).length;
}

function outcomeOf({ world, oracle }: Stage): ScenarioOutcome {
  return { violations: oracle.violations, traceHash: world.traceHash, figures: { events: world.eventCount } };
}
