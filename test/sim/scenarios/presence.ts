import { DisplayWatch } from '../display-watch.ts';
import { Oracle } from '../oracle.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { befriend, registerPeer } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { World } from '../world.ts';

const TROUBLE_MS = 240_000;
/** Longer than the 45 s after which a friend who is gone must be shown so (R22). */
const AWAY_MS = [50_000, 100_000] as const;
const HEAL_MS = 75_000;
const FAULTS = 5;
const CHAT_GAP_MS = 1_500;

/** Friends go away for minutes, lose the server or lose UDP; nobody is shown what is not so. */
export const presence: Scenario = {
  name: 'presence',
  what: 'friends are away for long, cut off or without UDP: neither status nor road is shown that is not so',
  run: runPresence,
};

async function runPresence(seed: number): Promise<ScenarioOutcome> {
  const world = new World({ seed });
  const oracle = new Oracle(world);
  await world.settle(world.server.start(), 'the server starts');
  const peers = ['alice', 'bob', 'carol'].map((name) => world.addPeer(name));
  for (const peer of peers) await registerPeer(world, oracle, peer);
  const pairs = peers.flatMap((a, i) => peers.slice(i + 1).map((b) => [a, b] as const));
  for (const [a, b] of pairs) await befriend(world, a, b);

  const watch = new DisplayWatch(world, oracle, peers);
  scheduleChat(world, oracle, peers);
  for (let i = 0; i < FAULTS; i++) scheduleFault(world, peers);
  await world.runFor(TROUBLE_MS + AWAY_MS[1] + HEAL_MS);
  watch.stop();
  oracle.checkEnd();
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: { judgedGone: watch.judgedGone, judgedBlocked: watch.judgedBlocked, events: world.eventCount },
  };
}

function scheduleChat(world: World, oracle: Oracle, peers: readonly SimPeer[]): void {
  for (let atMs = 0; atMs < TROUBLE_MS; atMs += CHAT_GAP_MS) {
    const from = world.random.pick(peers);
    const to = world.random.pick(peers.filter((other) => other !== from));
    world.at(atMs, async () => {
      if (from.ready) await oracle.send(from, to, `${from.name} at ${atMs}`);
    });
  }
}

function scheduleFault(world: World, peers: readonly SimPeer[]): void {
  const { random, network } = world;
  const [a, b] = random.pick(
    peers.flatMap((one) => peers.filter((two) => two !== one).map((two) => [one, two] as const)),
  );
  const awayMs = random.between(...AWAY_MS);
  const silent = random.chance(0.5);
  const faults: readonly (() => void | Promise<void>)[] = [
    () => {
      if (!a.running) return;
      a.crash(silent);
      world.at(awayMs, () => a.start());
    },
    async () => {
      if (!a.running) return;
      await a.stop();
      world.at(awayMs, () => a.start());
    },
    () => {
      const link = network.link(a.name, 'server');
      link.tcpStalled = true;
      world.at(awayMs, () => {
        link.tcpStalled = false;
      });
    },
    () => {
      const link = network.link(a.name, b.name);
      link.udpBlocked = true;
      world.at(awayMs / 3, () => {
        link.udpBlocked = false;
      });
    },
    () => {
      if (!world.server.running) return;
      world.server.crash(silent);
      world.at(awayMs / 10, () => world.server.start());
    },
  ];
  world.at(random.between(0, TROUBLE_MS), random.pick(faults));
}
