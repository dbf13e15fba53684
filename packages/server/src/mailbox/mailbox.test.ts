import type { DeviceId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';
import type { MemoryStore } from '../store/memory-store.ts';
import { again, friendsWithMail, page, publishKey, pushed, putOf, readAll, texts } from './test-mail.ts';

const DAY_MS = 86_400_000;

describe('a mail for somebody who is away (SV111)', () => {
  it('[SV111] is kept for its device and named with its sender, time and position', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    bob.wire.drop();
    await settle();
    const now = world.clock.wallNow();
    const stored = await alice.request(putOf(bob.device.id, 1, 'one'));
    expect(stored).toMatchObject({ type: 'mail-stored', expiresWallMs: now + 14 * DAY_MS });
    await alice.request(putOf(bob.device.id, 2, 'two'));
    const entries = await readAll(await again(world, bob));
    expect(texts(entries)).toEqual(['one', 'two']);
    expect(entries[0]).toMatchObject({ fromAccount: alice.account, from: alice.device.id, atWallMs: now });
    expect(entries[1]!.position).toBeGreaterThan(entries[0]!.position);
  });

  it('[SV111] takes the place of an older one with the same id, at the end of the log', async () => {
    const world = await TestWorld.start({ mailMessagesPerSender: 2 });
    const [alice, bob] = await friendsWithMail(world);
    await alice.request(putOf(bob.device.id, 1, 'one'));
    await alice.request(putOf(bob.device.id, 2, 'two'));
    for (let i = 0; i < 5; i++) {
      expect(await alice.request(putOf(bob.device.id, 1, `again ${i}`))).toMatchObject({ type: 'mail-stored' });
    }
    expect(texts(await readAll(bob))).toEqual(['two', 'again 4']);
  });

  it('[SV111] is answered only when it is durable', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const release = holdAppends(world.store);
    alice.send({ ...putOf(bob.device.id, 1), requestId: 500 as never });
    await world.advance(10_000);
    expect(alice.take('mail-stored')).toEqual([]);
    release();
    await settle();
    expect(alice.take('mail-stored')).toMatchObject([{ requestId: 500 }]);
  });

  it('[SV111] whose key is not the published one is refused, and so is one without a key', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    expect(await alice.refusal(putOf(bob.device.id, 1))).toBe('no-mail-key');
    await publishKey(bob, 1, 3);
    expect(await alice.refusal(putOf(bob.device.id, 1, 'x', { step: 2 }))).toBe('stale-mail-key');
    expect(await alice.refusal(putOf(bob.device.id, 1, 'x', { generation: 2, step: 3 }))).toBe('stale-mail-key');
    expect(await alice.request(putOf(bob.device.id, 1, 'x', { step: 3 }))).toMatchObject({ type: 'mail-stored' });
    expect(texts(await readAll(bob))).toEqual(['x']);
  });

  it('[SV111] that the store cannot keep is refused, and the connection goes on', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const { appendMail } = world.store;
    world.store.appendMail = () => Promise.reject(new Error('disk full'));
    expect(await alice.refusal(putOf(bob.device.id, 1))).toBe('internal');
    world.store.appendMail = appendMail;
    expect(await alice.request(putOf(bob.device.id, 1))).toMatchObject({ type: 'mail-stored' });
    expect(world.server.stats()).toMatchObject({ mailsPut: 1, mailsPushed: 0 });
  });

  it('[SV119] shares the sync with those that come with it, and holds up nothing behind it', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await readAll(bob);
    const release = holdAppends(world.store);
    for (let i = 1; i <= 30; i++) alice.send({ ...putOf(bob.device.id, i), requestId: (500 + i) as never });
    expect((await alice.request({ type: 'presence-set', status: 'busy', text: '' })).type).toBe('done');
    expect(pushed(bob)).toHaveLength(30);
    release();
    await settle();
    const stored = alice.take('mail-stored').map(({ requestId }) => Number(requestId));
    expect(stored.toSorted((a, b) => a - b)).toEqual(upTo(30).map((i) => 500 + i));
  });

  it('[SV119] waits its turn behind 64 that wait for the disk', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    let called = 0;
    const release = holdAppends(world.store, () => called++);
    for (let i = 1; i <= 90; i++) alice.send({ ...putOf(bob.device.id, i), requestId: (500 + i) as never });
    await settle();
    expect(called).toBe(64);
    release();
    await world.advance(1_000);
    expect([called, alice.take('mail-stored').length]).toEqual([90, 90]);
  });
});

