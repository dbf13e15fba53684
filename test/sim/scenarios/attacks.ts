import { Replayer } from '../attackers/replayer.ts';
import { Stranger } from '../attackers/stranger.ts';
import { Oracle } from '../oracle.ts';
import type { Scenario, ScenarioOutcome } from '../scenario.ts';
import { befriend, PASSWORD, registerPeer, waitForOnline } from '../setup.ts';
import type { SimPeer } from '../sim-peer.ts';
import { SimulationError, World } from '../world.ts';

/** Longer than the silence after which a dead connection would be noticed and told (R22). */
const WATCH_MS = 60_000;

interface Stage {
  readonly world: World;
  readonly oracle: Oracle;
  readonly alice: SimPeer;
  readonly bob: SimPeer;
}

/** R4: message 1 of a handshake that somebody recorded opens nothing and ends nothing. */
export const replayedHandshake: Scenario = {
  name: 'replayed-handshake',
  what: 'a recorded first handshake message is replayed to the server: nobody is evicted, no epoch moves',
  run: async (seed) => {
    const { world, oracle, alice, bob } = await twoFriends(seed, 4);
    const replayer = new Replayer(world, 'alice');
    world.network.taps.push(replayer.tap);
    await world.settle(alice.stop(), 'alice stops');
    replayer.record();
    await world.settle(alice.start(), 'alice starts');
    await waitForOnline(world, bob, alice);
    if (replayer.recordedBytes === 0) throw new SimulationError('nothing was recorded');

    const account = oracle.accountOf(alice);
    const epoch = () => world.server.disk.devicesOf(account)[0]?.epoch;
    const epochBefore = epoch();
    const shown: string[] = [];
    world.onEngineEvent = (peer, event) => {
      if (peer === alice && event.type === 'link' && event.state !== 'connected')
        shown.push(`alice's link became ${event.state}`);
      if (peer === bob && event.type === 'presence') shown.push(`bob sees alice as ${event.status}`);
    };
    for (let i = 0; i < 3; i++) {
      const answered = replayer.replay();
      await world.runFor(world.random.between(100, 5_000));
      if (answered() === 0) throw new SimulationError('the server did not even read the replay');
    }
    await world.runFor(WATCH_MS);
    for (const what of shown) oracle.report('attack', `after the replay ${what}`);
    if (epoch() !== epochBefore) oracle.report('attack', 'the replay raised the session epoch');
    return outcomeOf({ world, oracle });
  },
};

/** R3, R21: only friends are introduced and relayed; to others every device is as good as gone. */
export const strangerAsks: Scenario = {
  name: 'stranger-asks',
  what: 'somebody who is no friend asks to be introduced to a device, and sends to it by relay',
  run: async (seed) => {
    const { world, oracle, alice } = await twoFriends(seed, 4);
    const device = world.server.disk.devicesOf(oracle.accountOf(alice))[0]!.device;
    const stranger = new Stranger(world);
    if (!(await world.runUntil(() => stranger.loggedIn, 10_000))) throw new SimulationError('the stranger is not in');
    stranger.askForIntroduction(device);
    stranger.sendByRelay(device);
    await world.runFor(5_000);
    const types = stranger.answers.map((answer) => answer.type);
    if (types.includes('introduced')) oracle.report('attack', 'a stranger was introduced');
    if (!types.includes('refused')) oracle.report('attack', 'a stranger who asks for an introduction is not refused');
    if (!types.includes('relay-refused')) oracle.report('attack', 'a stranger may send by relay');
    return outcomeOf({ world, oracle });
  },
};

/** D9, R21: what an old session asks for after a newer login of its device changes nothing. */
export const staleSession: Scenario = {
  name: 'stale-session',
  what: 'a copy of a device logs in while the old session writes: after the newer login the old one writes nothing',
  run: async (seed) => {
    const syncMs = 150;
    const { world, oracle, alice, bob } = await twoFriends(seed, syncMs);
    const copy = world.addPeer('copy', { identity: alice.identity });
    const [account, friend] = [oracle.accountOf(alice), oracle.accountOf(bob)];
    const epochBefore = world.server.disk.devicesOf(account)[0]!.epoch;
    let loggedInAt: number | undefined;
    let removedAt: number | undefined;
    world.afterEvent = () => {
      if (world.server.disk.devicesOf(account)[0]!.epoch !== epochBefore) loggedInAt ??= world.eventCount;
      if (!world.server.disk.areFriends(account, friend)) removedAt ??= world.eventCount;
      return Promise.resolve();
    };
    await world.settle(copy.start(), 'the copy starts');
    const old = alice.engine;
    world.at(world.random.between(50, 900), async () => void (await old.removeContact('bob')));
    const server = world.server.address;
    const login = copy.engine.login({ server, trustFirst: false, account: 'alice', password: PASSWORD });
    const result = await world.settle(login, 'the copy logs in');
    if (!result.ok) throw new SimulationError(`the copy cannot log in: ${JSON.stringify(result.error)}`);
    await world.runFor(5_000);
    if (loggedInAt === undefined) throw new SimulationError('the login raised no epoch');
    if (removedAt !== undefined && removedAt > loggedInAt) {
      oracle.report('attack', 'a session wrote after a newer login of its device');
    }
    return outcomeOf({ world, oracle });
  },
};

async function twoFriends(seed: number, syncMs: number): Promise<Stage> {
  const world = new World({ seed, syncMs });
  const oracle = new Oracle(world);
  await world.settle(world.server.start(), 'the server starts');
  const [alice, bob] = [world.addPeer('alice'), world.addPeer('bob')];
  for (const peer of [alice, bob]) await registerPeer(world, oracle, peer);
  await befriend(world, alice, bob);
  await waitForOnline(world, alice, bob);
  await waitForOnline(world, bob, alice);
  return { world, oracle, alice, bob };
}

function outcomeOf({ world, oracle }: { readonly world: World; readonly oracle: Oracle }): ScenarioOutcome {
  return { violations: oracle.violations, traceHash: world.traceHash, figures: { events: world.eventCount } };
}
