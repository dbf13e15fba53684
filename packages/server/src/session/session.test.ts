import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, TestWorld } from './test-world.ts';

describe('connection states (SV)', () => {
  it('[SV3] ends with a coded close on a frame that is not legal before login', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    client.send({ type: 'lookup', requestId: 1 as RequestId, account: 'bob' });
    await settle();
    expect(client.closeCode).toBe('out-of-state');
    expect(client.closed).toBe(true);
    expect(world.server.stats()).toMatchObject({ connections: 0, anonymous: 0 });
  });

  it('[SV3] ends with a coded close on a malformed frame, and nobody else notices', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.sendBytes(Uint8Array.of(0x14, 1, 2));
    await settle();
    expect(bob.closeCode).toBe('malformed');
    expect(alice.closed).toBe(false);
  });

  it('[SV3] refuses an unknown id below 0x40 and skips one from there on', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.sendBytes(Uint8Array.of(0x7f, 1, 2, 3));
    await settle();
    expect(alice.closed).toBe(false);
    alice.sendBytes(Uint8Array.of(0x3f));
    await settle();
    expect(alice.closeCode).toBe('malformed');
  });

  it('[SV3] refuses a frame that only the server may send', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.send({ type: 'done', requestId: 1 as RequestId });
    await settle();
    expect(alice.closeCode).toBe('out-of-state');
  });

  it('[SV3] refuses a frame over its size before login', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    client.sendBytes(new Uint8Array(5_000).fill(0x10));
    await settle();
    expect(client.closeCode).toBe('too-large');
  });

  it('[SV3] says nothing to bytes that are no handshake', async () => {
    const world = await TestWorld.start();
    const wire = world.dial();
    wire.clientWrite(Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'));
    await settle();
    expect(wire.closed).toBe(true);
    expect(wire.serverWrote).toEqual([]);
  });

  it('[SV2] refuses a second login while the first is being answered', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    client.send({ type: 'resume', requestId: 1 as RequestId });
    client.send({ type: 'resume', requestId: 2 as RequestId });
    await settle();
    expect(client.closeCode).toBe('out-of-state');
  });

  it('answers a ping before and after login', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    client.send({ type: 'ping', token: 7 });
    await settle();
    await client.register('alice');
    client.send({ type: 'ping', token: 8 });
    await settle();
    expect(client.take('pong').map((pong) => pong.token)).toEqual([7, 8]);
  });

  it('[SV10] closes a connection that does not log in', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    await world.advance(59_000);
    expect(client.closed).toBe(false);
    await world.advance(2_000);
    expect(client.closeCode).toBe('idle-timeout');
  });

  it('[SV10] closes a connection that does not even begin its handshake', async () => {
    const world = await TestWorld.start();
    const wire = world.dial();
    await world.advance(11_000);
    expect(wire.closed).toBe(true);
  });

  it('[SV10] takes only so many connections without a login from one source, and counts down when they end', async () => {
    const world = await TestWorld.start({ anonymousPerSourceMax: 3 });
    const wires = [world.dial('2001:db8::1'), world.dial('2001:db8::2'), world.dial('2001:db8::3')];
    expect(world.dial('2001:db8:0:0:ffff::1').closed).toBe(true);
    expect(world.dial('2001:db8:0:1::1').closed).toBe(false);
    wires[0]!.drop();
    await settle();
    expect(world.dial('2001:db8::4').closed).toBe(false);
  });

  it('[SV10] closes the oldest connection without a login when there are too many of them', async () => {
    const world = await TestWorld.start({ anonymousMax: 2 });
    const wires = [world.dial('192.0.2.1'), world.dial('192.0.2.2'), world.dial('192.0.2.3')];
    await settle();
    expect(wires.map((wire) => wire.closed)).toEqual([true, false, false]);
  });

  it('[SV10] makes handshakes over the rate wait, and drops them when the wait is too long', async () => {
    const world = await TestWorld.start({ handshakesPerSecond: 1, handshakeWaitMsMax: 1_000 });
    const first = world.connect();
    const second = world.connect();
    const third = world.connect();
    await settle();
    expect(first.wire.serverWrote).toHaveLength(1);
    expect([second.closed, third.closed]).toEqual([false, true]);
    expect(second.wire.serverWrote).toHaveLength(0);
    await world.advance(1_000);
    expect(second.wire.serverWrote).toHaveLength(1);
  });
});

