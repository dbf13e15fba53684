import { CLEAN_LINK } from '../link.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { waitForOnline } from '../setup.ts';
import { outcomeOf, twoPeople } from './two-people.ts';

const SYNC_MS = 4;
/** Past this much silence a session has ended (R2: 180 s), so that the next message is a first one again. */
const SESSION_GONE_MS = 400_000;
/** Work that is neither the network nor the disk. */
const WORK_MS = 2;
/** An envelope is larger, and what a handshake sends is smaller. */
const ENVELOPE_BYTES_MIN = 1_100;

/** A first message is sealed and pushed at once: it waits for the sender's disk, and for no other. */
export const firstByMail: Scenario = {
  name: 'first-by-mail',
  what: 'the first message to a friend without a session is in their hands after both one-way times + one sync + 2 ms',
  run: runFirstByMail,
};

async function runFirstByMail(seed: number): Promise<ScenarioOutcome> {
  const stage = await twoPeople({ seed, syncMs: SYNC_MS });
  const { world, oracle, alice, bob } = stage;
  const delaysMs = [world.random.between(2, 80), world.random.between(2, 80)] as const;
  world.network.link('alice', 'server').profile = { ...CLEAN_LINK, delayMs: delaysMs[0] };
  world.network.link('bob', 'server').profile = { ...CLEAN_LINK, delayMs: delaysMs[1] };
  world.network.link('alice', 'bob').profile = { ...CLEAN_LINK, delayMs: world.random.between(2, 80) };
  await waitForOnline(world, alice.first, bob.first);
  await world.runFor(SESSION_GONE_MS);

  const sentMs = world.nowMs;
  let arrivedMs = Number.POSITIVE_INFINITY;
  world.network.taps.push({
    onTcp: (event, from, to, bytes) => {
      const isMail = event === 'bytes' && from === 'server' && to === 'bob' && bytes.length >= ENVELOPE_BYTES_MIN;
      if (isMail) arrivedMs = Math.min(arrivedMs, world.nowMs);
    },
  });
  world.at(0, () => oracle.send(alice.first, bob.first, 'first'));
  await world.runUntil(() => oracle.committedAtMs(bob.first, 'first') !== undefined, 60_000);
  const committedMs = oracle.committedAtMs(bob.first, 'first') ?? Number.POSITIVE_INFINITY;
  const boundMs = delaysMs[0] + delaysMs[1] + SYNC_MS + WORK_MS;
  const overMs = arrivedMs - sentMs - boundMs;
  if (overMs > 0)
    oracle.report('late', `in the hands ${overMs.toFixed(1)} ms after the bound of ${boundMs.toFixed(1)} ms`);
  await world.runFor(5_000);
  oracle.checkEnd();
  return outcomeOf(stage, {
    overBoundMs: overMs,
    arrivedMs: arrivedMs - sentMs,
    committedMs: committedMs - sentMs,
    committedAfterTransitMs: committedMs - sentMs - delaysMs[0] - delaysMs[1],
  });
}
