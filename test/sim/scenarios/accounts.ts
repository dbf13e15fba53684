import { LAST_SEEN_STEP_MS } from '@magpie/common/limits.ts';
import { AccountWatch } from '../account-watch.ts';
import type { LinkProfile } from '../link.ts';
import { nonceWatch } from '../nonce-watch.ts';
import { Oracle, type ViolationKind } from '../oracle.ts';
import { Person } from '../person.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { befriend, contactOf } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { World } from '../world.ts';

const STEPS = 14;
const STEP_GAP_MS = [500, 6_000] as const;
const DEVICES_MAX = 3;
const CHAT_GAP_MS = 400;
/** Longer than a road is idle before it is probed (PA16). */
const UNHEARD_MS = [18_000, 30_000] as const;
/** One seed in this many has somebody who was never direct from the start. */
const HIDDEN_EVERY_SEEDS = 3;
const LOSS_RATIO_MAX = 0.1;
/** After the last step everything is delivered and shown within this: reconnects, dead connections, resends. */
const SETTLE_MS_MAX = 90_000;
/** Then everything is shown within this: a link that is dead is noticed in 25 s, and made anew in 20 s (R22). */
const SHOWN_MS_MAX = 60_000;

/** People change passwords, lose and get machines, block each other and hide, while they talk and the server restarts. */
export const accounts: Scenario = {
  name: 'accounts',
  what: 'second computers, revocations, new passwords, blocks, never direct, profiles and server restarts among friends',
  run: runAccounts,
};

interface Stage {
  readonly world: World;
  readonly oracle: Oracle;
  readonly people: readonly Person[];
  /** Blocks that hold: who blocked whom. */
  readonly blocks: { readonly by: Person; readonly of: Person }[];
  readonly profiles: Map<Person, { readonly displayName: string; readonly signatureLine: string }>;
  readonly presences: Map<SimPeer, { readonly status: 'online' | 'busy' | 'away'; readonly text: string }>;
  readonly hidden: Person | undefined;
}

async function runAccounts(seed: number): Promise<ScenarioOutcome> {
  const world = new World({ seed });
  const oracle = new Oracle(world);
  world.network.taps.push(nonceWatch((detail) => oracle.report('attack', detail)));
  await world.settle(world.server.start(), 'the server starts');
  const people = ['alice', 'bob', 'carol'].map((name) => new Person(world, oracle, name));
  const hidden = seed % HIDDEN_EVERY_SEEDS === 0 ? world.random.pick(people) : undefined;
  const stage: Stage = { world, oracle, people, blocks: [], profiles: new Map(), presences: new Map(), hidden };
  for (const person of people) await person.register();
  const watch = new AccountWatch(world, oracle, people);
  if (hidden) {
    await hidden.must('is never direct', () => hidden.first.engine.setNeverDirect(true));
    await world.runFor(1_000);
    watch.hide(hidden);
  }
  setLinks(world);
  for (const [a, b] of pairsOf(people)) await befriend(world, a.first, b.first);

  const chat = scheduleChat(stage);
  for (let i = 0; i < STEPS; i++) {
    await world.random.pick(stepsOf(stage))();
    await world.runFor(world.random.between(...STEP_GAP_MS));
  }
  await makePeace(stage);
  chat.stop();
  const settleMs = await settleAll(stage);
  watch.stop();
  await checkDisplays(stage);
  oracle.checkEnd();
  await checkLastSeen(stage);
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: {
      sent: oracle.sent,
      machines: people.reduce((sum, person) => sum + person.machines.length, 0),
      judgedSilent: watch.judgedSilent,
      settleMs: Math.round(settleMs),
      events: world.eventCount,
    },
  };
}

/** All that may happen next; each ends when its user has an answer. */
function stepsOf(stage: Stage): readonly (() => Promise<void>)[] {
  const { world, people, hidden } = stage;
  const { random } = world;
  const person = random.pick(people);
  const by = random.pick(person.devices);
  const other = random.pick(people.filter((each) => each !== person));
  const steps: (() => Promise<void>)[] = [
    () => person.changePassword(by, `password number ${random.uint32()}`),
    () => block(stage, person, other),
    () => block(stage, person, other),
    () => changeProfile(stage, person, by),
    () => changePresence(stage, person, by),
    () => restartServer(world),
    () => restartServer(world),
    () => crashPeer(world, by),
  ];
  if (person !== hidden) {
    const on = random.chance(0.6);
    steps.push(() => person.must('hides', () => by.engine.setNeverDirect(on)));
    const patch = { neverDirect: on };
    steps.push(async () => {
      await person.connected(by);
      await person.must('hides from a friend', () => by.engine.setContact(other.name, patch), 'NOT_FOUND');
    });
  }
  // A machine of somebody who is hidden would be born with an address that everybody may know.
  if (person.devices.length < DEVICES_MAX && person !== hidden) {
    steps.push(
      () => addMachine(stage, () => person.addByRecovery()),
      () => addMachine(stage, () => person.addByApproval(by)),
    );
  }
  const victims = person.devices.filter((device) => device !== by);
  if (victims.length > 0) {
    const victim = random.pick(victims);
    steps.push(
      () => person.revoke(by, victim),
      () => revokeUnheard(stage, person, by, victim),
    );
  }
  return steps;
}