describe('replay of handshake message 1 (R4)', () => {
  it('[SV4] changes nothing: the device stays online and its epoch stands', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const before = (await world.store.devicesOf(alice.account))[0];
    bob.received.length = 0;
    const replay = world.dial();
    for (const bytes of alice.wire.clientWrote.slice(0, 3)) replay.clientWrite(bytes);
    await settle();
    expect((await world.store.devicesOf(alice.account))[0]).toEqual(before);
    expect(bob.received).toEqual([]);
    expect(alice.closed).toBe(false);
    expect(await alice.request({ type: 'lookup', account: 'bob' })).toMatchObject({ type: 'account' });
    await world.advance(11_000);
    expect(replay.closed).toBe(true);
  });
});

describe('one session per device (R21)', () => {
  it('[SV5] closes the older connection as replaced, without a word to friends about it', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const again = world.connect(alice.device);
    await again.resume();
    await world.advance(2_000);
    expect(alice.closeCode).toBe('replaced');
    expect(again.welcome!.epoch).toBeGreaterThan(alice.welcome!.epoch);
    expect(bob.take('presence').flatMap((frame) => frame.entries)).toEqual([
      {
        account: alice.account,
        status: 'online',
        devices: [{ device: alice.device.id, epoch: again.welcome!.epoch }],
        text: '',
        lastSeenWallMs: 0,
      },
    ]);
    expect(world.server.stats().sessions).toBe(2);
  });

  it('[SV5] refuses what the replaced session still writes', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    // The device logs in elsewhere, and this process has not heard of it yet.
    await world.store.claimSession(alice.device.id, world.clock.wallNow());
    expect(await alice.refusal({ type: 'friend-add', account: bob.account, text: '' })).toBe('stale-epoch');
  });
});

describe('signs of life (R22)', () => {
  it('[SV6] pings after 15 s of silence and gives up after 25 s', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await world.advance(14_900);
    expect(alice.take('ping')).toHaveLength(0);
    await world.advance(600);
    expect(alice.take('ping')).toHaveLength(1);
    await world.advance(9_000);
    expect(alice.closed).toBe(false);
    await world.advance(1_000);
    expect(alice.closeCode).toBe('idle-timeout');
  });

  it('[SV6] keeps a client that answers', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    for (let i = 0; i < 20; i++) {
      await world.advance(10_000);
      alice.send({ type: 'pong', token: 0 });
    }
    await settle();
    expect(alice.closed).toBe(false);
  });
});

