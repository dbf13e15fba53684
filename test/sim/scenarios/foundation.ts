import { DisplayWatch } from '../display-watch.ts';
import type { LinkProfile } from '../link.ts';
import { nonceWatch } from '../nonce-watch.ts';
import { Oracle } from '../oracle.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { SeededRandom } from '../seeded-random.ts';
import { befriend, registerPeer } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { World } from '../world.ts';

/** How long faults happen and messages are sent. */
const TROUBLE_MS = 90_000;
/** After the last fault everything must be delivered within this: reconnect backoff (20 s), dead TCP (25 s), resends. */
const SETTLE_MS_MAX = 75_000;
/** Longer than the bound, or a run could not be seen to miss it. */
const SETTLE_WAIT_MS = 2 * SETTLE_MS_MAX;
/** How often it is looked at whether all is delivered. */
const LOOK_MS = 100;
const MESSAGES_PER_PEER = 30;
/** One seed in this many also sends a burst. */
const BURST_EVERY_SEEDS = 5;
const READINGS = 6;
const FAULTS = 12;
const LOSS_RATIO_MAX = 0.3;

/** Friends talk while everything fails; when it stops, nothing is missing, doubled or in another order. */
export const foundation: Scenario = {
  name: 'foundation',
  what: '2-4 friends talk under loss, duplication, reordering, lost paths, reconnects and crashes of all programs',
  run: runFoundation,
};

async function runFoundation(seed: number): Promise<ScenarioOutcome> {
  const world = new World({ seed });
  const oracle = new Oracle(world);
  const { random } = world;
  world.network.taps.push(nonceWatch((detail) => oracle.report('attack', detail)));
  await world.settle(world.server.start(), 'the server starts');
  const peers = ['alice', 'bob', 'carol', 'dave'].slice(0, random.whole(2, 4)).map((name) => world.addPeer(name));
  setLinks(world, peers);
  for (const peer of peers) await registerPeer(world, oracle, peer);
  for (const [a, b] of pairsOf(peers)) await befriend(world, a, b);

  scheduleMessages(world, oracle, peers);
  if (seed % BURST_EVERY_SEEDS === 0) scheduleBurst(world, oracle, peers);
  scheduleReading(world, oracle, peers);
  const watch = new DisplayWatch(world, oracle, peers);
  const faults = scheduleFaults(world, peers);
  await world.runFor(TROUBLE_MS);
  await heal(world, peers);
  const healedMs = world.nowMs;
  while (oracle.owed() > 0 && world.nowMs - healedMs < SETTLE_WAIT_MS) await world.runFor(LOOK_MS);
  const settleMs = world.nowMs - healedMs;
  if (settleMs > SETTLE_MS_MAX) oracle.report('late', `not all is delivered ${SETTLE_MS_MAX} ms after the last fault`);
  await world.runFor(5_000);
  watch.stop();
  oracle.checkEnd();
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: {
      sent: oracle.sent,
      direct: oracle.roads.direct,
      relay: oracle.roads.relay,
      faults,
      settleMs: Math.round(settleMs),
      events: world.eventCount,
    },
  };
}

function setLinks(world: World, peers: readonly SimPeer[]): void {
  const profile = (): LinkProfile => ({
    delayMs: world.random.between(2, 80),
    jitterMs: world.random.between(0, 20),
    lossRatio: world.random.between(0, LOSS_RATIO_MAX),
    duplicateRatio: world.random.between(0, 0.1),
    reorderRatio: world.random.between(0, 0.2),
    reorderMs: world.random.between(1, 100),
  });
  for (const peer of peers) world.network.link(peer.name, 'server').profile = profile();
  for (const [a, b] of pairsOf(peers)) world.network.link(a.name, b.name).profile = profile();
}

