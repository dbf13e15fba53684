import type { Frame } from '@magpie/common/frames/frame.ts';
import { expect, it } from 'vitest';
import { settle, TestWorld } from '../session/test-world.ts';
import { again, friendsWithMail, page, publishKey, pushed, putOf, readAll, texts } from './test-mail.ts';

it('[SV118] gives a friend byte for byte what a mailbox without its device gives', async () => {
  const told: unknown[] = [];
  for (const how of ['offline', 'invisible'] as const) {
    const world = await TestWorld.start({ mailMessagesPerSender: 4, mailDays: 1 });
    const [bob, alice] = await friendsWithMail(world);
    await readAll(alice);
    await world.advance(10_000);
    bob.received.length = 0;
    if (how === 'offline') alice.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    else await alice.request({ type: 'presence-set', status: 'offline', text: '' });
    await settle();
    const heard: Frame[] = [];
    for (let i = 1; i <= 6; i++) {
      heard.push(await bob.request(putOf(alice.device.id, i)));
      heard.push(await bob.request(putOf(alice.device.id, 99, `${i}`, { kind: 'slot' })));
      if (how === 'offline') continue;
      // It does all that could tell on it.
      const { entries } = await page(alice);
      await alice.request({ type: 'mail-ack', upTo: entries.at(-1)!.position });
      await alice.request({ type: 'mail-key-set', generation: 1, step: i, key: Uint8Array.of(i) });
    }
    heard.push(await bob.request(putOf(alice.device.id, 7, 'x', { step: 1 })));
    heard.push(await bob.request({ type: 'mail-keys-get', account: alice.account }));
    heard.push(await bob.request({ type: 'introduce', to: alice.device.id, packet: new Uint8Array(4) }));
    bob.relay(alice.device.id, Uint8Array.of(1));
    await world.advance(10_000);
    told.push([heard, bob.received]);
  }
  expect(told[1]).toEqual(told[0]);
});

it('[SV118] answers a put after the same wait, the device here or not', async () => {
  const waits: unknown[] = [];
  for (const how of ['offline', 'invisible'] as const) {
    const world = await TestWorld.start();
    const [bob, alice] = await friendsWithMail(world);
    await readAll(alice);
    if (how === 'offline') alice.wire.drop();
    else await alice.request({ type: 'presence-set', status: 'offline', text: '' });
    await settle();
    let durable: () => void = () => {};
    const { appendMail } = world.store;
    world.store.appendMail = async (...args) => {
      await new Promise<void>((resolve) => {
        durable = resolve;
      });
      return appendMail.apply(world.store, args);
    };
    bob.send({ ...putOf(alice.device.id, 1), requestId: 500 as never });
    await world.advance(3_000);
    const before = bob.take('mail-stored').length;
    durable();
    await settle();
    waits.push([before, bob.take('mail-stored').length]);
  }
  expect(waits).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

it('[SV118] still brings the invisible one what comes, at once', async () => {
  const world = await TestWorld.start();
  const [bob, alice] = await friendsWithMail(world);
  await alice.request({ type: 'presence-set', status: 'offline', text: '' });
  await bob.request(putOf(alice.device.id, 1));
  expect(texts(await readAll(alice))).toEqual(['mail 1']);
  await bob.request(putOf(alice.device.id, 2));
  expect(pushed(alice)).toEqual(['mail 2']);
});

it('[SV118] takes acknowledgements and keys of a device again once it is visible', async () => {
  const world = await TestWorld.start();
  const [bob, alice] = await friendsWithMail(world);
  await alice.request({ type: 'presence-set', status: 'offline', text: '' });
  await bob.request(putOf(alice.device.id, 1));
  const [mail] = await readAll(alice);
  const ack = { type: 'mail-ack', upTo: mail!.position } as const;
  expect(await alice.refusal(ack)).toBe('out-of-state');
  const key = Uint8Array.of(2);
  expect(await alice.refusal({ type: 'mail-key-set', generation: 1, step: 1, key })).toBe('out-of-state');
  expect(await readAll(await again(world, alice))).toHaveLength(1);
  const visible = await again(world, alice);
  await visible.request({ type: 'presence-set', status: 'online', text: '' });
  await readAll(visible);
  expect(await visible.request(ack)).toMatchObject({ type: 'mail-acked', left: 0 });
  await publishKey(visible, 1, 1);
});
