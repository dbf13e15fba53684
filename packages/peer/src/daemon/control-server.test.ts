import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@magpie/common/log.ts';
import { LINE_BYTES_MAX } from '@magpie/common/rpc/limits.ts';
import { RpcClient } from '@magpie/common/rpc/rpc-client.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { EventJson } from '@magpie/common/rpc/schemas.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ControlServer, startControlServer } from './control-server.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { FakePage } from './test-fake-page.ts';

let folder: string;
let engine: FakeEngine;
let server: ControlServer;
let stops: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magpie-control-'));
  engine = new FakeEngine().signedIn();
  engine.person(10_002, 'bob', 'member');
  stops = 0;
  server = await serve(false);
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('the control socket (R29)', () => {
  it('is reachable by this user only', async () => {
    expect((await stat(join(folder, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  it('says hello with its schema before anything else', async () => {
    const socket = connect(join(folder, 'control.sock'));
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(JSON.parse(first.toString())).toMatchObject({ jsonrpc: '2.0', method: 'hello', params: { schema: 1 } });
  });

  it('answers calls, and maps what the engine refuses to its code', async () => {
    const face = await open();
    expect(await face.client.call('message.send', { to: 'bob', text: 'hi' })).toMatchObject({
      ok: true,
      value: { chat: '10002', state: 'queued', reason: null, path: null, at: '2025-10-09T08:53:21.000Z' },
    });
    expect(await face.client.call('contact.show', { who: 'eve' })).toEqual({ ok: false, error: { code: 'NOT_FOUND' } });
  });

  it('answers unknown methods, wrong parameters and broken lines with errors, and goes on', async () => {
    const socket = connect(join(folder, 'control.sock'));
    const lines = await exchange(socket, 4, [
      'nonsense',
      '{"jsonrpc":"2.0","id":1,"method":"constructor","params":{}}',
      '{"jsonrpc":"2.0","id":2,"method":"contact.show","params":{"who":"bob","extra":1}}',
      '{"jsonrpc":"2.0","id":3,"method":"contact.show","params":{"who":"bob"}}',
    ]);
    expect(lines.map((line) => line.error?.message ?? line.result?.name)).toEqual([
      'BAD_REQUEST',
      'UNKNOWN_METHOD',
      'INVALID_ARGUMENT',
      'bob',
    ]);
  });

  it('ends a client whose line is longer than the limit, and serves the others', async () => {
    const socket = connect(join(folder, 'control.sock'));
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.resume().write('x'.repeat(LINE_BYTES_MAX + 1));
    await ended;
    const face = await open();
    expect((await face.client.call('presence.get', {})).ok).toBe(true);
  });

  it('turns an engine that throws into INTERNAL', async () => {
    vi.spyOn(engine, 'presence').mockRejectedValue(new Error('bug'));
    const face = await open();
    expect(await face.client.call('presence.get', {})).toEqual({ ok: false, error: { code: 'INTERNAL' } });
  });

  it.each(['cancels', 'goes'])('ends the sign-ins of a face that %s, and of no other', async (way) => {
    engine.registerMs = 300;
    const [one, other] = [await open(), await open()];
    const input = { server: 'host:1#PIN', trustFirst: false, name: 'alice', displayName: 'A', password: 'p' };
    const ended = one.client.call('account.register', input);
    const goesOn = other.client.call('account.register', input);
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (way === 'goes') one.client.close();
    else expect(await one.client.call('account.cancelSignIn', {})).toEqual({ ok: true, value: {} });
    expect(await ended).toMatchObject({ error: { code: way === 'goes' ? 'CONNECTION_LOST' : 'CANCELLED' } });
    expect((await goesOn).ok).toBe(true);
    expect(engine.cancelled).toBe(1);
  });

  it('stops the daemon only after the answer', async () => {
    const face = await open();
    expect(await face.client.call('daemon.stop', {})).toEqual({ ok: true, value: { pid: process.pid } });
    expect(stops).toBe(1);
  });

  it('knows debug.dropUdp only with test hooks', async () => {
    const face = await open();
    expect(await face.client.call('debug.dropUdp', { drop: true })).toEqual({
      ok: false,
      error: { code: 'UNKNOWN_METHOD' },
    });
    expect(engine.dropping).toBe(false);
    await server.close();
    server = await serve(true);
    const again = await open();
    expect(await again.client.call('debug.dropUdp', { drop: true })).toEqual({ ok: true, value: { dropping: true } });
    expect(engine.dropping).toBe(true);
  });

  it('takes what a person does as activity, and looking on as none', async () => {
    const face = await open();
    for (const method of ['status', 'presence.get', 'contact.list', 'account.devices', 'net.status'] as const) {
      await face.client.call(method, {});
    }
    await face.client.call('message.list', { chat: 'bob', limit: 1 });
    await face.client.call('watch.start', {});
    expect(engine.activities).toBe(0);
    await face.client.call('message.send', { to: 'bob', text: 'hi' });
    await face.client.call('contact.set', { who: 'bob', alias: 'Bobby' });
    expect(engine.activities).toBe(2);
  });

  it('keeps pages of long messages under the line limit, and their edge leads to the rest', async () => {
    for (let i = 0; i < 12; i++) engine.message_(10_002, 'in', '\u0001'.repeat(60_000));
    const face = await open();
    const page = await face.client.call('message.list', { chat: 'bob', limit: 12 });
    expect(page.ok && page.value.items.map((each) => each.sequence)).toEqual([12]);
    const next = page.ok ? page.value.next : null;
    const before = await face.client.call('message.list', { chat: 'bob', limit: 12, before: next! });
    expect(before.ok && before.value.items.map((each) => each.sequence)).toEqual([11]);
  });

  it('stops serving a face when it goes away', async () => {
    const face = await open();
    await face.client.call('watch.start', {});
    expect(engine.listeners).toBe(1);
    face.socket.destroy();
    await vi.waitFor(() => expect(engine.listeners).toBe(0));
  });
});

describe('watching', () => {
  it('[R29] replays changes after a cursor, then goes on live, nothing twice', async () => {
    for (let i = 0; i < 250; i++) engine.message_(10_002, 'in', `old ${i}`);
    const face = await open();
    expect(await face.client.call('watch.start', { since: '40' })).toEqual({ ok: true, value: { cursor: '40' } });
    engine.message_(10_002, 'in', 'live');
    await vi.waitFor(() => expect(face.cursors()).toContain('251'));
    expect(face.cursors()).toEqual(Array.from({ length: 211 }, (_, i) => String(41 + i)));
  });

  it('tells a new message from a change of state', async () => {
    const face = await open();
    await face.client.call('watch.start', {});
    const message = engine.message_(10_002, 'out', 'hi');
    engine.change(message, { state: 'delivered', road: { kind: 'relay', lan: false, rttMs: 41 } });
    await vi.waitFor(() => expect(face.events).toHaveLength(2));
    expect(face.events[1]).toMatchObject({
      type: 'receipt',
      data: { state: 'delivered', path: { kind: 'relay', lan: false, rttMs: 41 } },
    });
  });

  it('shows only the types and the chat asked for', async () => {
    engine.person(10_003, 'carol', 'member');
    const face = await open();
    await face.client.call('watch.start', { types: ['message', 'presence'], chat: 'bob' });
    engine.emit({ type: 'link', state: 'waiting', error: undefined });
    engine.message_(10_003, 'in', 'from carol');
    engine.emit({ type: 'presence', account: engine.people.get('bob')!.account, status: 'away' });
    await vi.waitFor(() => expect(face.events).toHaveLength(1));
    expect(face.events[0]).toEqual({ cursor: '1', type: 'presence', data: { id: '10002', presence: 'away' } });
  });

  it('cuts off a watcher that does not read, while others go on', async () => {
    const stuck = connect(join(folder, 'control.sock'));
    stuck.on('error', () => {});
    stuck.write('{"jsonrpc":"2.0","id":1,"method":"watch.start","params":{}}\n');
    stuck.pause();
    await vi.waitFor(() => expect(engine.listeners).toBe(1));
    const face = await open();
    for (let i = 0; i < 200; i++) engine.message_(10_002, 'in', 'x'.repeat(60_000));
    await vi.waitFor(() => expect(engine.listeners).toBe(0));
    expect((await face.client.call('presence.get', {})).ok).toBe(true);
    stuck.destroy();
  });
});

function serve(testHooks: boolean): Promise<ControlServer> {
  const status = { pid: process.pid, version: '0', startedAt: '2026-01-01T00:00:00.000Z', profile: folder };
  const surface = { engine, status, page: new FakePage(), testHooks, stop: () => stops++ };
  return startControlServer(surface, join(folder, 'control.sock'), silentLog);
}

async function open() {
  const socket = connect(join(folder, 'control.sock'));
  const events: EventJson[] = [];
  const ends: RpcError[] = [];
  const client = new RpcClient(
    { write: (bytes) => socket.write(bytes), close: () => socket.destroy() },
    { onEvent: (event) => events.push(event), onEnd: (error) => ends.push(error) },
  );
  socket.on('data', (bytes) => client.handleBytes(bytes));
  socket.on('error', () => {});
  socket.on('close', () => client.handleClose());
  await new Promise((resolve) => socket.on('connect', resolve));
  return { client, socket, events, ends, cursors: () => events.map((event) => event.cursor) };
}

interface Line {
  readonly id: number | null;
  readonly error?: { readonly message: string };
  readonly result?: { readonly name: string };
}

/** Writes raw lines and reads as many answers, in the order of their ids. */
async function exchange(socket: Socket, count: number, lines: readonly string[]): Promise<Line[]> {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  socket.write(`${lines.join('\n')}\n`);
  const answers = (): Line[] =>
    text
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as Line);
  await vi.waitFor(() => expect(answers()).toHaveLength(count));
  socket.destroy();
  return answers().sort((a, b) => (a.id ?? 0) - (b.id ?? 0));
}
