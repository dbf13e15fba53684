import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketConnector } from './web-socket-connector.ts';

const CHALLENGE = 'c'.repeat(22);
const TOKEN = `v1.mwtjs0au.${'n'.repeat(22)}.${'s'.repeat(43)}`;
const GAVE_UP = 4401;

class FakeSocket {
  static readonly OPEN = 1;
  static newest: FakeSocket;
  readyState = FakeSocket.OPEN;
  readonly sent: string[] = [];
  onmessage: ((event: { readonly data: unknown }) => void) | undefined;
  onclose: ((event: { readonly code: number }) => void) | undefined;

  constructor() {
    FakeSocket.newest = this;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code = 1005): void {
    if (this.readyState !== FakeSocket.OPEN) return;
    this.readyState = 3;
    queueMicrotask(() => this.onclose?.({ code }));
  }
}

describe('the connection of a page', () => {
  beforeEach(() => {
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('location', { host: '127.0.0.1:8484' });
    vi.stubGlobal('reportError', (error: unknown) => {
      throw error;
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('is lost, and not refused, when the daemon did not wait until the token was known', async () => {
    let give!: (token: string) => void;
    const ended = connected(new Promise((resolve) => (give = resolve)));
    FakeSocket.newest.onmessage?.({ data: CHALLENGE });
    FakeSocket.newest.close(GAVE_UP);
    give(TOKEN);
    expect(await ended).toBeUndefined();
    expect(FakeSocket.newest.sent).toEqual([]);
  });

  it('is refused when the daemon ends it after it has heard who is there', async () => {
    const ended = connected(Promise.resolve(TOKEN));
    FakeSocket.newest.onmessage?.({ data: CHALLENGE });
    await vi.waitFor(() => expect(FakeSocket.newest.sent).toHaveLength(1));
    FakeSocket.newest.close(GAVE_UP);
    expect(await ended).toEqual({ code: 'PAGE_CLOSED' });
  });

  it('says nothing and is refused without a token', async () => {
    const ended = connected(Promise.resolve(undefined));
    FakeSocket.newest.onmessage?.({ data: CHALLENGE });
    expect(await ended).toEqual({ code: 'PAGE_CLOSED' });
    expect(FakeSocket.newest.sent).toEqual([]);
  });
});

/** @returns why it ended */
function connected(token: Promise<string | undefined>): Promise<RpcError | undefined> {
  const random = { bytes: (length: number) => new Uint8Array(length) };
  return new Promise((resolve) => {
    new WebSocketConnector(() => token, random).connect({
      onOpen: () => {},
      onBytes: () => {},
      onClose: resolve,
    });
  });
}
