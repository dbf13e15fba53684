import type { LinkProfile } from '../link.ts';
import { nonceWatch } from '../nonce-watch.ts';
import { Oracle } from '../oracle.ts';
import { Person } from '../person.ts';
import type { Scenario, ScenarioOutcome, ScenarioSize } from '../scenario.ts';
import { befriend } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { World } from '../world.ts';
import { scheduleTalk } from './messages-talk.ts';
import { heal, scheduleFaults } from './messages-trouble.ts';

interface Size {
  readonly people: number;
  /** Of them so many have a second machine. */
  readonly twice: number;
  /** Friends on each side in a ring of all. */
  readonly neighbours: number;
  readonly messages: number;
  /** Sent at once, once per period of trouble. */
  readonly burst: number;
  /** Each of the two periods of trouble. */
  readonly troubleMs: number;
  readonly faults: number;
  /** While everybody is away, one by one looks in. */
  readonly visits: number;
  readonly eventsMax: number;
}

const SIZES: Readonly<Record<ScenarioSize, Size>> = {
  small: {
    people: 4,
    twice: 1,
    neighbours: 2,
    messages: 530,
    burst: 50,
    troubleMs: 60_000,
    faults: 12,
    visits: 5,
    eventsMax: 5_000_000,
  },
  full: {
    people: 16,
    twice: 4,
    neighbours: 3,
    messages: 13_400,
    burst: 500,
    troubleMs: 200_000,
    faults: 80,
    visits: 12,
    eventsMax: 50_000_000,
  },
};

const HOUR_MS = 3_600_000;
const AWAY_MS = [HOUR_MS, 16 * HOUR_MS] as const;
const VISIT_MS = [5_000, 30_000] as const;
const TALK_PER_VISIT = 6;
/** Issue: all is settled within this after the last fault. */
const SETTLE_MS_MAX = 60_000;
/** Longer than the bound, or a run could not be seen to miss it. */
const SETTLE_WAIT_MS = 3 * SETTLE_MS_MAX;
const LOOK_MS = 100;
const STORED_LOOK_MS = 500;
const IDLE_LOOK_MS = 10_000;
/** One seed in this many has disks that need long for a sync. */
const SLOW_DISK_EVERY_SEEDS = 4;
const SYNC_MS = { fast: 4, slow: 60 } as const;
const LOSS_RATIO_MAX = 0.3;

/** Friends say, change, take back and read through every fault there is and through days in which they never meet. */
export const messages: Scenario = {
  name: 'messages',
  what: 'texts, edits, recalls, reactions and copies through loss, crashes, stepped clocks and days of never being there together',
  run: runMessages,
};

async function runMessages(seed: number, sizeName: ScenarioSize = 'small'): Promise<ScenarioOutcome> {
  const size = SIZES[sizeName];
  const syncMs = SYNC_MS[seed % SLOW_DISK_EVERY_SEEDS === 0 ? 'slow' : 'fast'];
  const world = new World({ seed, syncMs, eventsMax: size.eventsMax });
  const oracle = new Oracle(world, { complete: true });
  world.network.taps.push(nonceWatch((detail) => oracle.report('attack', detail)));
  await world.settle(world.server.start(), 'the server starts');
  const people = Array.from({ length: size.people }, (_, i) => new Person(world, oracle, `${NAMES[i % 16]}`));
  for (const person of people) await person.register();
  for (const person of people.slice(0, size.twice)) await person.addByRecovery();
  const friends = friendsOf(people, size.neighbours);
  for (const [a, b] of friends) await befriend(world, a.first, b.first);
  await world.runFor(5_000);
  setLinks(world);
  const looking = lookAtStored(world, oracle);

  const peers = people.flatMap((person) => person.machines);
  const talk = { world, oracle, friends };
  let faults = 0;
  for (const half of [0, 1]) {
    scheduleTalk(talk, size.messages / 2, size.troubleMs);
    scheduleBurst(world, oracle, friends, size.burst, size.troubleMs);
    faults += scheduleFaults(world, peers, size.faults / 2, size.troubleMs);
    await world.runFor(size.troubleMs);
    if (half === 0) await beAway(talk, peers, size);
  }
  await heal(world, peers);
  looking.stop();
  const healedMs = world.nowMs;
  const settledMs = (): number => world.nowMs - healedMs;
  while (oracle.unsettled().length > 0 && settledMs() < SETTLE_WAIT_MS) await world.runFor(LOOK_MS);
  const settleMs = settledMs();
  if (settleMs > SETTLE_MS_MAX) {
    oracle.report('late', `${settleMs} ms after the last fault there wait: ${oracle.unsettled().join(', ')}`);
  }
  await world.runFor(5_000);
  oracle.checkEnd();
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: {
      sent: oracle.sent,
      changes: oracle.changes,
      ...oracle.roads,
      clients: peers.length,
      faults,
      settleMs: Math.round(settleMs),
      virtualHours: world.nowMs / HOUR_MS,
      events: world.eventCount,
    },
  };
}

