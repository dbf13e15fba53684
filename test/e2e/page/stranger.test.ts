import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../stage.ts';
import { chromiumMissing, DAEMON_AWAY } from './browser.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { openChatWith, say, shownAs } from './screens.ts';
import { en } from './words.ts';

const HELLO = '{"jsonrpc":"2.0","method":"hello","params":{"schema":1,"version":"0","pid":1}}\n';
const WEBSOCKET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The page tries each second. */
const STAY_MS = 2_500;

/** Another program of the machine, which listens at the page's address while the daemon is away. */
class Stranger {
  /** How often the page came. */
  calls = 0;
  /** All that it said. */
  heard = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(first: readonly string[], then: readonly string[]) {
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket: Socket) => {
      this.calls++;
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
      );
      for (const text of first) socket.write(frame(text));
      let answered = false;
      socket.on('data', (bytes: Buffer) => {
        this.heard += unmasked(bytes);
        if (!answered) for (const text of then) socket.write(frame(text));
        answered = true;
      });
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async leave(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

describe.skipIf(chromiumMissing() !== undefined)('somebody else at the address of the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let page: Page;

  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice } = await twoFriends(stage));
    page = await stage.openPage(alice.daemon);
    await openChatWith(page, 'Bob');
  });
  afterAll(() => stage.close());

  it.each([
    ['says hello at once', [HELLO], []],
    ['asks for a proof and makes one up', ['A'.repeat(22)], ['B'.repeat(43), HELLO]],
  ])(
    'who %s learns neither the token nor what is written, and is not taken for the daemon',
    async (how, first, then) => {
      const port = Number(new URL(page.url()).port);
      const token = String(await page.evaluate("sessionStorage.getItem('magpie.token')"));
      const stranger = new Stranger(first, then);
      await stage.browser.allowing(DAEMON_AWAY, async () => {
        await stage.stopDaemon('alice');
        await stranger.listen(port);
        await say(page, `for Bob alone, ${how}`);
        await eventually('the page comes', async () => stranger.calls > 0);
        await delay(STAY_MS);
        const isLost = await page.getByRole('banner').getByText(en('shell.banner.daemon-lost')).isVisible();
        await stranger.leave();
        await stage.startDaemon('alice');
        expect(isLost).toBe(true);
      });
      expect(token).toMatch(/^v1\..{60}/);
      expect(stranger.heard).not.toContain(token.split('.').at(-1));
      expect(stranger.heard).not.toContain('for Bob alone');
      expect(stranger.heard).not.toContain('jsonrpc');
      await shownAs(page, `for Bob alone, ${how}`, 'delivered');
      expect(stage.browser.troubles).toEqual([]);
    },
  );
});

/** Short enough for one length of two bytes. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x82, ...length]), payload]);
}

/** What a browser sends is masked; whole frames, as they come on one machine. */
function unmasked(bytes: Buffer): string {
  let text = '';
  let rest = bytes;
  while (rest.length >= 6) {
    const short = rest[1]! & 0x7f;
    const at = short === 126 ? 4 : short === 127 ? 10 : 2;
    const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? rest.readUInt32BE(6) : short;
    const mask = rest.subarray(at, at + 4);
    text += rest
      .subarray(at + 4, at + 4 + length)
      .map((byte, i) => byte ^ mask[i % 4]!)
      .toString();
    rest = rest.subarray(at + 4 + length);
  }
  return text;
}
