import { describe, expect, it } from 'vitest';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

describe('what the user has looked at (R6)', () => {
  it('[ID12] is what counts: a key that came after the look is not pinned', async () => {
    const world = await EngineWorld.start();
    const [bob] = await world.friends('bob', 'alice');
    const [x, y] = [world.peer('x'), world.peer('y')];
    for (const peer of [x, y]) await world.settle(peer.start());
    await newIdentity(world, x);
    await world.until(async () => (await bob.contact('alice'))?.keyChanged === true);
    const { digits } = await world.ok(bob.engine.safetyNumber('alice'));
    await newIdentity(world, y);
    await world.until(async () => (await world.ok(bob.engine.safetyNumber('alice'))).digits !== digits);
    const before = await world.settle(bob.store.contacts());
    for (const verdict of [
      { matches: true, acceptNewKey: true, digits },
      { matches: false, acceptNewKey: true, digits },
    ]) {
      expect(await world.settle(bob.engine.verifyContact('alice', verdict))).toMatchObject({
        error: { code: 'KEY_CHANGED', detail: { who: 'alice' } },
      });
    }
    expect(await world.settle(bob.store.contacts())).toEqual(before);
    expect(await world.ok(bob.verify('alice', { matches: true, acceptNewKey: true }))).toMatchObject({
      verified: true,
      keyChanged: false,
    });
  });

  it('[ID12] may be typed without the spaces, but not be another number', async () => {
    const world = await EngineWorld.start();
    const [bob] = await world.friends('bob', 'alice');
    const { digits } = await world.ok(bob.engine.safetyNumber('alice'));
    const verdict = { matches: true, acceptNewKey: false };
    for (const other of ['', digits.slice(1), `${digits}1`]) {
      const answer = await world.settle(bob.engine.verifyContact('alice', { ...verdict, digits: other }));
      expect(answer).toMatchObject({ error: { code: 'KEY_CHANGED' } });
    }
    const typed = digits.replaceAll(' ', '');
    expect(await world.ok(bob.engine.verifyContact('alice', { ...verdict, digits: typed }))).toMatchObject({
      verified: true,
    });
  });

  it('[ID6] pins the key of a request with the comparison: another one afterwards is a changed key', async () => {
    const world = await EngineWorld.start();
    const [alice, bob, x] = [world.peer('alice'), world.peer('bob'), world.peer('x')];
    await alice.register();
    await bob.register();
    await world.settle(x.start());
    await world.ok(alice.engine.addContact('bob', 'hi'));
    await world.until(async () => (await bob.contact('alice'))?.state === 'asking');
    await world.ok(bob.verify('alice', { matches: true, acceptNewKey: false }));
    expect((await world.settle(bob.store.contacts()))[0]!.pinnedKey).toHaveLength(32);
    await newIdentity(world, x);
    await world.until(async () => (await bob.contact('alice'))?.keyChanged === true);
    await world.ok(bob.engine.answerRequest('alice', true));
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: true });
  });
});

async function newIdentity(world: EngineWorld, peer: TestPeer): Promise<void> {
  const server = world.sim.server.address;
  await world.ok(
    peer.engine.login({ server, trustFirst: false, account: 'alice', password: PASSWORD, newIdentity: true }),
  );
}
