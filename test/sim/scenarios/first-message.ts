import { CLEAN_LINK } from '../link.ts';
import { Oracle } from '../oracle.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { befriend, registerPeer, waitForOnline } from '../setup.ts';
import { World } from '../world.ts';

const SYNC_MS = 4;
/** Past this much silence a session has ended (R2: 180 s), so that the next message is a first one again. */
const SESSION_GONE_MS = 400_000;
/** Work that is neither the network nor the disk. */
const WORK_MS = 5;

/** Without loss or jitter, the first message takes 1.5 relay round trips and one sync, whether punching works or not. */
export const firstMessage: Scenario = {
  name: 'first-message',
  what: 'the first message to a friend without a session arrives within 1.5 relay round trips + one sync + 5 ms',
  run: runFirstMessage,
};

async function runFirstMessage(seed: number): Promise<ScenarioOutcome> {
  const world = new World({ seed, syncMs: SYNC_MS });
  const oracle = new Oracle(world);
  await world.settle(world.server.start(), 'the server starts');
  const [alice, bob] = [world.addPeer('alice'), world.addPeer('bob')];
  const delaysMs = [world.random.between(2, 80), world.random.between(2, 80)] as const;
  world.network.link('alice', 'server').profile = { ...CLEAN_LINK, delayMs: delaysMs[0] };
  world.network.link('bob', 'server').profile = { ...CLEAN_LINK, delayMs: delaysMs[1] };
  world.network.link('alice', 'bob').profile = { ...CLEAN_LINK, delayMs: world.random.between(2, 80) };
  const punchable = seed % 2 === 0;
  world.network.link('alice', 'bob').udpBlocked = !punchable;
  for (const peer of [alice, bob]) await registerPeer(world, oracle, peer);
  await befriend(world, alice, bob);
  await waitForOnline(world, alice, bob);
  await waitForOnline(world, bob, alice);

  await world.runFor(SESSION_GONE_MS);
  const sentMs = world.nowMs;
  world.at(0, () => oracle.send(alice, bob, 'first'));
  await world.runUntil(() => oracle.committedAtMs(bob, 'first') !== undefined, 60_000);
  const tookMs = (oracle.committedAtMs(bob, 'first') ?? Number.POSITIVE_INFINITY) - sentMs;
  const relayRoundTripMs = 2 * (delaysMs[0] + delaysMs[1]);
  const boundMs = 1.5 * relayRoundTripMs + SYNC_MS + WORK_MS;
  if (tookMs > boundMs) {
    oracle.report('late', `the first message took ${tookMs.toFixed(1)} ms, the bound is ${boundMs.toFixed(1)} ms`);
  }
  await world.runFor(2_000);
  oracle.checkEnd();
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: {
      [punchable ? 'overBoundMsPunchable' : 'overBoundMsUnpunchable']: tookMs - boundMs,
      relayRoundTrips: (tookMs - SYNC_MS) / relayRoundTripMs,
      events: world.eventCount,
    },
  };
}
