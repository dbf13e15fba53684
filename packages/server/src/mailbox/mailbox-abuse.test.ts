import type { Frame } from '@magpie/common/frames/frame.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { ENVELOPE_BYTES_MAX } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { MAIL_SLOTS_PER_FRIEND_DEVICE } from '../limits.ts';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';
import { friendsWithMail, mailId, publishKey, pushed, putOf, readAll, texts } from './test-mail.ts';

const NOBODY = 'ee'.repeat(16) as DeviceId;

describe('a friend who fills a mailbox (SV112)', () => {
  it('[SV112] hears `mailbox-full` at its own share, and others still have room', async () => {
    const world = await TestWorld.start({ mailMessagesPerSender: 3, mailMessagesPerDevice: 5 });
    const [alice, bob] = await friendsWithMail(world);
    const [carol, dora] = [await world.register('carol'), await world.register('dora')];
    for (const friend of [carol, dora]) await world.befriend(friend, bob);
    const put = (from: TestClient, id: number) => from.request(putOf(bob.device.id, id));
    for (let i = 1; i <= 3; i++) expect(await put(alice, i)).toMatchObject({ type: 'mail-stored' });
    expect(await put(alice, 4)).toMatchObject({ type: 'refused', code: 'mailbox-full' });
    for (let i = 1; i <= 2; i++) expect(await put(carol, i)).toMatchObject({ type: 'mail-stored' });
    expect(await put(dora, 1)).toMatchObject({ type: 'refused', code: 'mailbox-full' });
    const [first] = await readAll(bob);
    await bob.request({ type: 'mail-ack', upTo: first!.position });
    expect(await put(dora, 1)).toMatchObject({ type: 'mail-stored' });
    expect(world.server.stats()).toMatchObject({ mailsPut: 6, mailsRefused: 2 });
  });

  it('[SV112] counts bytes as well', async () => {
    const world = await TestWorld.start({ mailBytesPerSender: 100 });
    const [alice, bob] = await friendsWithMail(world);
    const put = (id: number, bytes: number) => putOf(bob.device.id, id, '', { envelope: new Uint8Array(bytes) });
    expect(await alice.request(put(1, 60))).toMatchObject({ type: 'mail-stored' });
    expect(await alice.refusal(put(2, 41))).toBe('mailbox-full');
    expect(await alice.request(put(3, 40))).toMatchObject({ type: 'mail-stored' });
    expect(await alice.request(put(1, 60))).toMatchObject({ type: 'mail-stored' });
  });

  it('[SV112] has few slots, outside the quota, and replaces them without end', async () => {
    const world = await TestWorld.start({ mailMessagesPerSender: 1 });
    const [alice, bob] = await friendsWithMail(world);
    const slot = (id: number, text = 'slot') => putOf(bob.device.id, id, text, { kind: 'slot' });
    await alice.request(putOf(bob.device.id, 100, 'message'));
    for (let i = 1; i <= MAIL_SLOTS_PER_FRIEND_DEVICE; i++) {
      expect(await alice.request(slot(i))).toMatchObject({ type: 'mail-stored' });
    }
    expect(await alice.refusal(slot(50))).toBe('mailbox-full');
    for (let i = 0; i < 40; i++) expect(await alice.request(slot(1, `${i}`))).toMatchObject({ type: 'mail-stored' });
    expect(texts(await readAll(bob))).toEqual(['message', 'slot', '39']);
    expect((await world.server.counts()).mails).toBe(1 + MAIL_SLOTS_PER_FRIEND_DEVICE);
  });

  it('[SV111] that repeats one mail for ever takes one place', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 0; i < 100; i++) {
      await alice.request(putOf(bob.device.id, 1));
      await world.advance(10);
    }
    expect(await readAll(bob)).toHaveLength(1);
  });

  it('[SV111] is told to wait over so many mails a minute', async () => {
    const world = await TestWorld.start({ mailPutsPerMinute: 5 });
    const [alice, bob] = await friendsWithMail(world);
    for (let i = 1; i <= 5; i++) await alice.request(putOf(bob.device.id, i));
    const refused = await alice.request(putOf(bob.device.id, 6));
    expect(refused).toMatchObject({ code: 'rate-limited', retryAfterMs: 12_000 });
    await world.advance(12_000);
    expect(await alice.request(putOf(bob.device.id, 6))).toMatchObject({ type: 'mail-stored' });
  });
});