describe('rates and queues (R24)', () => {
  it('[SV7] stops reading over the frame rate, never closes, and loses nothing', async () => {
    const world = await TestWorld.start({ framesPerSecond: 10, framesBurst: 20 });
    const alice = await world.register('alice');
    for (let token = 1; token <= 50; token++) alice.send({ type: 'ping', token });
    await settle();
    const atOnce = alice.take('pong').length;
    expect(atOnce).toBeLessThanOrEqual(21);
    expect(alice.wire.paused).toBe(true);
    await world.advance(4_000);
    expect(atOnce + alice.take('pong').length).toBe(50);
    expect(alice.wire.paused).toBe(false);
    expect(alice.closed).toBe(false);
  });

  it('[SV7] stops reading over the byte rate', async () => {
    const world = await TestWorld.start({ relayBytesPerSecond: 10_000, relayBytesBurst: 20_000 });
    const [alice, bob] = await world.friends();
    for (let i = 0; i < 6; i++) alice.relay(bob.device.id, new Uint8Array(10_000));
    await settle();
    const atOnce = bob.take('relayed').length;
    expect(atOnce).toBeLessThanOrEqual(3);
    await world.advance(5_000);
    expect(atOnce + bob.take('relayed').length).toBe(6);
  });

  it('[SV8] answers requests in order, and reads no further while too many wait', async () => {
    const world = await TestWorld.start({ requestsPendingMax: 4 });
    const alice = await world.register('alice');
    for (let i = 100; i < 120; i++) alice.send({ type: 'roster-get', requestId: i as RequestId, since: 0 });
    await settle();
    expect(alice.take('roster').map((frame) => frame.requestId)).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
    expect(alice.wire.paused).toBe(false);
  });

  it('[SV8] lets pings and relay frames overtake a request that waits for the store', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    let answer: () => void = () => {};
    const roster = world.store.roster.bind(world.store);
    world.store.roster = async (account, since) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return roster(account, since);
    };
    alice.received.length = 0;
    alice.send({ type: 'roster-get', requestId: 99 as RequestId, since: 0 });
    alice.relay(bob.device.id, Uint8Array.of(1));
    alice.send({ type: 'ping', token: 5 });
    await settle();
    expect(bob.take('relayed')).toHaveLength(1);
    expect(alice.take('pong')).toHaveLength(1);
    expect(alice.take('roster')).toHaveLength(0);
    answer();
    await settle();
    expect(alice.take('roster')).toHaveLength(1);
  });

  it('[SV8] does not take a client for dead whose frames the server itself has not read', async () => {
    const world = await TestWorld.start({ requestsPendingMax: 1 });
    const alice = await world.register('alice');
    const waiting: (() => void)[] = [];
    const roster = world.store.roster.bind(world.store);
    world.store.roster = async (account, since) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return roster(account, since);
    };
    for (let i = 1; i <= 3; i++) alice.send({ type: 'roster-get', requestId: (50 + i) as RequestId, since: 0 });
    await world.advance(60_000);
    expect(alice.wire.paused).toBe(true);
    expect(alice.closed).toBe(false);
    for (let i = 0; i < 3; i++) {
      waiting.shift()?.();
      await settle();
    }
    expect(alice.take('roster')).toHaveLength(3);
  });

  it('[SV9] closes a reader that takes nothing for 30 s', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.wire.stalled = true;
    alice.relay(bob.device.id, new Uint8Array(1_000));
    for (let i = 0; i < 4; i++) {
      await world.advance(8_000);
      bob.send({ type: 'ping', token: i });
      alice.send({ type: 'ping', token: i });
    }
    bob.wire.stalled = false;
    bob.wire.deliverToClient();
    await settle();
    expect(bob.closeCode).toBe('slow-reader');
    expect(alice.closed).toBe(false);
  });

  it('[SV9] closes a reader whose write queue is full, and keeps the queue bounded', async () => {
    const world = await TestWorld.start({ writeQueueBytesMax: 64 * 1024 });
    const alice = await world.register('alice');
    alice.wire.stalled = true;
    for (let i = 0; i < 40; i++) await world.server.sendNotice('x'.repeat(4_000));
    await settle();
    expect(alice.wire.serverEnd.queuedBytes).toBeLessThan(80 * 1024);
    await world.advance(6_000);
    expect(alice.closed).toBe(true);
  });

  it('goes on when the store fails: only the request is refused', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const lookup = world.store.accountByName;
    world.store.accountByName = () => Promise.reject(new Error('disk full'));
    expect(await alice.refusal({ type: 'lookup', account: 'bob' })).toBe('internal');
    world.store.accountByName = lookup;
    expect(await alice.refusal({ type: 'lookup', account: 'bob' })).toBe('not-found');
  });
});

describe('the end', () => {
  it('[SV11] tells every client to come back later and ends', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const anonymous = world.connect();
    await settle();
    const stopped = world.server.stop();
    await world.server.stop();
    await stopped;
    const [close] = alice.take('close');
    expect(close?.code).toBe('shutting-down');
    expect(close?.retryAfterMs).toBeGreaterThanOrEqual(2_000);
    expect(close?.retryAfterMs).toBeLessThan(4_000);
    expect([alice.closed, anonymous.closed]).toEqual([true, true]);
  });

  it('forgets a connection that breaks while its request is with the store', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const again = world.connect(alice.device);
    again.sendBytes(encodeFrame({ type: 'resume', requestId: 1 as RequestId }));
    again.wire.drop();
    await settle();
    expect(world.server.stats()).toMatchObject({ connections: 1, anonymous: 0, sessions: 1 });
    expect(alice.account).toBe(10_001 as AccountNumber);
  });

  it('[SV70] sends a notice to everybody who is online', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    expect(await world.server.sendNotice('back at 20:00')).toMatchObject({ reached: 2 });
    await settle();
    expect([...alice.take('notice'), ...bob.take('notice')].map((notice) => notice.text)).toEqual([
      'back at 20:00',
      'back at 20:00',
    ]);
    await expect(world.server.sendNotice('')).rejects.toThrow(RangeError);
  });
});
