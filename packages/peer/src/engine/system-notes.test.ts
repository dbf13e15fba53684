import { describe, expect, it } from 'vitest';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

describe('lines of the system', () => {
  it('are there with the change that they tell of, whenever a crash comes', async () => {
    const world = await EngineWorld.start();
    const alice = world.peer('alice');
    const bob = world.peer('bob');
    await alice.register();
    await bob.register();
    await world.ok(alice.engine.addContact('bob', 'hello'));
    await world.until(async () => (await bob.contact('alice'))?.state === 'asking');
    takeNoLineAlone(alice);
    await world.ok(bob.engine.answerRequest('alice', true));
    await world.until(async () => (await alice.contact('bob'))?.state === 'member');
    alice.crash();
    await alice.restart();
    expect(await notes(alice)).toEqual(['friends']);
    takeNoLineAlone(alice);
    await world.ok(bob.engine.removeContact('alice'));
    await world.until(async () => (await world.ok(alice.engine.contact('bob'))).state === 'removed');
    expect(alice.eventsOf('message').at(-1)).toMatchObject({ message: { text: 'removed' }, isNew: true });
    alice.crash();
    await alice.restart();
    await world.run(1_000);
    expect(await notes(alice)).toEqual(['friends', 'removed']);
  });

  it('[ID6] say that a key is another one, once', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob');
    takeNoLineAlone(alice);
    const stranger = world.peer('bob2');
    await world.settle(stranger.start());
    const login = { server: world.sim.server.address, trustFirst: false, account: 'bob', password: PASSWORD };
    await world.ok(stranger.engine.login({ ...login, newIdentity: true }));
    await world.until(async () => (await alice.contact('bob'))?.keyChanged === true);
    alice.crash();
    await alice.restart();
    await world.run(1_000);
    expect(await notes(alice)).toEqual(['friends', 'key-changed']);
  });
});

/** What is stored by itself never arrives before the crash. */
function takeNoLineAlone(peer: TestPeer): void {
  Object.assign(peer.store, { commitSystem: () => new Promise(() => {}) });
}

async function notes(peer: TestPeer): Promise<readonly string[]> {
  return (await peer.lines('bob')).filter(({ kind }) => kind === 'system').map(({ text }) => text);
}