describe('who may put (SV111)', () => {
  it('[SV111] answers alike for a stranger, online or not, an unknown device, an asker and the own device', async () => {
    const world = await TestWorld.start();
    const [alice] = await friendsWithMail(world);
    const [carol, dora, erin] = [
      await world.register('carol'),
      await world.register('dora'),
      await world.register('erin'),
    ];
    for (const stranger of [carol, dora, erin, alice]) await publishKey(stranger);
    dora.wire.drop();
    await erin.request({ type: 'friend-add', account: alice.account, text: 'please' });
    for (const stranger of [carol, erin]) await readAll(stranger);
    const answers: Frame[] = [];
    for (const to of [carol.device.id, dora.device.id, erin.device.id, NOBODY, alice.device.id]) {
      answers.push(await alice.request(putOf(to, 1)));
    }
    const wanted = { type: 'refused', code: 'not-friends', detail: '', retryAfterMs: 0 };
    expect(answers.map((answer) => ({ ...answer, requestId: 0 }))).toEqual(Array(5).fill({ ...wanted, requestId: 0 }));
    expect([...pushed(carol), ...pushed(erin)]).toEqual([]);
    expect((await world.server.counts()).mails).toBe(0);
  });

  it('[SV111] gives the keys of nobody but friends, and says no more of a stranger than of nobody', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const carol = await world.register('carol');
    await publishKey(carol);
    const answers: Frame[] = [];
    for (const account of [carol.account, 99_999 as never]) {
      answers.push({ ...(await alice.request({ type: 'mail-keys-get', account })), requestId: 0 } as Frame);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ type: 'refused', code: 'not-friends' });
  });

  it.each(['friend-remove', 'block'] as const)('[SV111] ends with %s, at once', async (type) => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await publishKey(alice);
    for (const client of [alice, bob]) await readAll(client);
    await alice.request(putOf(bob.device.id, 1));
    expect(pushed(bob)).toEqual(['mail 1']);
    await bob.request({ type, account: alice.account });
    expect(await alice.refusal(putOf(bob.device.id, 2))).toBe('not-friends');
    expect(await bob.refusal(putOf(alice.device.id, 3))).toBe('not-friends');
    expect(await alice.refusal({ type: 'mail-keys-get', account: bob.account })).toBe('not-friends');
    expect([...pushed(alice), ...pushed(bob)]).toEqual([]);
  });

  it('[SV35] tells a block from a removal by no byte', async () => {
    const told: unknown[] = [];
    for (const type of ['friend-remove', 'block'] as const) {
      const world = await TestWorld.start({ mailMessagesPerSender: 2 });
      const [alice, bob] = await friendsWithMail(world);
      for (let i = 1; i <= 3; i++) await alice.request(putOf(bob.device.id, i));
      await bob.request({ type, account: alice.account });
      await settle();
      const heard: Frame[] = [];
      for (const more of [{}, { step: 9 }, { kind: 'slot' as const }, { to: NOBODY }]) {
        heard.push(await alice.request(putOf(bob.device.id, 1, 'after', more)));
      }
      heard.push(await alice.request({ type: 'mail-keys-get', account: bob.account }));
      heard.push(await alice.request({ type: 'mail-get', after: 0 }));
      await bob.request({ type: 'mail-key-set', generation: 2, step: 0, key: Uint8Array.of(2) });
      await readAll(bob);
      await world.advance(5_000);
      told.push([...heard, ...alice.received]);
    }
    expect(told[1]).toEqual(told[0]);
  });
});

