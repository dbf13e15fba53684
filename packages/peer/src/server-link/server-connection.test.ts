import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { Result } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { REQUESTS_PENDING_MAX } from './limits.ts';
import { type LinkFailure, ServerConnection, type ServerConnectionOptions } from './server-connection.ts';
import { hospitable, LinkWorld } from './test-server.ts';

/** Preamble, then message 1 of XX: a length and an ephemeral key. Nothing of the client's is in it. */
const BYTES_BEFORE_MESSAGE_3 = 8 + 2 + 32;

describe('the first contact', () => {
  it('[LK4] goes on to an anonymous connection when the pin fits', async () => {
    const world = await listening();
    const opened = await open(world, { pin: world.server.pin });
    expect(opened.ok && opened.value.serverKey).toEqual(world.server.key.publicKey);
  });

  it('[LK4] shows a server with another key nothing of ours', async () => {
    const world = await listening();
    const opened = await open(world, { pin: pinOf(newExchangeKeyPair(world.random).publicKey) });
    expect(opened).toEqual({ ok: false, error: { kind: 'wrong-pin' } });
    await world.run(1_000);
    expect(world.bytesSent).toBe(BYTES_BEFORE_MESSAGE_3);
    expect(world.server.last).toMatchObject({ received: [], closed: true });
  });

  it('[LK4] tells the pin of an unknown server and shows it nothing of ours', async () => {
    const world = await listening();
    const opened = await open(world, {});
    expect(opened).toEqual({ ok: false, error: { kind: 'key-unknown', pin: world.server.pin } });
    await world.run(1_000);
    expect(world.bytesSent).toBe(BYTES_BEFORE_MESSAGE_3);
    expect(world.server.last.closed).toBe(true);
  });

  it('takes any key when told to trust the first', async () => {
    const world = await listening();
    expect((await open(world, { trustFirst: true })).ok).toBe(true);
  });

  it('[LK3] knows the server again by its key alone', async () => {
    const world = await listening();
    expect((await open(world, { serverKey: world.server.key.publicKey })).ok).toBe(true);
  });
});

describe('a server that does not answer as it should', () => {
  it('is unreachable when nobody listens', async () => {
    const world = new LinkWorld();
    expect(failureOf(await open(world, { trustFirst: true }))).toEqual({ kind: 'unreachable', code: 'ECONNREFUSED' });
  });

  it('[LK10] is unreachable after 10 s of silence, whether the machine is off or the program hangs', async () => {
    const off = new LinkWorld();
    off.serverHost.kill(true);
    expect(failureOf(await open(off, { trustFirst: true }))).toEqual({ kind: 'unreachable', code: 'timeout' });
    expect(off.time.nowMs).toBe(10_000);

    const hanging = await listening();
    hanging.server.silent = true;
    expect(failureOf(await open(hanging, { trustFirst: true }))).toEqual({ kind: 'unreachable', code: 'timeout' });
    expect(hanging.time.nowMs).toBe(10_000);
  });

  it('is unreachable when it ends the stream in the middle of the handshake', async () => {
    const world = await listening();
    world.server.silent = true;
    const opening = open(world, { trustFirst: true });
    await world.run(50);
    world.server.last.stream.end();
    expect(failureOf(await opening)).toEqual({ kind: 'unreachable', code: 'closed' });
  });

  it('is no Magpie server when it speaks something else', async () => {
    const world = await listening();
    world.server.silent = true;
    const opening = open(world, { trustFirst: true });
    await world.run(50);
    world.server.last.stream.write(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(800)));
    expect(failureOf(await opening)?.kind).toBe('bad-handshake');
  });

  it('ends the connection by a frame that is no frame', async () => {
    const { world, connection, closed } = await connected({ loggedIn: false });
    // Legal only after a login.
    world.server.last.say({ type: 'relay-refused', to: '00'.repeat(16) as never, reason: 'peer-gone' });
    await world.run(100);
    expect(closed).toEqual([{ kind: 'unreachable', code: 'bad-frame' }]);
    expect(connection.open).toBe(false);
  });
});

