import { describe, expect, it } from 'vitest';
import { NOTICES_CAUGHT_UP_MAX } from '../limits.ts';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

describe('notices to those who are online (SV70)', () => {
  it('[SV70] reach every session at once, with rising ids, each once', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    expect(await world.server.sendNotice('maintenance at six')).toMatchObject({ reached: 2 });
    await world.server.sendNotice('back again');
    await settle();
    for (const client of [alice, bob]) {
      const notices = client.take('notice');
      expect(notices.map(({ text }) => text)).toEqual(['maintenance at six', 'back again']);
      expect(notices[1]!.id).toBeGreaterThan(notices[0]!.id);
    }
  });

  it('[SV70] refuses an empty one and one over the size', async () => {
    const world = await TestWorld.start();
    await expect(world.server.sendNotice('')).rejects.toThrow(RangeError);
    await expect(world.server.sendNotice('x'.repeat(4_097))).rejects.toThrow(RangeError);
  });
});

describe('notices to those who were away (SV71)', () => {
  it('[SV71] come after the next login, until they are acknowledged', async () => {
    const { world, alice } = await away();
    await world.server.sendNotice('one');
    await world.server.sendNotice('two');
    const [first, second] = [await again(world, alice), await again(world, alice)];
    const ids = first.take('notice').map(({ id }) => id);
    expect(texts(second)).toEqual(['one', 'two']);
    expect(await second.request({ type: 'notice-ack', upTo: ids[0]! })).toMatchObject({ type: 'done' });
    expect(texts(await again(world, alice))).toEqual(['two']);
    await second.request({ type: 'notice-ack', upTo: ids[1]! }).catch(() => undefined);
    const last = await again(world, alice);
    await last.request({ type: 'notice-ack', upTo: ids[1]! });
    expect(texts(await again(world, alice))).toEqual([]);
  });

  it('[SV71] are acknowledged for the account, whichever device did it', async () => {
    const { world, alice } = await away();
    const { id } = await world.server.sendNotice('one');
    const client = await again(world, alice);
    await client.request({ type: 'notice-ack', upTo: id });
    client.wire.drop();
    await world.advance(60_000);
    expect((await world.store.accountByNumber(alice.account))?.noticeAckedId).toBe(id);
    expect(texts(await again(world, alice))).toEqual([]);
  });

  it('[SV71] are the newest of them only', async () => {
    const { world, alice } = await away();
    for (let i = 1; i <= NOTICES_CAUGHT_UP_MAX + 5; i++) await world.server.sendNotice(`${i}`);
    expect(texts(await again(world, alice))).toEqual(
      Array.from({ length: NOTICES_CAUGHT_UP_MAX }, (_, i) => `${i + 6}`),
    );
  });

  it('[SV71] are none for an account that is younger', async () => {
    const world = await TestWorld.start();
    await world.server.sendNotice('before your time');
    const alice = await world.register('alice');
    await settle();
    expect(texts(alice)).toEqual([]);
  });

  it('[SV71] cost a login nothing when there is nothing new', async () => {
    const { world, alice } = await away();
    const { id } = await world.server.sendNotice('one');
    const client = await again(world, alice);
    await client.request({ type: 'notice-ack', upTo: id });
    let reads = 0;
    const { noticesAfter } = world.store;
    world.store.noticesAfter = (...args) => {
      reads += 1;
      return noticesAfter.apply(world.store, args);
    };
    world.store.latestNoticeId = () => Promise.reject(new Error('asked again'));
    await again(world, alice);
    expect(reads).toBe(0);
  });

  it('[SV71] come before a newer one, and none comes twice', async () => {
    const { world, alice } = await away();
    await world.server.sendNotice('one');
    const { noticesAfter } = world.store;
    let release: () => void = () => {};
    world.store.noticesAfter = async (...args) => {
      const read = await noticesAfter.apply(world.store, args);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return read;
    };
    const client = await again(world, alice);
    await world.server.sendNotice('two');
    await settle();
    expect(texts(client)).toEqual([]);
    release();
    await settle();
    release();
    await settle();
    expect(texts(client)).toEqual(['one', 'two']);
  });

  it('[SV71] come once, also to who logs in between the write and its announcement', async () => {
    const { world, alice } = await away();
    await world.server.sendNotice('zero');
    const { addNotice } = world.store;
    let release: () => void = () => {};
    world.store.addNotice = async (...args) => {
      const notice = await addNotice.apply(world.store, args);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return notice;
    };
    const sending = world.server.sendNotice('one');
    await settle();
    const client = await again(world, alice);
    release();
    await sending;
    await settle();
    expect(texts(client)).toEqual(['zero', 'one']);
  });

  it('[SV71] come with the next one when the store could not read them', async () => {
    const { world, alice } = await away();
    await world.server.sendNotice('one');
    const { noticesAfter } = world.store;
    world.store.noticesAfter = () => Promise.reject(new Error('overloaded'));
    const client = await again(world, alice);
    expect(texts(client)).toEqual([]);
    world.store.noticesAfter = noticesAfter;
    await world.server.sendNotice('two');
    await settle();
    expect(texts(client)).toEqual(['one', 'two']);
  });

  it('[SV71] cannot be acknowledged before they are made, and a repeated acknowledgement writes nothing', async () => {
    const { world, alice } = await away();
    await world.server.sendNotice('one');
    const client = await again(world, alice);
    const { ackNotices } = world.store;
    let writes = 0;
    world.store.ackNotices = (...args) => {
      writes += 1;
      return ackNotices.apply(world.store, args);
    };
    for (let i = 0; i < 50; i++) await client.request({ type: 'notice-ack', upTo: 2 ** 50 });
    expect(writes).toBe(1);
    client.wire.drop();
    await settle();
    await world.server.sendNotice('two');
    expect(texts(await again(world, alice))).toEqual(['two']);
  });
});

/** An account whose only device is away. */
async function away(): Promise<{ readonly world: TestWorld; readonly alice: TestClient }> {
  const world = await TestWorld.start();
  const alice = await world.register('alice');
  alice.wire.drop();
  await world.advance(60_000);
  return { world, alice };
}

async function again(world: TestWorld, client: TestClient): Promise<TestClient> {
  const next = world.connect(client.device);
  await next.resume();
  await settle();
  return next;
}

/** Texts of the notices that came; takes them. */
function texts(client: TestClient): string[] {
  return client.take('notice').map(({ text }) => text);
}