describe('a mail for somebody who is here (SV114)', () => {
  it('[SV114] is pushed before it is durable, once its device has read its log to the end', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    holdAppends(world.store);
    alice.send({ ...putOf(bob.device.id, 1), requestId: 500 as never });
    await settle();
    expect(pushed(bob)).toEqual([]);
    const [entries] = [await page(bob)];
    expect(entries).toMatchObject({ last: true, entries: [] });
    alice.send({ ...putOf(bob.device.id, 2), requestId: 501 as never });
    await settle();
    expect(pushed(bob)).toEqual(['mail 1', 'mail 2']);
    expect(alice.take('mail-stored')).toEqual([]);
    expect(world.server.stats()).toMatchObject({ mailsPushed: 2, mailsPut: 0 });
  });

  it('[SV114] goes to that device and no other, to the own other devices too', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const second = await secondDevice(world, alice);
    await publishKey(second);
    for (const client of [alice, bob, second]) await readAll(client);
    expect(await alice.request(putOf(second.device.id, 1, 'copy'))).toMatchObject({ type: 'mail-stored' });
    expect(await bob.request(putOf(second.device.id, 2, 'from bob'))).toMatchObject({ type: 'mail-stored' });
    expect([pushed(second), pushed(alice), pushed(bob)]).toEqual([['copy', 'from bob'], [], []]);
  });

  it('[SV114] comes exactly once when it crosses the reading of a page', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 1; i <= 3; i++) await alice.request(putOf(bob.device.id, i));
    const { mailAfter } = world.store;
    let release: () => void = () => {};
    world.store.mailAfter = async (...args) => {
      const read = await mailAfter.apply(world.store, args);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return read;
    };
    bob.send({ type: 'mail-get', after: 0, requestId: 500 as never });
    await settle();
    for (let i = 4; i <= 6; i++) await alice.request(putOf(bob.device.id, i));
    expect(bob.take('mail')).toEqual([]);
    release();
    await settle();
    expect(pushed(bob)).toEqual(upTo(6).map((i) => `mail ${i}`));
  });

  it('[SV114] is not sent to a connection that was replaced, but to the new one, from its first page on', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await readAll(bob);
    const next = await again(world, bob);
    await alice.request(putOf(bob.device.id, 1));
    expect([bob.closeCode, pushed(bob), pushed(next)]).toEqual(['replaced', [], []]);
    expect(texts(await readAll(next))).toEqual(['mail 1']);
    await alice.request(putOf(bob.device.id, 2));
    expect(pushed(next)).toEqual(['mail 2']);
  });

  it('[SV115] waits for a reader that takes nothing: one empty push, then pages', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 150_000 });
    const [alice, bob] = await friendsWithMail(world);
    await readAll(bob);
    bob.wire.stalled = true;
    const envelope = new Uint8Array(60_000).fill(65);
    for (let i = 1; i <= 6; i++) {
      expect(await alice.request(putOf(bob.device.id, i, '', { envelope }))).toMatchObject({ type: 'mail-stored' });
    }
    bob.send({ type: 'mail-get', after: 0, requestId: 500 as never });
    await settle();
    expect(world.server.stats()).toMatchObject({ mailsPut: 6, mailsPushed: 2 });
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    const came = bob.take('mail');
    expect(came.map(({ requestId, last, entries }) => [requestId, last, entries.length])).toEqual([
      [0, true, 1],
      [0, true, 1],
      [0, false, 0],
      [500, false, 3],
    ]);
    const rest = await readAll(bob, came.at(-1)!.entries.at(-1)!.position);
    expect(rest).toHaveLength(3);
    expect(bob.closed).toBe(false);
  });
});

