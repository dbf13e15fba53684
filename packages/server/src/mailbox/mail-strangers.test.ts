import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';
import { friendsWithMail, page, publishKey, pushed, putOf, readAll, texts } from './test-mail.ts';

describe('mail of somebody who may not put it (SV111, SV114)', () => {
  it('[SV114] is never pushed, also while its append waits and a page is read', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const carol = await world.register('carol');
    await bob.request({ type: 'block', account: alice.account });
    await readAll(bob);
    bob.received.length = 0;
    const release = holdAppends(world);
    carol.send({ ...putOf(bob.device.id, 1, 'stranger'), requestId: 501 as never });
    alice.send({ ...putOf(bob.device.id, 2, 'blocked'), requestId: 502 as never });
    await settle();
    const { entries, last } = await page(bob);
    expect([entries.length, last, pushed(bob)]).toEqual([0, true, []]);
    release();
    await settle();
    for (const client of [carol, alice])
      expect(client.take('refused').map(({ code }) => code)).toEqual(['not-friends']);
    expect(pushed(bob)).toEqual([]);
  });

  it('[SV114] that was put before its reader came holds up no page', async () => {
    const world = await TestWorld.start();
    const [, bob] = await friendsWithMail(world);
    const carol = await world.register('carol');
    bob.wire.drop();
    await settle();
    holdAppends(world);
    for (let i = 0; i < 4; i++) {
      const envelope = new Uint8Array(60_000);
      carol.send({ ...putOf(bob.device.id, i, '', { envelope }), requestId: (501 + i) as never });
    }
    await settle();
    const again = world.connect(bob.device);
    await again.resume();
    expect(await page(again)).toMatchObject({ entries: [], last: true });
    expect(pushed(again)).toEqual([]);
  });

  it('[SV116] is not stored before it may be pushed: nothing is acknowledged away that was never sent', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const carol = await world.register('carol');
    await readAll(bob);
    bob.received.length = 0;
    // Committed, but the directory has not heard of it.
    await world.store.friendAdd(await fenceOf(world, carol), bob.account, '', world.clock.wallNow());
    await world.store.friendAnswer(await fenceOf(world, bob), carol.account, true, world.clock.wallNow());
    const early = await carol.request(putOf(bob.device.id, 1, 'early'));
    expect(early).toMatchObject({ type: 'refused', code: 'busy', retryAfterMs: 2_000 });
    expect(await alice.request(putOf(bob.device.id, 2))).toMatchObject({ type: 'mail-stored' });
    expect(pushed(bob)).toEqual(['mail 2']);
    expect((await world.server.counts()).mails).toBe(1);
  });
});

describe('positions (SV110)', () => {
  it('[SV110] say nothing of what others put between two mails', async () => {
    const gaps: number[] = [];
    for (const others of [0, 3]) {
      const world = await TestWorld.start();
      const [alice, bob] = await friendsWithMail(world);
      const [carol, dora] = [await world.register('carol'), await world.register('dora')];
      await world.befriend(carol, dora);
      await publishKey(dora);
      await carol.request({ type: 'presence-set', status: 'offline', text: '' });
      await readAll(bob);
      await alice.request(putOf(bob.device.id, 1));
      await world.advance(7);
      for (let i = 0; i < others; i++) await carol.request(putOf(dora.device.id, i));
      await world.advance(7);
      await alice.request(putOf(bob.device.id, 2));
      const [first, second] = (await readAll(bob)).map(({ position }) => position);
      gaps.push(second! - first!);
    }
    expect(gaps).toEqual([14_000, 14_000]);
  });
});

describe('a disk that takes nothing (SV121)', () => {
  it('[SV121] lets no more than a bounded amount of mail wait; what is more hears `busy`, and logins go on', async () => {
    const world = await TestWorld.start({
      mailPutsPerMinute: 100_000,
      framesPerSecond: 100_000,
      framesBurst: 100_000,
      controlBytesPerSecond: 1e9,
      controlBytesBurst: 1e9,
    });
    const [alice, bob] = await friendsWithMail(world);
    const release = holdAppends(world);
    const second = await anotherDevice(world, [alice]);
    const devices = [alice, second, await anotherDevice(world, [alice, second])];
    const envelope = new Uint8Array(60_000);
    for (const client of devices) {
      for (let i = 0; i < 64; i++) {
        client.send({ ...putOf(bob.device.id, i, '', { envelope }), requestId: (1_000 + i) as never });
      }
      await settle();
    }
    const busy = devices.flatMap((client) => client.take('refused'));
    expect(busy).toHaveLength(3 * 64 - 130);
    expect(busy[0]).toMatchObject({ code: 'busy', retryAfterMs: 2_000 });
    const dora = await world.register('dora');
    await world.befriend(dora, bob);
    dora.send({ ...putOf(bob.device.id, 1, 'of another account'), requestId: 1_000 as never });
    await settle();
    expect(dora.take('refused')).toEqual([]);
    release();
    await world.advance(100);
    expect(dora.take('mail-stored')).toHaveLength(1);
    expect(devices.flatMap((client) => client.take('mail-stored'))).toHaveLength(130);
    expect(texts(await readAll(bob))).toContain('of another account');
    expect(await alice.request(putOf(bob.device.id, 500))).toMatchObject({ type: 'mail-stored' });
  });
});

/** Appends wait until what this returns is called. */
function holdAppends(world: TestWorld): () => void {
  const { appendMail } = world.store;
  const held: (() => void)[] = [];
  let holding = true;
  world.store.appendMail = async (...args) => {
    if (holding) await new Promise<void>((resolve) => void held.push(resolve));
    return appendMail.apply(world.store, args);
  };
  return () => {
    holding = false;
    for (const go of held.splice(0)) go();
  };
}

async function fenceOf(world: TestWorld, client: TestClient) {
  const { epoch } = (await world.store.deviceByExchangeKey(client.device.exchange.publicKey))!;
  return { account: client.account, device: client.device.id, epoch };
}

/** One more device of the account that has these. */
async function anotherDevice(world: TestWorld, known: readonly TestClient[]): Promise<TestClient> {
  const [first] = known;
  const device = world.newDevice(first!.device.accountKey);
  const list = first!.device.list([...known.map((client) => client.device), device], known.length + 1);
  const client = world.connect(device);
  const answer = await client.login(first!.welcome!.name, undefined, list);
  if (answer.type !== 'welcome') throw new Error(`no other device: ${JSON.stringify(answer)}`);
  await settle();
  return client;
}
