import { connect, type Socket } from 'node:net';
import { parsePageToken } from '@magpie/common/rpc/page-proof.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PAGE_CONNECTIONS_MAX, PAGES_UNPROVEN_MAX } from './page-limits.ts';
import { exchangeRaw, greetingOf, RawWebSocket, upgradeRequest } from './test-page-client.ts';
import { ServedPage } from './test-page-server.ts';

const MASK = [0, 0, 0, 0];
const PING = [0x89, 0xfd, ...MASK, ...Array.from({ length: 125 }, () => 0x41)];
const GIBIBYTE = [0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, ...MASK];

let served: ServedPage;

beforeAll(async () => {
  served = await ServedPage.open();
});
afterAll(() => served.close());

describe('a WebSocket of the page', () => {
  it('is never compressed, whatever is offered', async () => {
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    const { status, headers } = await exchangeRaw(served.port, upgradeRequest(served.port, offer));
    expect([status, headers['sec-websocket-extensions']]).toEqual([101, undefined]);
  });

  const BROKEN: readonly (readonly [string, number, readonly number[]])[] = [
    ['a compressed frame', 1002, [0xc1, 0x81, ...MASK, 0x41]],
    ['a frame that is not masked', 1002, [0x81, 0x01, 0x41]],
    ['a frame of no kind', 1002, [0x83, 0x81, ...MASK, 0x41]],
    ['a piece of nothing', 1002, [0x80, 0x81, ...MASK, 0x41]],
    ['a ping in pieces', 1002, [0x09, 0x80, ...MASK]],
    ['a ping that is too long', 1002, [0x89, 0xfe, 0, 126, ...MASK]],
    ['a close without a reason that exists', 1002, [0x88, 0x82, ...MASK, 0, 1]],
    ['a gibibyte to come', 1009, GIBIBYTE],
    ['a length of 63 bits', 1009, [0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, ...MASK]],
    ['a text that is no UTF-8', 1007, [0x81, 0x81, ...MASK, 0xff]],
    ['two kibibytes before its proof', 4401, [0x81, 0xfe, 8, 0, ...MASK, ...Array.from({ length: 2_048 }, () => 0x41)]],
  ];
  it.each(BROKEN)('is closed for %s: %i', async (_what, code, bytes) => {
    const page = await RawWebSocket.open(served.port);
    await page.challenge();
    page.sendRaw(bytes);
    expect([await page.closed, page.proof]).toEqual([code, undefined]);
    page.destroy();
  });

  it.each(BROKEN.slice(0, -1))('is closed for %s also when it has proven its token: %i', async (_what, code, bytes) => {
    const page = await served.client();
    await vi.waitFor(() => expect(page.text).toContain('hello'));
    page.sendRaw(bytes);
    expect(await page.closed).toBe(code);
    page.destroy();
  });

  it('may prove its token in pieces, and in bytes', async () => {
    const token = parsePageToken(await served.token())!;
    const page = await RawWebSocket.open(served.port);
    const greeting = Buffer.from(greetingOf(token, `127.0.0.1:${served.port}`, await page.challenge()));
    const [head, tail] = [greeting.subarray(0, 40), greeting.subarray(40)];
    page.sendRaw([0x02, 0x80 | head.length, ...MASK], head, [0x80, 0x80 | tail.length, ...MASK], tail);
    await vi.waitFor(() => expect(page.text).toContain('hello'));
    page.destroy();
  });

  it('is closed for twenty thousand pieces of one message', async () => {
    const page = await RawWebSocket.open(served.port);
    await page.challenge();
    const piece = Buffer.from([0x00, 0x81, ...MASK, 0x41]);
    page.sendRaw([0x01, 0x81, ...MASK, 0x41], ...Array.from({ length: 20_000 }, () => piece));
    expect(await page.closed).toBe(1008);
    page.destroy();
  });

  it('has its ping answered, and is cut off when it sends pings without taking the answers', async () => {
    const page = await served.client();
    page.sendRaw(PING);
    await vi.waitFor(() => expect(page.opcodes).toContain(10));
    page.freeze();
    const many = Buffer.concat(Array.from({ length: 8_000 }, () => Buffer.from(PING)));
    let sent = 0;
    const pump = setInterval(() => {
      for (let i = 0; i < 4 && !page.isDestroyed; i++, sent++) page.sendRaw(many);
    }, 5);
    await vi.waitFor(() => expect(page.isDestroyed).toBe(true), { timeout: 5_000 });
    clearInterval(pump);
    expect(sent).toBeGreaterThan(0);
  });
});

describe('connections of strangers', () => {
  it('take no more than their places: those that prove nothing are so many at most, and then come free', async () => {
    const strangers = await all(PAGES_UNPROVEN_MAX, () => RawWebSocket.open(served.port));
    await Promise.all(strangers.map((each) => each.challenge()));
    const oneMore = await RawWebSocket.open(served.port);
    expect(await oneMore.closed).toBe(4429);
    strangers.pop()?.destroy();
    await vi.waitFor(async () => {
      const page = await served.client();
      await vi.waitFor(() => expect(page.text).toContain('hello'), 200);
      page.destroy();
    });
    expect(await Promise.all(strangers.map((each) => each.closed))).toEqual(strangers.map(() => 4401));
  });

  it('are so many at most, and the next is told nothing', async () => {
    const sockets = await all(PAGE_CONNECTIONS_MAX, opened);
    const oneMore = await exchangeRaw(served.port, request());
    expect(oneMore.status).toBe(0);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await exchangeRaw(served.port, request())).status).toBe(200));
  });

  it('are answered one request after the other, and cut off when they send many at once', async () => {
    expect(await statusesOf([request(), request(), request()])).toEqual([200, 200, 200]);
    expect((await statusesOf([request().repeat(100_000)])).length).toBeLessThan(2);
    expect(await statusesOf([request(), request('evil.example'), request()])).toEqual([200, 421]);
  });
});

function request(host = `127.0.0.1:${served.port}`): string {
  return `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
}

function opened(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(served.port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends each part when the one before was answered. @returns all answers until the connection ends, or nothing is left to send */
async function statusesOf(parts: readonly string[]): Promise<readonly number[]> {
  const socket = await opened();
  const ended = new Promise((resolve) => socket.on('error', () => socket.destroy()).once('close', resolve));
  const statuses: number[] = [];
  for (const part of parts) {
    const answered = new Promise<string>((resolve) =>
      socket.once('data', (bytes) => resolve(bytes.toString('latin1'))),
    );
    socket.write(part);
    const received = await Promise.race([answered, ended.then(() => '')]);
    statuses.push(...[...received.matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => Number(match[1])));
  }
  socket.destroy();
  return statuses;
}

function all<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, make));
}