describe('pages of a log (SV113)', () => {
  it('[SV113] hold 64 mails and 192 KiB at most, but always one', async () => {
    const world = await TestWorld.start({ controlBytesPerSecond: 2 ** 30, framesPerSecond: 10_000 });
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 1; i <= 130; i++) await alice.request(putOf(bob.device.id, i));
    const pages = [await page(bob)];
    while (!pages.at(-1)!.last) pages.push(await page(bob, pages.at(-1)!.entries.at(-1)!.position));
    expect(pages.map(({ entries }) => entries.length)).toEqual([64, 64, 2]);
    const large = new Uint8Array(67_000);
    for (let i = 1; i <= 4; i++) await alice.request(putOf(bob.device.id, 200 + i, '', { envelope: large }));
    const { position } = pages.at(-1)!.entries.at(-1)!;
    expect((await page(bob, position)).entries).toHaveLength(2);
  });

  it('[SV113] are refused over the budget of the account', async () => {
    const world = await TestWorld.start({ mailReadsPerMinute: 3 });
    const [, bob] = await friendsWithMail(world);
    for (let i = 0; i < 3; i++) await page(bob);
    const refused = await bob.request({ type: 'mail-get', after: 0 });
    expect(refused).toMatchObject({ type: 'refused', code: 'rate-limited' });
    await world.advance(20_000);
    expect((await page(bob)).last).toBe(true);
  });

  it('[SV113] that cannot be read are refused, and nothing is pushed until one was', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await readAll(bob);
    const { mailAfter } = world.store;
    world.store.mailAfter = () => Promise.reject(new Error('overloaded'));
    expect(await bob.refusal({ type: 'mail-get', after: 0 })).toBe('internal');
    world.store.mailAfter = mailAfter;
    await alice.request(putOf(bob.device.id, 1));
    expect(pushed(bob)).toEqual([]);
    expect(texts(await readAll(bob))).toEqual(['mail 1']);
  });
});

describe('what a client has (SV116)', () => {
  it('[SV116] goes with its acknowledgement, and the oldest key still needed is told', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await alice.request(putOf(bob.device.id, 1));
    await publishKey(bob, 1, 1);
    await alice.request(putOf(bob.device.id, 2, 'two', { step: 1 }));
    const [first, second] = await readAll(bob);
    const acked = (upTo: number) => bob.request({ type: 'mail-ack', upTo });
    expect(await acked(0)).toMatchObject({ type: 'mail-acked', left: 2, generation: 1, step: 0 });
    expect(await acked(first!.position)).toMatchObject({ left: 1, generation: 1, step: 1 });
    expect(texts(await readAll(bob))).toEqual(['two']);
    expect(await acked(second!.position)).toMatchObject({ left: 0, generation: 0, step: 0 });
    expect(await readAll(await again(world, bob))).toEqual([]);
  });

  it('[SV116] is never more than it was sent, whatever it says', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await alice.request(putOf(bob.device.id, 1));
    expect(await bob.request({ type: 'mail-ack', upTo: 2 ** 52 })).toMatchObject({ left: 1 });
    await readAll(bob);
    bob.wire.stalled = true;
    await alice.request(putOf(bob.device.id, 2));
    bob.wire.drop();
    const next = await again(world, bob);
    expect(await next.request({ type: 'mail-ack', upTo: 2 ** 52 })).toMatchObject({ left: 2 });
    expect(texts(await readAll(next))).toEqual(['mail 1', 'mail 2']);
    expect(await next.request({ type: 'mail-ack', upTo: 2 ** 52 })).toMatchObject({ left: 0 });
    await alice.request(putOf(bob.device.id, 3));
    expect(pushed(next)).toEqual(['mail 3']);
    expect(texts(await readAll(await again(world, bob)))).toEqual(['mail 3']);
  });

  it('[SV116] is written once for all that is acknowledged meanwhile', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 1; i <= 20; i++) await alice.request(putOf(bob.device.id, i));
    const entries = await readAll(bob);
    const { ackMail } = world.store;
    const calls: number[] = [];
    const waiting: (() => void)[] = [];
    world.store.ackMail = async (by, upToPosition) => {
      calls.push(upToPosition);
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return ackMail.call(world.store, by, upToPosition);
    };
    for (const [i, { position }] of entries.entries()) {
      bob.send({ type: 'mail-ack', upTo: position, requestId: (500 + i) as never });
    }
    await settle();
    expect(calls).toEqual([entries[0]!.position]);
    for (let i = 0; i < 3; i++) {
      waiting.shift()?.();
      await settle();
    }
    expect(calls).toEqual([entries[0]!.position, entries.at(-1)!.position]);
    expect(bob.take('mail-acked').map(({ requestId, left }) => [requestId, left])).toEqual(
      upTo(20).map((i) => [499 + i, i === 1 ? 19 : 0]),
    );
  });
});

it('[SV122] tells every login which mailboxes these are', async () => {
  const world = await TestWorld.start();
  const alice = await world.register('alice');
  const id = await world.store.mailboxId();
  expect(alice.welcome!.mailboxId).toEqual(id);
  expect((await again(world, alice)).welcome!.mailboxId).toEqual(id);
});

