import { silentLog } from '@magpie/common/log.ts';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rpcHandlers } from './rpc-methods.ts';
import { type ClientPipe, RpcSession } from './rpc-session.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { FakePage } from './test-fake-page.ts';

/** A client that reads nothing. */
class StuckPipe implements ClientPipe {
  isOpen = true;
  queuedBytes = 0;
  pauses = 0;

  write(bytes: Uint8Array): void {
    this.queuedBytes += bytes.length;
  }

  pause(): void {
    this.pauses++;
  }

  resume(): void {}

  async drained(): Promise<boolean> {
    return this.isOpen;
  }

  end(): void {
    this.isOpen = false;
  }

  cutOff(): void {
    this.isOpen = false;
  }

  destroy(): void {
    this.isOpen = false;
  }
}

let engine: FakeEngine;
let pipe: StuckPipe;
let session: RpcSession;

beforeEach(() => {
  engine = new FakeEngine().signedIn();
  engine.person(10_002, 'bob', 'member');
  pipe = new StuckPipe();
  const status = { pid: 1, version: '0', startedAt: '2026-01-01T00:00:00.000Z', profile: '/' };
  const surface = { engine, status, page: new FakePage(), testHooks: false, stop: () => {} };
  session = new RpcSession(pipe, surface, rpcHandlers(surface), silentLog);
});

describe('a client of the local API', () => {
  it('may send half a million lines in one message: it is cut off, and the daemon goes on', () => {
    session.handleBytes(Buffer.from('1\n'.repeat(500_000)));
    expect(pipe.isOpen).toBe(false);
  });

  it('has its calls answered in order, however many come at once', async () => {
    const call = (id: number) =>
      `{"jsonrpc":"2.0","id":${id},"method":"message.typing","params":{"chat":"${id}","active":true}}\n`;
    session.handleBytes(Buffer.from(Array.from({ length: 500 }, (_, id) => call(id)).join('')));
    expect(pipe.pauses).toBeGreaterThan(0);
    await vi.waitFor(() => expect(typed()).toHaveLength(500));
    expect(typed()).toEqual(Array.from({ length: 500 }, (_, id) => String(id)));
  });

  it('does nothing more once its right was taken back, not even what it had sent before', async () => {
    const call = '{"jsonrpc":"2.0","id":1,"method":"message.typing","params":{"chat":"1","active":true}}\n';
    session.handleBytes(Buffer.from(call.repeat(500)));
    session.handleRevoked();
    session.handleBytes(Buffer.from(call));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(typed().length).toBeLessThanOrEqual(64);
  });
});

function typed(): readonly unknown[] {
  return engine.calls.filter(({ name }) => name === 'setTyping').map(({ input }) => (input as { chat: string }).chat);
}