const NAMES = [
  ...['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'],
  ...['ivan', 'judy', 'karl', 'laura', 'mike', 'nina', 'oscar', 'peggy'],
];

/** Whether what is shown as stored is, all the time. */
function lookAtStored(world: World, oracle: Oracle): { stop(): void } {
  let stopped = false;
  const look = (): void => {
    if (stopped) return;
    oracle.checkStored();
    world.at(world.peers.some((peer) => peer.running) ? STORED_LOOK_MS : IDLE_LOOK_MS, look);
  };
  world.at(0, look);
  return {
    stop: () => {
      stopped = true;
    },
  };
}

/** All go home; then each looks in alone, after hours, and finds what the others said before. */
async function beAway(
  talk: Parameters<typeof scheduleTalk>[0],
  peers: readonly SimPeer[],
  { visits, troubleMs }: Size,
) {
  const { world } = talk;
  const { random } = world;
  for (const peer of peers) await leave(world, peer);
  // Whoever was to be started again by a fault of before, is.
  await world.runFor(troubleMs);
  for (const peer of peers) await leave(world, peer);
  if (!world.server.running) await world.settle(world.server.start(), 'the server starts again');
  for (let i = 0; i < visits; i++) {
    await world.runFor(random.between(...AWAY_MS));
    const peer = random.pick(peers);
    await world.settle(peer.start(), `${peer.name} looks in`);
    const visitMs = random.between(...VISIT_MS);
    scheduleTalk(talk, TALK_PER_VISIT, visitMs, peer);
    await world.runFor(visitMs);
    await leave(world, peer);
  }
  for (const peer of peers) if (!peer.running) await world.settle(peer.start(), `${peer.name} is back`);
}

async function leave(world: World, peer: SimPeer): Promise<void> {
  if (!peer.running) return;
  peer.setClock(0);
  if (world.random.chance(0.3) || !peer.ready) peer.crash(world.random.chance(0.5));
  else await world.settle(peer.stop(), `${peer.name} stops`);
}

function scheduleBurst(
  world: World,
  oracle: Oracle,
  friends: readonly (readonly [Person, Person])[],
  count: number,
  withinMs: number,
): void {
  const [from, to] = world.random.pick(friends);
  const speaker = world.random.pick(from.machines);
  const tag = world.random.uint32();
  world.at(world.random.between(0, withinMs), async () => {
    if (!speaker.ready) return;
    await Promise.all(Array.from({ length: count }, (_, i) => oracle.send(speaker, to.first, `burst ${tag} ${i}`)));
  });
}

function friendsOf(people: readonly Person[], neighbours: number): readonly (readonly [Person, Person])[] {
  const pairs = people.flatMap((_person, i) =>
    Array.from({ length: neighbours }, (_, step) => [i, (i + step + 1) % people.length] as const)
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => `${Math.min(from, to)} ${Math.max(from, to)}`),
  );
  return [...new Set(pairs)].map((pair) => {
    const [a, b] = pair.split(' ').map(Number);
    return [people[a!]!, people[b!]!] as const;
  });
}

function setLinks(world: World): void {
  const hosts = [...world.peers.map((peer) => peer.name), 'server'];
  for (const [i, a] of hosts.entries()) {
    for (const b of hosts.slice(i + 1)) world.network.link(a, b).profile = profileOf(world);
  }
}

function profileOf({ random }: World): LinkProfile {
  return {
    delayMs: random.between(2, 80),
    jitterMs: random.between(0, 20),
    lossRatio: random.between(0, LOSS_RATIO_MAX),
    duplicateRatio: random.between(0, 0.1),
    reorderRatio: random.between(0, 0.2),
    reorderMs: random.between(1, 100),
  };
}