describe('requests', () => {
  it('[FR9] are paired with their answers by id, in whatever order these come', async () => {
    const { world, connection } = await connected();
    const asked: Frame[] = [];
    world.server.onRequest = (_, frame) => void asked.push(frame);
    const first = connection.request({ type: 'lookup', account: 'bob' });
    const second = connection.request({ type: 'lookup', account: 'carol' });
    await world.run(100);
    for (const [i, detail] of [
      [1, 'second'],
      [0, 'first'],
    ] as const) {
      const { requestId } = asked[i] as Frame & { requestId: never };
      world.server.last.say({
        type: 'refused',
        requestId,
        code: i === 1 ? 'busy' : 'not-found',
        detail,
        retryAfterMs: 7,
      });
    }
    expect(await world.settle(first)).toEqual({
      ok: false,
      error: { kind: 'refused', code: 'not-found', retryAfterMs: 7 },
    });
    expect(await world.settle(second)).toMatchObject({ ok: false, error: { code: 'busy' } });
  });

  it('[SV81] fail as timed out after 15 s, and the connection stays', async () => {
    const { world, connection } = await connected();
    world.server.onRequest = (to, frame) => frame.type === 'ping' && to.say({ type: 'pong', token: frame.token });
    const startedMs = world.time.nowMs;
    expect(await world.settle(connection.request({ type: 'lookup', account: 'bob' }))).toMatchObject({
      error: { kind: 'timed-out' },
    });
    expect(world.time.nowMs - startedMs).toBe(15_000);
    expect(connection.open).toBe(true);
  });

  it('are lost with the connection', async () => {
    const { world, connection, closed } = await connected();
    const request = connection.request({ type: 'lookup', account: 'bob' });
    await world.run(30);
    world.network.cutTcp('client', 'server');
    expect(await world.settle(request)).toEqual({ ok: false, error: { kind: 'lost' } });
    expect(closed).toEqual([{ kind: 'unreachable', code: 'ECONNRESET' }]);
    expect(await connection.request({ type: 'lookup', account: 'bob' })).toEqual({
      ok: false,
      error: { kind: 'lost' },
    });
  });

  it('are refused with the reason that the server closes for', async () => {
    const { world, connection, closed } = await connected();
    world.server.onRequest = (to) => to.say({ type: 'close', code: 'shutting-down', reason: '', retryAfterMs: 2_000 });
    expect(await world.settle(connection.request({ type: 'reflect-token-get' }))).toEqual({
      ok: false,
      error: { kind: 'refused', code: 'shutting-down', retryAfterMs: 2_000 },
    });
    expect(closed).toEqual([{ kind: 'closed', code: 'shutting-down', retryAfterMs: 2_000 }]);
  });

  it('are bounded', async () => {
    const { world, connection } = await connected();
    const requests = Array.from({ length: REQUESTS_PENDING_MAX }, () =>
      connection.request({ type: 'reflect-token-get' }),
    );
    expect(await connection.request({ type: 'reflect-token-get' })).toEqual({ ok: false, error: { kind: 'too-many' } });
    connection.destroy();
    expect(await world.settle(Promise.all(requests))).toHaveLength(REQUESTS_PENDING_MAX);
  });

  it('[SV32] take a paged answer as one', async () => {
    const { world, connection } = await connected();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'roster-get') return;
      const page = { type: 'roster', requestId: frame.requestId, entries: [] } as const;
      to.say({ ...page, version: 4, last: false }, { ...page, version: 5, last: true });
    };
    const roster = await world.settle(connection.requestAll({ type: 'roster-get', since: 0 }));
    expect(roster.ok && roster.value).toMatchObject([{ version: 4 }, { version: 5 }]);
  });
});

describe('silence', () => {
  it('[SV81] is answered by a ping after 15 s and is death after 25', async () => {
    const { world, connection, closed } = await connected();
    world.server.onRequest = () => {};
    await world.run(14_850);
    expect(world.server.last.types).toEqual([]);
    await world.run(200);
    expect(world.server.last.types).toEqual(['ping']);
    await world.run(9_800);
    expect(connection.open).toBe(true);
    await world.run(200);
    expect(closed).toEqual([{ kind: 'unreachable', code: 'timeout' }]);
  });

  it('[SV81] ends with any byte, and the pong tells the round trip', async () => {
    const { world, connection, closed } = await connected();
    world.server.onRequest = hospitable;
    await world.run(120_000);
    expect(closed).toEqual([]);
    expect(connection.rttMs).toBe(40);
    expect(world.server.last.types.length).toBeGreaterThanOrEqual(7);
  });

  it('answers the pings of the server', async () => {
    const { world } = await connected();
    world.server.last.say({ type: 'ping', token: 77 });
    await world.run(100);
    expect(world.server.last.received).toEqual([{ type: 'pong', token: 77 }]);
  });
});

describe('the end', () => {
  it('tells the server why, after what was sent before', async () => {
    const { world, connection, closed } = await connected();
    connection.send({ type: 'ping', token: 1 });
    connection.close('shutting-down');
    connection.close('shutting-down');
    connection.send({ type: 'ping', token: 2 });
    await world.run(100);
    expect(world.server.last.types).toEqual(['ping', 'close']);
    expect(world.server.last.closed).toBe(true);
    expect(closed).toEqual([{ kind: 'closed', code: 'shutting-down', retryAfterMs: 0 }]);
  });
});

async function listening(): Promise<LinkWorld> {
  const world = new LinkWorld();
  await world.listen();
  return world;
}

function open(
  world: LinkWorld,
  options: Partial<ServerConnectionOptions>,
): Promise<Result<ServerConnection, LinkFailure>> {
  return world.settle(
    ServerConnection.open({
      clock: world.clock,
      random: world.random,
      tcp: world.client.tcpConnector,
      log: silentLog,
      target: world.target,
      staticKey: newExchangeKeyPair(world.random),
      serverKey: undefined,
      pin: undefined,
      trustFirst: false,
      onFrame: () => {},
      onClosed: () => {},
      ...options,
    }),
  );
}

/** A connection that has heard its last byte from the server 100 ms ago. */
async function connected({ loggedIn } = { loggedIn: true }) {
  const world = await listening();
  const closed: LinkFailure[] = [];
  const opened = await open(world, { pin: world.server.pin, onClosed: (failure) => closed.push(failure) });
  if (!opened.ok) throw new Error(opened.error.kind);
  const connection = opened.value;
  if (loggedIn) {
    world.server.onRequest = hospitable;
    await world.settle(connection.request({ type: 'resume' }));
    world.server.last.received.length = 0;
  }
  await world.run(100);
  return { world, connection, closed };
}

function failureOf(opened: Result<ServerConnection, LinkFailure>): LinkFailure | undefined {
  return opened.ok ? undefined : opened.error;
}