async function addMachine(stage: Stage, add: () => Promise<void>): Promise<void> {
  await add();
  setLinks(stage.world);
}

/** Nothing tells the device of its end: its friends have to end their sessions with it by themselves. */
async function revokeUnheard({ world }: Stage, person: Person, by: SimPeer, victim: SimPeer): Promise<void> {
  const link = world.network.link(victim.name, 'server');
  link.tcpStalled = true;
  world.at(world.random.between(...UNHEARD_MS), () => {
    link.tcpStalled = false;
  });
  await person.revoke(by, victim);
}

async function block(stage: Stage, by: Person, of: Person): Promise<void> {
  const known = stage.blocks.find((each) => each.by === by && each.of === of);
  await by.connected(by.first);
  if (known) {
    stage.blocks.splice(stage.blocks.indexOf(known), 1);
    await by.must('unblocks', () => by.first.engine.unblockContact(of.name), 'not-found');
    await reunite(stage, by, of);
    return;
  }
  stage.oracle.parts(by.first, of.first);
  stage.blocks.push({ by, of });
  await by.must('blocks', () => by.first.engine.blockContact(of.name), 'blocked');
}

async function changeProfile(stage: Stage, person: Person, by: SimPeer): Promise<void> {
  const displayName = `${person.name} ${stage.world.random.whole(1, 99)}`;
  const signatureLine = `line ${stage.world.random.whole(1, 99)}`;
  await person.connected(by);
  await person.must('changes the profile', () => by.engine.setProfile({ displayName, signatureLine }));
  stage.profiles.set(person, { displayName, signatureLine });
}

async function changePresence({ world, presences }: Stage, person: Person, by: SimPeer): Promise<void> {
  const status = world.random.pick(['online', 'busy', 'away'] as const);
  const text = world.random.pick(['', '开会中', 'exam']);
  await person.connected(by);
  await person.must('changes the presence', () => by.engine.setPresence(status, text));
  presences.set(by, { status, text });
}

async function restartServer(world: World): Promise<void> {
  world.server.crash(world.random.chance(0.3));
  await world.runFor(world.random.between(0, 5_000));
  await world.settle(world.server.start(), 'the server starts again');
}

async function crashPeer(world: World, peer: SimPeer): Promise<void> {
  peer.crash(world.random.chance(0.3));
  await world.runFor(world.random.between(0, 5_000));
  await world.settle(peer.start(), `${peer.name} starts again`);
}

function scheduleChat({ world, oracle, people }: Stage): { stop(): void } {
  let stopped = false;
  let count = 0;
  const say = (): void => {
    if (stopped) return;
    world.at(CHAT_GAP_MS, say);
    const from = world.random.pick(people);
    const to = world.random.pick(people.filter((person) => person !== from));
    const speaker = world.random.pick(from.devices);
    const text = `${speaker.name} to ${to.name} ${count++}`;
    if (!speaker.ready || !speaker.disk.profile()?.signedIn) return;
    void oracle.send(speaker, to.first, text);
  };
  world.at(CHAT_GAP_MS, say);
  return {
    stop: () => {
      stopped = true;
    },
  };
}

/** Everybody signs in where the new password was wanted, takes back blocks, and asks again who is no friend any more. */
async function makePeace(stage: Stage): Promise<void> {
  const { world, people, blocks } = stage;
  if (!world.server.running) await world.settle(world.server.start(), 'the server starts again');
  for (const person of people) for (const device of person.devices) await person.connected(device);
  for (const { by, of } of [...blocks]) await block(stage, by, of);
  for (const [a, b] of pairsOf(people)) {
    await reunite(stage, a, b);
  }
}

/** Friends again, unless one of them blocks the other. */
async function reunite({ world, blocks }: Stage, a: Person, b: Person): Promise<void> {
  if (blocks.some(({ by, of }) => (by === a && of === b) || (by === b && of === a))) return;
  for (const person of [a, b]) await person.connected(person.first);
  if ((await stateOf(a, b)) !== 'member') await befriend(world, a.first, b.first);
}

