import { describe, expect, it } from 'vitest';
import { RpcClient } from './rpc-client.ts';
import { encodeRpcMessage, parseRpcLine, type RpcError, type RpcMessage } from './rpc-message.ts';
import type { EventJson } from './schemas.ts';

const AWAY = { presence: 'away', text: '', wish: 'away', autoAwayMs: 0 } as const;

describe("the face's side of the local API", () => {
  it('pairs answers with calls, also out of order', async () => {
    const daemon = fakeDaemon();
    const first = daemon.client.call('presence.get', {});
    const second = daemon.client.call('daemon.stop', {});
    daemon.send({ kind: 'answer', id: 2, result: { pid: 7 } });
    daemon.send({ kind: 'answer', id: 1, result: AWAY });
    expect(await second).toEqual({ ok: true, value: { pid: 7 } });
    expect(await first).toEqual({ ok: true, value: AWAY });
    expect(daemon.calls.map((call) => call.method)).toEqual(['presence.get', 'daemon.stop']);
  });

  it('gives an error as it came, and fails an answer of the wrong shape', async () => {
    const daemon = fakeDaemon();
    const refused = daemon.client.call('status', {});
    const strange = daemon.client.call('presence.get', {});
    daemon.send({ kind: 'failure', id: 1, error: { code: 'NOT_SIGNED_IN' } });
    daemon.send({ kind: 'answer', id: 2, result: { ...AWAY, presence: 'dancing' } });
    expect(await refused).toEqual({ ok: false, error: { code: 'NOT_SIGNED_IN' } });
    expect(await strange).toEqual({ ok: false, error: { code: 'BAD_ANSWER' } });
  });

  it('drops fields it does not know and events of types it does not know: they come from a newer daemon', async () => {
    const daemon = fakeDaemon();
    const answer = daemon.client.call('presence.get', {});
    daemon.send({ kind: 'answer', id: 1, result: { ...AWAY, mood: 'fine' } });
    expect(await answer).toEqual({ ok: true, value: AWAY });
    daemon.send({ kind: 'notification', method: 'event', params: { cursor: '1', type: 'call', data: {} } });
    const event = { cursor: '2', type: 'presence', data: { id: '10002', presence: 'online' } };
    daemon.send({ kind: 'notification', method: 'event', params: event });
    expect(daemon.events).toEqual([event]);
  });

  it('ends with SCHEMA_MISMATCH when the daemon speaks another schema', async () => {
    const daemon = fakeDaemon();
    const waiting = daemon.client.call('status', {});
    daemon.send({ kind: 'notification', method: 'hello', params: { schema: 2, version: '9', pid: 1 } });
    expect(await waiting).toEqual({ ok: false, error: { code: 'SCHEMA_MISMATCH' } });
    expect(daemon.ends).toEqual([{ code: 'SCHEMA_MISMATCH' }]);
    expect(daemon.closed()).toBe(true);
  });

  it('fails every waiting and later call once the connection is lost, and says so once', async () => {
    const daemon = fakeDaemon();
    const waiting = daemon.client.call('status', {});
    daemon.client.handleClose();
    daemon.client.handleClose();
    expect(await waiting).toEqual({ ok: false, error: { code: 'CONNECTION_LOST' } });
    expect(await daemon.client.call('status', {})).toEqual({ ok: false, error: { code: 'CONNECTION_LOST' } });
    expect(daemon.ends).toHaveLength(1);
  });

  it('ends on bytes that are no message', () => {
    const daemon = fakeDaemon();
    daemon.client.handleBytes(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n'));
    expect(daemon.ends).toEqual([{ code: 'BAD_ANSWER' }]);
  });
});

function fakeDaemon() {
  const calls: (RpcMessage & { kind: 'call' })[] = [];
  const events: EventJson[] = [];
  const ends: RpcError[] = [];
  let closed = false;
  const pipe = {
    write: (bytes: Uint8Array) => {
      const parsed = parseRpcLine(new TextDecoder().decode(bytes));
      if (parsed.ok && parsed.value.kind === 'call') calls.push(parsed.value);
    },
    close: () => {
      closed = true;
    },
  };
  const client = new RpcClient(pipe, { onEvent: (event) => events.push(event), onEnd: (error) => ends.push(error) });
  const send = (message: RpcMessage): void => client.handleBytes(encodeRpcMessage(message));
  return { client, calls, events, ends, send, closed: () => closed };
}
