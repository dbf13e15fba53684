import type { SignInView } from '@magpie/peer/engine/engine.ts';
import type { Oracle } from './oracle.ts';
import type { SimPeer } from './sim-peer.ts';
import { SimulationError, type World } from './world.ts';

/** Meets the rule for passwords (R25) and is on no list of common ones. */
export const PASSWORD = 'seven quiet magpies';

/** Starts a peer and registers its account. @returns with the recovery code */
export async function registerPeer(world: World, oracle: Oracle, peer: SimPeer): Promise<SignInView> {
  await world.settle(peer.start(), `${peer.name} starts`);
  const result = await world.settle(
    peer.engine.register({
      server: world.server.address,
      trustFirst: false,
      name: peer.name,
      displayName: peer.name,
      password: PASSWORD,
    }),
    `${peer.name} registers`,
  );
  if (!result.ok) throw new SimulationError(`${peer.name} cannot register: ${JSON.stringify(result.error)}`);
  oracle.knows(peer, result.value.account.account);
  return result.value;
}

/** The one asks, the other accepts, and both see each other as friends. */
export async function befriend(world: World, a: SimPeer, b: SimPeer): Promise<void> {
  const asked = await world.settle(a.engine.addContact(b.accountName, 'hello'), `${a.name} asks ${b.name}`);
  if (!asked.ok) throw new SimulationError(`${a.name} cannot ask: ${JSON.stringify(asked.error)}`);
  await waitFor(world, `${b.name} sees the request`, async () => (await stateOf(b, a)) === 'asking');
  const answered = await world.settle(b.engine.answerRequest(a.accountName, true), `${b.name} accepts`);
  if (!answered.ok) throw new SimulationError(`${b.name} cannot accept: ${JSON.stringify(answered.error)}`);
  await waitFor(
    world,
    `${a.name} and ${b.name} are friends`,
    async () => (await stateOf(a, b)) === 'member' && (await stateOf(b, a)) === 'member',
  );
}

export async function waitForOnline(world: World, a: SimPeer, b: SimPeer): Promise<void> {
  await waitFor(world, `${a.name} sees ${b.name} online`, async () => (await contactOf(a, b))?.presence === 'online');
}

/** Asks again and again in virtual time until it holds. */
export async function waitFor(
  world: World,
  what: string,
  holds: () => Promise<boolean>,
  atMostMs = 60_000,
): Promise<void> {
  const endMs = world.nowMs + atMostMs;
  while (!(await world.settle(holds(), what))) {
    if (world.nowMs >= endMs) throw new SimulationError(`${what}: not in ${atMostMs} ms of virtual time`);
    await world.runFor(50);
  }
}

export async function contactOf(peer: SimPeer, other: SimPeer) {
  const contacts = await peer.engine.contacts();
  return contacts.ok ? contacts.value.find((contact) => contact.name === other.accountName) : undefined;
}

async function stateOf(peer: SimPeer, other: SimPeer) {
  return (await contactOf(peer, other))?.state;
}