function scheduleMessages(world: World, oracle: Oracle, peers: readonly SimPeer[]): void {
  for (const peer of peers) {
    for (let i = 0; i < MESSAGES_PER_PEER; i++) {
      const to = world.random.pick(peers.filter((other) => other !== peer));
      const text = `${peer.name} ${i} ${'.'.repeat(world.random.chance(0.1) ? world.random.whole(1_000, 20_000) : 10)}`;
      world.at(world.random.between(0, TROUBLE_MS), async () => {
        if (peer.ready) await oracle.send(peer, to, text);
      });
    }
  }
}

/** Draws of its own, so that the other seeds' runs stay what they were. */
function scheduleBurst(world: World, oracle: Oracle, peers: readonly SimPeer[]): void {
  const random = new SeededRandom(world.seed, 'burst');
  const [from, to] = random.pick(pairsOf(peers));
  const count = random.whole(100, 600);
  world.at(random.between(0, TROUBLE_MS), async () => {
    if (!from.ready) return;
    await Promise.all(Array.from({ length: count }, (_, i) => oracle.send(from, to, `burst ${i}`)));
  });
}

function scheduleReading(world: World, oracle: Oracle, peers: readonly SimPeer[]): void {
  for (let i = 0; i < READINGS; i++) {
    const [reader, writer] = world.random.pick(pairsOf(peers));
    world.at(world.random.between(0, TROUBLE_MS), async () => {
      if (reader.ready) await reader.engine.markRead(String(oracle.accountOf(writer)));
    });
  }
}

function scheduleFaults(world: World, peers: readonly SimPeer[]): number {
  const { random, network } = world;
  const faults: readonly (() => void)[] = [
    () => {
      const link = network.link(...twoOf(world, peers));
      link.udpBlocked = true;
      world.at(random.between(500, 20_000), () => {
        link.udpBlocked = false;
      });
    },
    () => network.cutTcp(random.pick(peers).name, 'server'),
    () => {
      const link = network.link(random.pick(peers).name, 'server');
      link.tcpStalled = true;
      world.at(random.between(500, 30_000), () => {
        link.tcpStalled = false;
      });
    },
    () => crashPeer(world, random.pick(peers)),
    () => crashPeer(world, random.pick(peers)),
    () => stopPeer(world, random.pick(peers)),
    () => crashServer(world),
  ];
  const count = random.whole(1, FAULTS);
  for (let i = 0; i < count; i++) world.at(random.between(0, TROUBLE_MS * 0.9), random.pick(faults));
  return count;
}

function crashPeer(world: World, peer: SimPeer): void {
  if (!peer.running) return;
  peer.crash(world.random.chance(0.3));
  restartLater(world, peer);
}

async function stopPeer(world: World, peer: SimPeer): Promise<void> {
  if (!peer.running) return;
  await peer.stop();
  restartLater(world, peer);
}

function restartLater(world: World, peer: SimPeer): void {
  world.at(world.random.between(0, 15_000), async () => {
    if (!peer.running) await peer.start();
  });
}

function crashServer(world: World): void {
  if (!world.server.running) return;
  world.server.crash(world.random.chance(0.3));
  world.at(world.random.between(0, 8_000), async () => {
    if (!world.server.running) await world.server.start();
  });
}

async function heal(world: World, peers: readonly SimPeer[]): Promise<void> {
  for (const a of [...peers.map((peer) => peer.name), 'server']) {
    for (const b of [...peers.map((peer) => peer.name), 'server']) {
      const link = world.network.link(a, b);
      link.udpBlocked = false;
      link.tcpStalled = false;
    }
  }
  if (!world.server.running) await world.settle(world.server.start(), 'the server starts again');
  for (const peer of peers) if (!peer.running) await world.settle(peer.start(), `${peer.name} starts again`);
}

function pairsOf(peers: readonly SimPeer[]): readonly (readonly [SimPeer, SimPeer])[] {
  return peers.flatMap((a, i) => peers.slice(i + 1).map((b) => [a, b] as const));
}

function twoOf(world: World, peers: readonly SimPeer[]): [string, string] {
  const [a, b] = world.random.pick(pairsOf(peers));
  return [a.name, b.name];
}