describe('mails whose time is over (SV120)', () => {
  it('[SV120] are sent no more, make room within an hour, and the same mail may be put again', async () => {
    const world = await TestWorld.start({ mailDays: 1, mailMessagesPerSender: 3 });
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 1; i <= 3; i++) await alice.request(putOf(bob.device.id, i));
    expect(await alice.refusal(putOf(bob.device.id, 4))).toBe('mailbox-full');
    for (const client of [alice, bob]) client.wire.drop();
    await world.advance(DAY_MS + 1);
    const [a, b] = [await again(world, alice), await again(world, bob)];
    expect(await readAll(b)).toEqual([]);
    a.wire.drop();
    await world.advance(3_600_000);
    expect((await world.server.counts()).mails).toBe(0);
    expect(await (await again(world, alice)).request(putOf(bob.device.id, 1))).toMatchObject({ type: 'mail-stored' });
  });

  it('[SV120] are swept in batches, and again an hour after a sweep that failed, until the server stops', async () => {
    const world = await TestWorld.start();
    const left = [256, 3, 0];
    const times: number[] = [];
    world.store.expireMail = async () => {
      times.push(world.clock.now());
      if (left.length === 0) throw new Error('overloaded');
      return left.shift()!;
    };
    await world.advance(60_000);
    expect(times).toHaveLength(3);
    await world.advance(2 * 3_600_000);
    expect(times).toHaveLength(5);
    const stopped = world.server.stop();
    await world.advance(5_000);
    await stopped;
    await world.advance(5 * 3_600_000);
    expect(times).toHaveLength(5);
  });

  it('[SV120] goes with its device when that is revoked', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const second = await secondDevice(world, bob);
    await publishKey(second);
    await alice.request(putOf(second.device.id, 1));
    expect((await world.server.counts()).mails).toBe(1);
    await bob.request({ type: 'device-list-set', deviceList: bob.device.list([bob.device], 3) });
    await settle();
    expect(await alice.refusal(putOf(second.device.id, 2))).toBe('not-friends');
    expect(second.closeCode).toBe('revoked');
    await world.advance(3_700_000);
    expect((await world.server.counts()).mails).toBe(0);
  });
});

describe('mailbox keys (SV117)', () => {
  it('[SV117] are given to friends and own devices: of each active device that has one', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const second = await secondDevice(world, bob);
    const keys = (client: TestClient) => client.request({ type: 'mail-keys-get', account: bob.account });
    const first = { device: bob.device.id, key: Uint8Array.of(1, 0, 7) };
    expect(await keys(alice)).toMatchObject({ type: 'mail-keys', account: bob.account, entries: [first] });
    await publishKey(second, 1, 4);
    for (const client of [alice, bob, second]) {
      const answer = await keys(client);
      expect(answer.type === 'mail-keys' && new Set(answer.entries.map(({ device }) => device))).toEqual(
        new Set<DeviceId>([bob.device.id, second.device.id]),
      );
    }
  });

  it('[SV117] never go back, and the same one again is no change and costs none', async () => {
    const world = await TestWorld.start({ mailKeyChangesPerHour: 3 });
    const bob = await world.register('bob');
    await publishKey(bob, 2, 5);
    for (let i = 0; i < 10; i++) await publishKey(bob, 2, 5);
    const set = (generation: number, step: number) =>
      bob.refusal({ type: 'mail-key-set', generation, step, key: Uint8Array.of(1) });
    expect([await set(2, 4), await set(1, 9)]).toEqual(['stale-mail-key', 'stale-mail-key']);
    expect(await set(2, 6)).toBe('rate-limited');
    await publishKey(bob, 2, 5);
    await world.advance(25 * 60_000);
    const later = await again(world, bob);
    await publishKey(later, 3, 0);
  });

  it('[SV117] of no length are refused', async () => {
    const world = await TestWorld.start();
    const bob = await world.register('bob');
    const key = new Uint8Array(0);
    expect(await bob.refusal({ type: 'mail-key-set', generation: 1, step: 0, key })).toBe('malformed');
  });
});

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** Appends are not answered until the test says so. */
function holdAppends(store: MemoryStore, called: () => void = () => {}): () => void {
  const { appendMail } = store;
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.appendMail = async (...args) => {
    called();
    await released;
    return appendMail.apply(store, args);
  };
  return release;
}

/** Another device of the same account, logged in. */
async function secondDevice(world: TestWorld, first: TestClient): Promise<TestClient> {
  const device = world.newDevice(first.device.accountKey);
  const client = world.connect(device);
  const name = first.welcome!.name;
  const list = first.device.list([first.device, device], 2);
  const answer = await client.login(name, undefined, list);
  if (answer.type !== 'welcome') throw new Error(`no second device: ${JSON.stringify(answer)}`);
  await settle();
  return client;
}
