import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { waitFor } from '../setup.ts';
import { outcomeOf, type TwoPeople, twoPeople } from './two-people.ts';

const ROOM = 20;
const TOO_MANY = 30;
const EXPIRING = 5;
const DAY_MS = 24 * 3_600_000;
const SETTLE_MS_MAX = 60_000;
/** What expired is looked for every so often, and put again. */
const NOTICED_MS_MAX = 3_600_000;

/** A full mailbox and an expired mail are shown as what they are, and nothing of it is lost (R15). */
export const mailLimits: Scenario = {
  name: 'mail-limits',
  what: 'a mailbox is full, mails expire: what is refused waits with its reason, and all arrives in order in the end',
  run: runMailLimits,
};

async function runMailLimits(seed: number): Promise<ScenarioOutcome> {
  const stage = await twoPeople({ seed, limits: { mailMessagesPerSender: ROOM } }, { complete: true });
  const { world, oracle } = stage;
  const [alice, bob] = [stage.alice.first, stage.bob.first];
  await world.settle(bob.stop(), 'bob stops');
  for (let i = 0; i < TOO_MANY; i++) await world.settle(oracle.send(alice, bob, `full ${i}`), 'alice sends');
  await waitFor(world, 'the mailbox is full', async () => count(stage, 'queued', 'mailbox-full') === TOO_MANY - ROOM);
  const stored = count(stage, 'stored', '');
  if (stored !== ROOM) oracle.report('false-state', `${stored} are shown as stored, there is room for ${ROOM}`);
  await world.settle(bob.start(), 'bob starts');
  await settled(stage, 'a full mailbox');

  await world.settle(bob.stop(), 'bob stops again');
  for (let i = 0; i < EXPIRING; i++) await world.settle(oracle.send(alice, bob, `old ${i}`), 'alice sends');
  await waitFor(world, 'all is stored', async () => count(stage, 'stored', '') === EXPIRING);
  await world.settle(alice.stop(), 'alice stops');
  await world.runFor(14 * DAY_MS + 2 * 3_600_000);
  const expired: string[] = [];
  const before = world.onEngineEvent;
  world.onEngineEvent = (peer, event) => {
    before(peer, event);
    if (event.type === 'message' && event.message.reason === 'expired') expired.push(event.message.id);
  };
  await world.settle(alice.start(), 'alice starts');
  const isBack = async (): Promise<boolean> => expired.length >= EXPIRING && count(stage, 'stored', '') === EXPIRING;
  await waitFor(world, 'what expired is in the mailbox again', isBack, NOTICED_MS_MAX);
  oracle.checkStored();
  await world.settle(alice.stop(), 'alice goes away');
  await world.settle(bob.start(), 'bob comes');
  await world.runFor(10_000);
  const read = bob.disk.messages.messages({ chat: oracle.accountOf(alice), limit: 100 }).length;
  if (read < TOO_MANY + EXPIRING) oracle.report('lost', `bob has ${read} messages by the mailbox alone`);
  await world.settle(alice.start(), 'alice comes back');
  await settled(stage, 'expiry');
  oracle.checkEnd();
  return outcomeOf(stage, { sent: oracle.sent, refusedForRoom: TOO_MANY - ROOM, expired: expired.length });
}

async function settled({ world, oracle }: TwoPeople, after: string): Promise<void> {
  const sinceMs = world.nowMs;
  while (oracle.owed() > 0 && world.nowMs - sinceMs < SETTLE_MS_MAX) await world.runFor(100);
  if (oracle.owed() > 0) oracle.report('late', `not all is delivered ${SETTLE_MS_MAX} ms after ${after}`);
  await world.runFor(3_000);
}

function count({ oracle, alice, bob }: TwoPeople, state: string, reason: string): number {
  const chat = oracle.accountOf(bob.first);
  const lines = alice.first.disk.messages.messages({ chat, limit: 1_000 });
  return lines.filter((line) => line.direction === 'out' && line.state === state && line.reason === reason).length;
}