async function settleAll(stage: Stage): Promise<number> {
  const { world, oracle, people } = stage;
  const endedMs = world.nowMs;
  while (oracle.owed() > 0 && world.nowMs - endedMs < 2 * SETTLE_MS_MAX) {
    await world.runFor(500);
    // Who believed in a dead link learns only now of the new password.
    for (const person of people) for (const device of person.devices) await person.signInAgain(device);
  }
  const settleMs = world.nowMs - endedMs;
  if (settleMs > SETTLE_MS_MAX) oracle.report('late', `not all is delivered ${SETTLE_MS_MAX} ms after the last step`);
  await world.runFor(5_000);
  return settleMs;
}

/** What each machine shows of each friend is what is so, once those who believed in a dead link have come back. */
async function checkDisplays(stage: Stage): Promise<void> {
  const { world, oracle } = stage;
  const untilMs = world.nowMs + SHOWN_MS_MAX;
  let wrong = await wrongDisplays(stage);
  while (wrong.length > 0 && world.nowMs < untilMs) {
    await world.runFor(500);
    wrong = await wrongDisplays(stage);
  }
  for (const { kind, detail } of wrong) oracle.report(kind, `${detail}, ${SHOWN_MS_MAX} ms after the last step`);
}

interface WrongDisplay {
  readonly kind: ViolationKind;
  readonly detail: string;
}

async function wrongDisplays({ world, people, profiles, presences }: Stage): Promise<readonly WrongDisplay[]> {
  const wrong: WrongDisplay[] = [];
  for (const friend of people) {
    const expected = presenceOf(friend, presences);
    for (const viewer of people.filter((each) => each !== friend)) {
      for (const machine of viewer.devices) {
        const what = `${machine.name} about ${friend.name}`;
        const shown = await world.settle(contactOf(machine, friend.first), what);
        if (shown?.presence !== expected.status || !expected.texts.includes(shown?.statusText ?? '')) {
          wrong.push({ kind: 'false-presence', detail: `${what}: ${shown?.presence}, ${shown?.statusText}` });
        }
        if (shown?.state !== 'member') wrong.push({ kind: 'false-state', detail: `${what}: ${shown?.state}` });
        if (shown?.keyChanged) wrong.push({ kind: 'false-state', detail: `${what}: an honest key or list is doubted` });
        const profile = profiles.get(friend);
        if (!profile || !shown) continue;
        const { displayName, signatureLine } = shown;
        if (displayName === profile.displayName && signatureLine === profile.signatureLine) continue;
        wrong.push({ kind: 'false-state', detail: `${what}: the profile shown is ${displayName}, ${signatureLine}` });
      }
    }
  }
  return wrong;
}

/** R19: that of the most available machine, with what is said there. */
function presenceOf(person: Person, presences: Stage['presences']) {
  const all = person.devices.map((device) => presences.get(device) ?? { status: 'online' as const, text: '' });
  const status = (['online', 'busy', 'away'] as const).find((each) => all.some((one) => one.status === each));
  return { status, texts: all.filter((one) => one.status === status).map(({ text }) => text) };
}

/** Who goes away is shown so at once, with when that was, in steps; and as long as nobody looks from there. */
async function checkLastSeen({ world, oracle, people }: Stage): Promise<void> {
  const person = world.random.pick(people);
  for (const device of person.devices) await world.settle(device.stop(), `${device.name} stops`);
  await world.runFor(5_000);
  for (const viewer of people.filter((each) => each !== person)) {
    for (const machine of viewer.devices) {
      const shown = await world.settle(contactOf(machine, person.machines[0]!), 'contacts');
      const what = `${machine.name} about ${person.name}, who is gone`;
      if (shown?.presence !== 'offline') oracle.report('false-presence', `${what}: is shown ${shown?.presence}`);
      else if (shown.statusText !== '') oracle.report('false-presence', `${what}: still says something`);
      else if (shown.lastSeenAt === undefined || shown.lastSeenAt % LAST_SEEN_STEP_MS !== 0) {
        oracle.report('false-presence', `${what}: was last seen ${shown.lastSeenAt}`);
      }
    }
  }
}

function setLinks(world: World): void {
  const hosts = [...world.peers.map((peer) => peer.name), 'server'];
  for (const [i, a] of hosts.entries()) {
    for (const b of hosts.slice(i + 1)) world.network.link(a, b).profile = profileOf(world);
  }
}

function profileOf({ random }: World): LinkProfile {
  return {
    delayMs: random.between(2, 60),
    jitterMs: random.between(0, 10),
    lossRatio: random.between(0, LOSS_RATIO_MAX),
    duplicateRatio: random.between(0, 0.05),
    reorderRatio: random.between(0, 0.1),
    reorderMs: random.between(1, 50),
  };
}

async function stateOf(a: Person, b: Person) {
  return (await a.world.settle(contactOf(a.first, b.first), 'contacts'))?.state;
}

function pairsOf(people: readonly Person[]): readonly (readonly [Person, Person])[] {
  return people.flatMap((a, i) => people.slice(i + 1).map((b) => [a, b] as const));
}