describe('large mails (SV7)', () => {
  it('[SV7] come at the byte rate: the server stops reading, never closes, and takes them all', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    await readAll(bob);
    const count = 24;
    const envelope = new Uint8Array(ENVELOPE_BYTES_MAX).fill(7);
    for (let i = 1; i <= count; i++) {
      alice.send({ ...putOf(bob.device.id, i, '', { envelope }), requestId: (500 + i) as never });
    }
    await settle();
    expect(alice.wire.paused).toBe(true);
    expect(alice.take('mail-stored').length).toBeLessThan(count / 2);
    await world.advance(8_000);
    expect(world.server.stats().mailsPut).toBe(count);
    expect([alice.closed, bob.closed, alice.wire.paused]).toEqual([false, false, false]);
    expect(bob.take('mail').flatMap(({ entries }) => entries)).toHaveLength(count);
  });

  it('[SV3] over the size of an envelope close the connection', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    const envelope = new Uint8Array(ENVELOPE_BYTES_MAX + 1);
    alice.send({ ...putOf(bob.device.id, 1, '', { envelope }), requestId: 500 as never });
    await settle();
    expect(alice.closeCode).toMatch(/^(malformed|too-large)$/);
    expect((await world.server.counts()).mails).toBe(0);
  });
});

describe('a reader that takes nothing (SV113)', () => {
  it('[SV113] has no more pages read for it than it may be sent, however many it asks for', async () => {
    const world = await TestWorld.start({ writeQueueSoftBytes: 200_000 });
    const [alice, bob] = await friendsWithMail(world);
    const envelope = new Uint8Array(60_000);
    for (let i = 1; i <= 6; i++) await alice.request(putOf(bob.device.id, i, '', { envelope }));
    let reads = 0;
    const { mailAfter } = world.store;
    world.store.mailAfter = (...args) => {
      reads += 1;
      return mailAfter.apply(world.store, args);
    };
    bob.wire.stalled = true;
    for (let i = 0; i < 25; i++) bob.send({ type: 'mail-get', after: 0, requestId: (500 + i) as never });
    await world.advance(5_000);
    expect([reads, bob.closed]).toEqual([2, false]);
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await world.advance(5_000);
    expect([reads, bob.take('mail').length]).toEqual([25, 25]);
  });
});

describe('an older session (SV5)', () => {
  it('[SV5] changes nothing by what it sent before it was replaced and is served after that', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await friendsWithMail(world);
    // The new login has its epoch, but the directory does not know it yet.
    await world.store.resumeSession(alice.device.exchange.publicKey, world.clock.wallNow());
    expect(await alice.refusal(putOf(bob.device.id, 1))).toBe('stale-epoch');
    expect(await alice.refusal({ type: 'mail-ack', upTo: 0 })).toBe('stale-epoch');
    const key = Uint8Array.of(1);
    expect(await alice.refusal({ type: 'mail-key-set', generation: 1, step: 0, key })).toBe('stale-epoch');
    expect((await world.server.counts()).mails).toBe(0);
  });
});

describe('logs and counts', () => {
  it('hold no envelope, id or key, also when everything fails', async () => {
    const lines: unknown[] = [];
    const note = (...line: unknown[]): void => void lines.push(line);
    const world = await TestWorld.start({}, {}, { error: note, warn: note, info: note, debug: note });
    const [alice, bob] = await friendsWithMail(world);
    await alice.request(putOf(bob.device.id, 0xabcdef, 'an envelope'));
    const failed = () => Promise.reject(new Error('disk full'));
    Object.assign(world.store, { appendMail: failed, mailAfter: failed, ackMail: failed, expireMail: failed });
    await alice.refusal(putOf(bob.device.id, 0xabcdef, 'an envelope'));
    await bob.refusal({ type: 'mail-get', after: 0 });
    await bob.refusal({ type: 'mail-ack', upTo: 1 });
    await world.advance(70_000);
    const written = JSON.stringify([lines, world.server.stats()]);
    expect(written).toContain('disk full');
    for (const secret of ['an envelope', mailId(0xabcdef), alice.device.id, bob.device.id]) {
      expect(written).not.toContain(secret);
    }
  });
});
