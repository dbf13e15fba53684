import type { Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from './test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);

describe('the handshake gate (SV14)', () => {
  it('[SV14] keeps a share for sources with a login, whatever comes from elsewhere', async () => {
    const world = await TestWorld.start({ handshakesPerSecond: 10, handshakesPerSecondOfKnown: 5 });
    const alice = await world.register('alice', '198.51.100.7');
    await world.advance(2_000);
    let logins = 0;
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 100; i++) world.dial(`10.0.${second}.${i}`);
      const honest = world.connect(alice.device, '198.51.100.7');
      await settle();
      if (!honest.closed && codeOf(await honest.resume()) === 'welcome') logins += 1;
      const stranger = world.dial('203.0.113.9');
      await settle();
      expect(stranger.closed).toBe(true);
      await world.advance(1_000);
    }
    expect(logins).toBe(20);
  });

  it('[SV14] gives a known source no more than its share beside what is left for all', async () => {
    const world = await TestWorld.start({
      ...{ handshakesPerSecond: 10, handshakesPerSecondOfKnown: 5, handshakeWaitMsMax: 1 },
    });
    await world.register('alice', '198.51.100.7');
    await world.advance(2_000);
    const wires = Array.from({ length: 30 }, () => world.dial('198.51.100.7'));
    expect(wires.filter(({ closed }) => !closed)).toHaveLength(15);
  });

  it('[SV14] forgets a source after a day', async () => {
    const world = await TestWorld.start({
      ...{ handshakesPerSecond: 1, handshakesPerSecondOfKnown: 5, handshakeWaitMsMax: 1 },
    });
    const alice = await world.register('alice', '198.51.100.7');
    alice.wire.drop();
    await world.advance(86_400_001);
    const wires = [world.dial('198.51.100.7'), world.dial('198.51.100.7')];
    expect(wires.map(({ closed }) => closed)).toEqual([false, true]);
  });
});

describe('half-open connections (SV10)', () => {
  it('[SV10] leaves room for an honest login among 5,000 of them', async () => {
    const world = await TestWorld.start({ handshakesPerSecond: 1e6 });
    await world.register('alice');
    for (let i = 0; i < 5_000; i++) {
      const wire = world.dial(`10.${i % 250}.${i >> 8}.7`);
      // The beginning of a preamble, and no more.
      if (i % 2 === 0) wire.clientWrite(Uint8Array.of(0x4d, 0x47));
    }
    await settle();
    const { anonymous, connections } = world.server.stats();
    expect(anonymous).toBeLessThanOrEqual(2_000);
    expect(connections).toBeLessThanOrEqual(2_001);
    const bob = world.connect(undefined, '198.51.100.9');
    expect(codeOf(await bob.register('bob'))).toBe('welcome');
    await world.advance(11_000);
    expect(world.server.stats()).toMatchObject({ anonymous: 0, sessions: 2 });
  });
});

describe('a stop with a rate (SV15)', () => {
  it('[SV15] takes nobody in, and sends clients away bit by bit, each with a time of its own', async () => {
    const world = await TestWorld.start();
    const clients: TestClient[] = [];
    for (let i = 0; i < 40; i++) clients.push(await world.register(`user_${i}`, `192.0.2.${i}`));
    const anonymous = world.connect();
    await settle();
    const open = () => clients.filter(({ closed }) => !closed).length;
    let stopped = false;
    void world.server.stop(20).then(() => {
      stopped = true;
    });
    await settle();
    expect(anonymous.closeCode).toBe('shutting-down');
    expect(world.dial().closed).toBe(true);
    expect(open()).toBeGreaterThanOrEqual(37);
    expect(codeOf(await clients.at(-1)!.request({ type: 'lookup', account: 'user_0' }))).toBe('account');
    await world.advance(1_000);
    expect(open()).toBeGreaterThan(12);
    expect(open()).toBeLessThan(24);
    expect(stopped).toBe(false);
    await world.advance(1_200);
    expect(open()).toBe(0);
    await world.advance(2_000);
    expect(stopped).toBe(true);
    const waits = clients.flatMap((client) => client.take('close').map(({ retryAfterMs }) => retryAfterMs));
    expect(new Set(waits).size).toBeGreaterThan(20);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2_000);
  });

  it('[SV15] answers no login that comes while it drains', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.register('bob');
    const late = world.connect(alice.device);
    await settle();
    void world.server.stop(1);
    late.send({ type: 'resume', requestId: 1 as RequestId });
    await settle();
    expect(late.take('welcome')).toEqual([]);
    expect(late.closeCode).toBe('shutting-down');
  });

  it('[SV15] closes at once who only waits to be let in, and keeps also to a rate below one in a step', async () => {
    const world = await TestWorld.start();
    const clients: TestClient[] = [];
    for (let i = 0; i < 10; i++) clients.push(await world.register(`user_${i}`, `192.0.2.${i}`));
    const proved = world.connect();
    expect(codeOf(await proved.login('user_0'))).toBe('enroll-needed');
    void world.server.stop(2);
    await settle();
    expect(proved.closeCode).toBe('shutting-down');
    await world.advance(3_000);
    const gone = clients.filter(({ closed }) => closed).length;
    expect(gone).toBeGreaterThanOrEqual(5);
    expect(gone).toBeLessThanOrEqual(7);
    await world.advance(2_000);
    expect(clients.every(({ closed }) => closed)).toBe(true);
  });

  it('[SV15] tells friends who are still here what changes meanwhile', async () => {
    const world = await TestWorld.start();
    for (let i = 0; i < 30; i++) await world.register(`user_${i}`, `192.0.2.${i}`);
    const [alice, bob] = await world.friends();
    const [carol, dave] = await world.friends('carol', 'dave');
    await world.advance(3_000);
    await bob.request({ type: 'presence-set', status: 'away', text: '' });
    await bob.request({ type: 'presence-set', status: 'busy', text: 'soon gone' });
    for (const client of [alice, carol]) client.take('presence');
    void world.server.stop(1);
    dave.wire.drop();
    await world.advance(20_000);
    expect([alice.closed, carol.closed]).toEqual([false, false]);
    expect(alice.take('presence').at(-1)?.entries).toMatchObject([{ account: bob.account, text: 'soon gone' }]);
    expect(carol.take('presence').at(-1)?.entries).toMatchObject([{ account: dave.account, status: 'offline' }]);
  });

  it('[SV15] hurries when it is told to stop again', async () => {
    const world = await TestWorld.start();
    const clients = [];
    for (let i = 0; i < 10; i++) clients.push(await world.register(`user_${i}`));
    const first = world.server.stop(1);
    await settle();
    expect(clients.filter(({ closed }) => closed).length).toBeLessThan(3);
    const second = world.server.stop();
    await settle();
    expect(clients.every(({ closed }) => closed)).toBe(true);
    await Promise.all([first, second]);
  });
});

describe('counts of the server', () => {
  it('tell logins by kind and answer, and what the store holds', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.connect().login('alice', 'a wrong one 123');
    await world.connect().login('alice');
    await world.connect(alice.device).resume();
    expect(world.server.stats().logins).toMatchObject({
      register: { accepted: 1, refused: 0 },
      login: { accepted: 1, refused: 1 },
      resume: { accepted: 1, refused: 0 },
    });
    expect(await world.server.counts()).toMatchObject({ accounts: 1, devices: 1 });
    expect(world.server.limits.passwordGuessesPerNameBurst).toBe(10);
  });
});
