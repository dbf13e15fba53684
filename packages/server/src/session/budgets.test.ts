import type { RequestId } from '@magpie/common/ids.ts';
import { FRAMES_MAX_BEFORE_LOGIN, RECORDS_MAX_BEFORE_LOGIN } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from './test-world.ts';

const skipped = Uint8Array.of(0x7f, 1, 2, 3);

describe('what a connection may send before its login (SV12)', () => {
  it('[SV12] closes after so many frames, those that it skips included', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    for (let i = 1; i < FRAMES_MAX_BEFORE_LOGIN; i++) client.sendBytes(skipped);
    await settle();
    expect(client.closed).toBe(false);
    expect((await client.register('alice')).type).toBe('welcome');
    const other = world.connect();
    for (let i = 0; i <= FRAMES_MAX_BEFORE_LOGIN; i++) other.link.sendFrame(skipped, world.clock.now());
    other.sendBytes(skipped);
    await settle();
    expect(other.closeCode).toBe('too-many');
  });

  it('[SV12] counts frames anew for nobody: a login that was refused gives none back', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    for (let i = 1; i <= FRAMES_MAX_BEFORE_LOGIN; i++) {
      expect(await client.refusal({ type: 'resume' })).toBe('unknown-device');
    }
    client.send({ type: 'resume', requestId: 999 as RequestId });
    await settle();
    expect(client.closeCode).toBe('too-many');
  });

  it('[SV12] closes after so many records without a frame', async () => {
    const world = await TestWorld.start();
    const client = world.connect();
    await settle();
    sendRekeys(client, RECORDS_MAX_BEFORE_LOGIN - 1);
    await settle();
    expect(client.closed).toBe(false);
    sendRekeys(client, 1);
    await settle();
    expect(client.closeCode).toBe('too-many');
  });
});

describe('records without a frame (SV7)', () => {
  it('[SV7] cost their own budget after login: the server stops reading and goes on later', async () => {
    const world = await TestWorld.start({ relayFramesPerSecond: 10, framesPerSecond: 10, framesBurst: 40 });
    const alice = await world.register('alice');
    sendRekeys(alice, 200);
    alice.send({ type: 'ping', token: 7 });
    await settle();
    expect(alice.wire.paused).toBe(true);
    expect(alice.take('pong')).toEqual([]);
    await world.advance(12_000);
    expect(alice.take('pong')).toMatchObject([{ token: 7 }]);
    expect([alice.wire.paused, alice.closed]).toEqual([false, false]);
  });

  it('[LK10] do not make a frame late whose rest the server itself has not read', async () => {
    // One record every 20 s: longer than a frame may take.
    const world = await TestWorld.start({ relayFramesPerSecond: 0.025, framesPerSecond: 0.025, framesBurst: 4 });
    const alice = await world.register('alice');
    alice.link.sendFrame(new Uint8Array(70_000).fill(0x7f), world.clock.now());
    const records = Array.from({ length: 5 }, () => alice.link.pollOutput()!);
    for (const record of records.slice(0, 3)) alice.wire.clientWrite(record);
    await settle();
    expect(alice.wire.paused).toBe(true);
    await world.advance(22_000);
    expect([alice.wire.paused, alice.closed]).toEqual([false, false]);
    for (const record of records.slice(3)) alice.wire.clientWrite(record);
    await world.advance(60_000);
    expect(alice.closed).toBe(false);
  });
});

describe('who may come in (SV10)', () => {
  it('[SV10] lets no source spend the handshakes of all by connections that are turned away', async () => {
    const world = await TestWorld.start({ anonymousPerSourceMax: 3, handshakesPerSecond: 10, handshakeWaitMsMax: 1 });
    for (let i = 0; i < 100; i++) world.dial('203.0.113.9');
    const other = world.connect(undefined, '192.0.2.77');
    await settle();
    expect(other.closed).toBe(false);
    expect(other.wire.serverWrote).toHaveLength(1);
  });

  it('[SV10] turns away what one source opens over its rate, and nobody else', async () => {
    const world = await TestWorld.start({ connectionsPerSourcePerSecond: 2, connectionsPerSourceBurst: 5 });
    const opened = Array.from({ length: 8 }, () => {
      const wire = world.dial('203.0.113.9');
      const { closed } = wire;
      wire.drop();
      return !closed;
    });
    expect(opened).toEqual([true, true, true, true, true, false, false, false]);
    expect(world.dial('192.0.2.77').closed).toBe(false);
    await world.advance(1_000);
    expect([1, 2, 3].map(() => world.dial('203.0.113.9').closed)).toEqual([false, false, true]);
  });

  it('[SV10] takes a class of 200 behind one address that reconnects at once, and once more', async () => {
    const world = await TestWorld.start();
    for (let round = 0; round < 2; round++) {
      const wires = Array.from({ length: 200 }, () => world.dial('203.0.113.9'));
      expect(wires.filter((wire) => wire.closed)).toEqual([]);
      for (const wire of wires) wire.drop();
      await settle();
    }
  });
});

/** Each is a record of its own with nothing but a rekey frame in it. */
function sendRekeys(client: TestClient, count: number): void {
  for (let i = 0; i < count; i++) {
    client.link.handleTimeout(client.link.pollTimeout()!.at);
    for (let bytes = client.link.pollOutput(); bytes; bytes = client.link.pollOutput()) client.wire.clientWrite(bytes);
  }
}
