import { describe, expect, it } from 'vitest';
import type { LoginInput } from './engine.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

describe('a recovery code that nobody has seen (R7)', () => {
  it.each(['crash', 'cut'] as const)(
    '[SV86] is made anew by the next login, wherever a %s ended the registration',
    async (end) => {
      const unseen: boolean[] = [];
      for (let afterMs = 20; ; afterMs += 20) {
        const { world, alice, phone } = await newcomers();
        let done = false;
        void alice.engine.register(registration(world)).then((result) => {
          done = result.ok;
        });
        await world.run(afterMs);
        if (done) break;
        if (end === 'crash') {
          alice.crash();
          await world.settle(alice.start());
        } else world.sim.network.cutTcp('alice', 'server');
        await world.run(30_000);
        const { account, recoveryUnseen } = await alice.engine.status();
        if (account) unseen.push(recoveryUnseen);
        const again = account ? undefined : await world.settle(alice.engine.register(registration(world)));
        const signedIn = again?.ok ? again.value : await world.ok(login(world, alice, {}));
        await world.ok(login(world, phone, { recoveryCode: signedIn.recoveryCode! }));
      }
      expect(unseen.length).toBeGreaterThan(0);
      expect(unseen.every((each) => each)).toBe(true);
    },
  );

  it('[SV86] is made anew by every login until a face has shown one, also after a crash', async () => {
    const { world, alice } = await newcomers();
    const { recoveryCode } = await world.ok(alice.engine.register(registration(world)));
    alice.crash();
    await alice.restart();
    const second = await world.ok(login(world, alice, {}));
    expect(second.recoveryCode).toMatch(/^[a-z2-7-]{30,}$/);
    expect(second.recoveryCode).not.toBe(recoveryCode);
    await world.ok(alice.engine.recoveryKept());
    expect(await alice.engine.status()).toMatchObject({ recoveryUnseen: false });
    alice.crash();
    await alice.restart();
    expect((await world.ok(login(world, alice, {}))).recoveryCode).toBeUndefined();
  });

  it('[SV86] comes of a new identity and of a renewal, too', async () => {
    const { world, alice, phone } = await newcomers();
    await world.ok(alice.engine.register(registration(world)));
    await world.ok(alice.engine.recoveryKept());
    await world.ok(alice.engine.renewRecovery());
    expect(await world.settle(alice.engine.status())).toMatchObject({ recoveryUnseen: true });
    await world.ok(login(world, phone, { newIdentity: true }));
    expect(await world.settle(phone.engine.status())).toMatchObject({ recoveryUnseen: true });
    expect((await world.ok(login(world, phone, {}))).recoveryCode).toBeDefined();
  });

  it('is none where the server refused to make the account, or the link is down', async () => {
    const { world, alice } = await newcomers();
    await world.settle(alice.engine.register({ ...registration(world), name: 'no name' }));
    expect(await alice.engine.status()).toMatchObject({ recoveryUnseen: false });
    await world.ok(alice.engine.register(registration(world)));
    await world.ok(alice.engine.recoveryKept());
    world.sim.network.cutTcp('alice', 'server');
    await world.run(1);
    expect(await world.settle(alice.engine.renewRecovery())).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
    expect(await alice.engine.status()).toMatchObject({ recoveryUnseen: false });
  });
});

describe('a sign-in that is not wanted any more', () => {
  it('ends at once when it is under way, and leaves the one that waits alone', async () => {
    const { world, alice, phone } = await newcomers();
    await world.ok(alice.engine.register(registration(world)));
    const { code } = await world.ok(alice.engine.offerApproval());
    const [first, second] = [new AbortController(), new AbortController()];
    const wrong = login(world, phone, { approvalCode: 'aaaa-aaaa-aaaa-aaaa' }, first.signal);
    await world.run(2_000);
    const right = login(world, phone, { approvalCode: code }, second.signal);
    await world.run(100);
    first.abort();
    expect(await world.settle(wrong)).toMatchObject({ error: { code: 'CANCELLED' } });
    await world.ok(right);
  });

  it('never begins when it waits, and leaves the one under way alone', async () => {
    const { world, alice, phone } = await newcomers();
    await world.ok(alice.engine.register(registration(world)));
    const { code } = await world.ok(alice.engine.offerApproval());
    const second = new AbortController();
    const right = login(world, phone, { approvalCode: code });
    const waits = login(world, phone, { newIdentity: true }, second.signal);
    second.abort();
    await world.ok(right);
    expect(await world.settle(waits)).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(phone.identity.accountSeed).toEqual(alice.identity.accountSeed);
  });

  it('is a registration that goes on no further', async () => {
    const { world, alice } = await newcomers();
    const wanted = new AbortController();
    const registered = alice.engine.register(registration(world), wanted.signal);
    await world.run(30);
    wanted.abort();
    expect(await world.settle(registered)).toMatchObject({ error: { code: 'CANCELLED' } });
    await world.run(30_000);
    expect(await alice.engine.status()).toMatchObject({ account: undefined, server: { state: 'signed-out' } });
  });
});

async function newcomers() {
  const world = await EngineWorld.start();
  const [alice, phone] = [world.peer('alice'), world.peer('phone')];
  for (const peer of [alice, phone]) await world.settle(peer.start());
  return { world, alice, phone };
}

function registration(world: EngineWorld) {
  const server = world.sim.server.address;
  return { server, trustFirst: false, name: 'alice', displayName: 'Alice', password: PASSWORD };
}

function login(world: EngineWorld, peer: TestPeer, input: Partial<LoginInput>, signal?: AbortSignal) {
  const server = world.sim.server.address;
  const given = { server, trustFirst: false, account: 'alice', label: peer.name, password: PASSWORD };
  return peer.engine.login({ ...given, ...input }, signal);
}
