import { createHash } from 'node:crypto';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { outcomeOf, type TwoPeople, twoPeople } from './two-people.ts';

const MAILS = 6;
const GAP_MS = 20_000;
/** Between the change of presence and the first mail, so that what everybody is told of that has come. */
const CALM_MS = 10_000;

/** What a friend gets from the network about somebody, byte for byte. */
interface Heard {
  /** From the server: all bytes of the connection, in order. */
  readonly bytes: readonly Buffer[];
  readonly otherHosts: number;
  readonly stage: TwoPeople;
  /** Mails that the one who is away has read meanwhile. */
  readonly read: number;
}

/** R23: nobody can tell an invisible friend from one who is away. */
export const invisible: Scenario = {
  name: 'invisible',
  what: 'all bytes that a friend gets about an invisible account, to which mails go, equal those about an offline one',
  run: runInvisible,
};

async function runInvisible(seed: number): Promise<ScenarioOutcome> {
  const offline = await hear(seed, 'offline');
  const hidden = await hear(seed, 'invisible');
  const { oracle } = hidden.stage;
  const [a, b] = [Buffer.concat(offline.bytes), Buffer.concat(hidden.bytes)];
  if (!a.equals(b)) {
    const at = a.findIndex((byte, index) => byte !== b[index]);
    oracle.report('attack', `of ${a.length} and ${b.length} bytes from the server number ${at} is another one`);
  }
  if (offline.otherHosts + hidden.otherHosts > 0) oracle.report('attack', 'something came from another machine');
  if (hidden.read !== MAILS) oracle.report('lost', `the invisible one has read ${hidden.read} of ${MAILS} mails`);
  for (const violation of offline.stage.oracle.violations) oracle.report(violation.kind, violation.detail);
  return outcomeOf(hidden.stage, { bytes: a.length, mails: MAILS, read: hidden.read });
}

async function hear(seed: number, wish: 'offline' | 'invisible'): Promise<Heard> {
  const stage = await twoPeople({ seed });
  const { world, oracle, alice, bob } = stage;
  const bytes: Buffer[] = [];
  let otherHosts = 0;
  await world.runFor(1_000);
  world.network.taps.push({
    onTcp: (event, from, to, segment) => {
      if (event === 'bytes' && from === 'server' && to === 'bob') bytes.push(Buffer.from(segment));
    },
  });
  const calmMs = world.nowMs + CALM_MS;
  await alice.must('hides', () => alice.first.engine.setPresence(wish));
  // One of the two takes longer, and that must not move what follows.
  await world.runFor(calmMs - world.nowMs);
  world.network.taps.push({
    onDatagram: (from, to) => {
      if (to === 'bob' && from !== 'server') otherHosts++;
    },
  });
  for (let i = 0; i < MAILS; i++) {
    await world.settle(oracle.send(bob.first, alice.first, `${name(seed, i)}`), 'bob sends');
    await world.settle(bob.first.engine.setTyping('alice', true), 'bob types');
    await world.runFor(GAP_MS);
  }
  const chat = oracle.accountOf(bob.first);
  const read = alice.first.disk.messages.messages({ chat, limit: 100 }).filter(({ kind }) => kind === 'text').length;
  return { bytes, otherHosts, stage, read };
}

function name(seed: number, index: number): string {
  return createHash('sha256').update(`${seed} ${index}`).digest('hex').slice(0, 12);
}
