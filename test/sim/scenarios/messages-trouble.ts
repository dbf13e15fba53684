import type { SimPeer } from '../sim-peer.ts';
import type { World } from '../world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A clock is off by so much at most while nobody knows the server's time: twice that is within a day (R16). */
const CLOCK_OFF_MS_MAX = 11 * HOUR_MS;
/** Whoever has a link knows the server's time, however wrong the own clock is. */
const CLOCK_FAR_OFF_MS_MAX = 5 * 24 * HOUR_MS;

/** Lost and stalled roads, crashes of all programs, clocks that are set, machines that are away. @returns how many */
export function scheduleFaults(world: World, peers: readonly SimPeer[], count: number, withinMs: number): number {
  const { random, network } = world;
  const faults: readonly (() => void | Promise<void>)[] = [
    () => {
      const [a, b] = twoOf(world, peers);
      const link = network.link(a.name, b.name);
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
    () => crash(world, random.pick(peers), random.between(0, 15_000)),
    () => crash(world, random.pick(peers), random.between(0, 3_000)),
    () => crash(world, random.pick(peers), random.between(0, withinMs)),
    () => stop(world, random.pick(peers)),
    () => setClock(world, random.pick(peers)),
    () => crashServer(world),
  ];
  for (let i = 0; i < count; i++) world.at(random.between(0, withinMs * 0.95), random.pick(faults));
  return count;
}

/** No fault holds any more, and everybody is there. */
export async function heal(world: World, peers: readonly SimPeer[]): Promise<void> {
  const hosts = [...peers.map((peer) => peer.name), 'server'];
  for (const a of hosts) {
    for (const b of hosts) {
      const link = world.network.link(a, b);
      link.udpBlocked = false;
      link.tcpStalled = false;
    }
  }
  if (!world.server.running) await world.settle(world.server.start(), 'the server starts again');
  for (const peer of peers) {
    peer.setClock(0);
    if (!peer.running) await world.settle(peer.start(), `${peer.name} starts again`);
  }
}

function crash(world: World, peer: SimPeer, awayMs: number): void {
  if (!peer.running) return;
  peer.crash(world.random.chance(0.3));
  restartAfter(world, peer, awayMs);
}

async function stop(world: World, peer: SimPeer): Promise<void> {
  if (!peer.running) return;
  await peer.stop();
  restartAfter(world, peer, world.random.between(0, 15_000));
}

/** What starts asks for the time first: a clock that is off by days is set by then. */
function restartAfter(world: World, peer: SimPeer, awayMs: number): void {
  world.at(awayMs, async () => {
    if (peer.running) return;
    peer.setClock(world.random.between(-CLOCK_OFF_MS_MAX, CLOCK_OFF_MS_MAX) * (world.random.chance(0.3) ? 1 : 0));
    await peer.start();
  });
}

async function setClock(world: World, peer: SimPeer): Promise<void> {
  if (!peer.ready) return;
  const isConnected = (await peer.engine.status()).server.state === 'connected';
  const most = isConnected ? CLOCK_FAR_OFF_MS_MAX : CLOCK_OFF_MS_MAX;
  peer.setClock(world.random.between(-most, most));
}

function crashServer(world: World): void {
  if (!world.server.running) return;
  world.server.crash(world.random.chance(0.3));
  world.at(world.random.between(0, 8_000), async () => {
    if (!world.server.running) await world.server.start();
  });
}

function twoOf(world: World, peers: readonly SimPeer[]): readonly [SimPeer, SimPeer] {
  const a = world.random.pick(peers);
  return [a, world.random.pick(peers.filter((peer) => peer !== a))];
}
