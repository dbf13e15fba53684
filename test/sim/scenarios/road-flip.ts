import type { Scenario, ScenarioOutcome, ScenarioSize } from '../scenario.ts';
import { outcomeOf, twoPeople } from './two-people.ts';

const FLIP_MS = 200;
/** Issue: of the waits between two commits while messages are on their way. */
const STALL_MS_MAX = 1_500;
const MESSAGES: Readonly<Record<ScenarioSize, number>> = { small: 1_000, full: 5_000 };
const MESSAGES_PER_SECOND = 50;
const SETTLE_MS_MAX = 60_000;

/** The road under a conversation changes five times a second; nobody notices but by the road that is shown. */
export const roadFlip: Scenario = {
  name: 'road-flip',
  what: 'UDP is blocked and TCP stalled in turns, every 200 ms: each message once, in order, without a long wait',
  run: runRoadFlip,
};

async function runRoadFlip(seed: number, size: ScenarioSize = 'small'): Promise<ScenarioOutcome> {
  const stage = await twoPeople({ seed }, { complete: true });
  const { world, oracle, alice, bob } = stage;
  const link = { ...world.network.link('alice', 'server').profile, delayMs: world.random.between(2, 40) };
  for (const [a, b] of [
    ['alice', 'server'],
    ['bob', 'server'],
    ['alice', 'bob'],
  ] as const) {
    world.network.link(a, b).profile = link;
  }
  const count = MESSAGES[size];
  const durationMs = (count / MESSAGES_PER_SECOND) * 1_000;
  const sentMs = new Map<string, number>();
  const gone = watchRoads(stage);
  const flips = flipRoads(stage, durationMs);
  for (let i = 0; i < count; i++) {
    const text = `message ${i}`;
    world.at((durationMs * i) / count, async () => {
      sentMs.set(text, world.nowMs);
      await oracle.send(alice.first, bob.first, text);
    });
  }
  await world.runFor(durationMs);
  const endedMs = world.nowMs;
  while (oracle.owed() > 0 && world.nowMs - endedMs < SETTLE_MS_MAX) await world.runFor(100);
  if (oracle.owed() > 0) oracle.report('late', `not all is delivered ${SETTLE_MS_MAX} ms after the last flip`);
  await world.runFor(5_000);
  oracle.checkEnd();
  const stalls = stallsOf([...sentMs].map(([text, at]) => [at, oracle.committedAtMs(bob.first, text) ?? at] as const));
  const p99 = stalls[Math.floor(stalls.length * 0.99)] ?? 0;
  if (p99 > STALL_MS_MAX) oracle.report('late', `one in a hundred waits is longer than ${Math.round(p99)} ms`);
  return outcomeOf(stage, {
    sent: oracle.sent,
    ...oracle.roads,
    flips,
    withoutRoad: gone.withoutRoad,
    p99StallMs: Math.round(p99),
    longestStallMs: Math.round(stalls.at(-1) ?? 0),
  });
}

/** Every message that is shown names the road by which it came. */
function watchRoads({ world, oracle }: Awaited<ReturnType<typeof twoPeople>>): { readonly withoutRoad: number } {
  const seen = { withoutRoad: 0 };
  const before = world.onEngineEvent;
  world.onEngineEvent = (peer, event) => {
    before(peer, event);
    if (event.type !== 'message' || !event.isNew || event.message.kind !== 'text') return;
    if (event.message.direction !== 'in' || event.message.road !== undefined) return;
    seen.withoutRoad++;
    oracle.report('false-road', `${event.message.id} came by no road`);
  };
  return seen;
}

function flipRoads({ world }: Awaited<ReturnType<typeof twoPeople>>, durationMs: number): number {
  const count = Math.floor(durationMs / FLIP_MS);
  const set = (isDirect: boolean): void => {
    world.network.link('alice', 'bob').udpBlocked = !isDirect;
    for (const name of ['alice', 'bob']) world.network.link(name, 'server').tcpStalled = isDirect;
  };
  for (let i = 0; i < count; i++) world.at(i * FLIP_MS, () => set(i % 2 === 0));
  world.at(count * FLIP_MS, () => {
    world.network.link('alice', 'bob').udpBlocked = false;
    for (const name of ['alice', 'bob']) world.network.link(name, 'server').tcpStalled = false;
  });
  return count;
}

/** How long each commit was waited for since there was something to wait for, or since the commit before. Ascending. */
function stallsOf(messages: readonly (readonly [sentMs: number, committedMs: number])[]): readonly number[] {
  const inOrder = messages.slice().sort((a, b) => a[1] - b[1]);
  let before = 0;
  const stalls = inOrder.map(([sentMs, committedMs]) => {
    const stall = committedMs - Math.max(before, sentMs);
    before = committedMs;
    return stall;
  });
  return stalls.sort((a, b) => a - b);
}
