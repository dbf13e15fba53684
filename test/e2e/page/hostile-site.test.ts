import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RpcConnection, Stage } from '../stage.ts';
import { chromiumMissing, WatchedBrowser } from './browser.ts';

/** A name that somebody else owns and leads to this machine. */
const REBOUND = 'evil.example';

/** As long as it may take to try everything. */
const LINK_MS = 10 * 60_000;
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
const TYPES: Readonly<Record<string, string>> = {
  '/favicon.svg': 'image/svg+xml',
  '/first-paint.js': 'text/javascript',
};

/** Each tries something from a page of somebody else; `link` opens our page, `own` is its origin. */
const ATTACKS: readonly (readonly [what: string, script: string])[] = [
  ['reads the page', "fetch(own + '/').then((answer) => answer.text())"],
  ['reads a file of the page', "fetch(own + '/favicon.svg').then((answer) => answer.text())"],
  [
    'swaps a code',
    'fetch(own + "/api/session", { method: "POST", headers: json, body: code }).then((it) => it.text())',
  ],
  [
    'swaps a code as a form would',
    'fetch(own + "/api/session", { method: "POST", mode: "no-cors", body: code }).then((it) => it.text())',
  ],
  ['loads a script of the page', "element('script', { src: own + '/first-paint.js' })"],
  ['loads a picture of the page', "element('img', { src: own + '/favicon.svg' })"],
  ['opens a WebSocket', "socket(own.replace('http', 'ws') + '/rpc')"],
  ['listens to events', 'events(own + "/rpc")'],
];

/** Runs in the page of the attacker. What it resolves with is what the attacker got. */
const TOOLS = `
  const json = { 'content-type': 'application/json' };
  const loaded = (it, good, bad) => new Promise((resolve, reject) => { it[good] = () => resolve('got it'); it[bad] = () => reject(new Error('refused')); });
  const element = (name, fields) => { const it = Object.assign(document.createElement(name), fields); const done = loaded(it, 'onload', 'onerror'); document.head.append(it); return done; };
  const socket = (url) => loaded(new WebSocket(url), 'onopen', 'onerror');
  const events = (url) => loaded(new EventSource(url), 'onopen', 'onerror');
`;

describe.skipIf(chromiumMissing() !== undefined)('a page of somebody else in the same browser', () => {
  const stage = new Stage();
  let browser: WatchedBrowser;
  let evil: Server;
  let daemon: RpcConnection;

  beforeAll(async () => {
    browser = await WatchedBrowser.launch([`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`]);
    evil = createServer((request, response) => {
      const type = TYPES[request.url ?? ''] ?? 'text/html';
      response.writeHead(200, { 'content-type': type }).end(type === 'image/svg+xml' ? SVG : '/* evil */');
    }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    await stage.startDaemon('alice');
    daemon = await stage.connect('alice');
  });
  afterAll(async () => {
    await browser.close();
    evil.close();
    await stage.close();
  });

  describe.each(['127.0.0.1', REBOUND])('at %s', (name) => {
    let context: BrowserContext;
    let page: Page;
    let link: string;
    beforeAll(async () => {
      ({ url: link } = await daemon.call('page.open', { validMs: LINK_MS }));
      context = await browser.newContext();
      page = await context.newPage();
      await page.goto(`http://${name}:${evilPort()}/`);
    });
    afterAll(() => context.close());

    it.each(ATTACKS)('gets nothing when it %s', async (_what, attack) => {
      expect(await outcomeOf(page, attack, link)).toMatch(/^refused/);
    });

    it.each(ATTACKS.filter(([what]) => !/WebSocket|events/.test(what)))(
      'would get it of itself: it %s',
      async (_, attack) => {
        expect(await outcomeOf(page, attack, `http://${name}:${evilPort()}/#c=x`)).toMatch(/^got/);
      },
    );

    it('shows our page in no frame, and sends it no form', async () => {
      await page.evaluate(`{
        document.body.innerHTML = '<iframe name="inside"></iframe><form target="inside" method="post" enctype="text/plain"><input></form>';
        const form = document.querySelector('form');
        form.action = ${JSON.stringify(new URL(link).origin)} + '/api/session';
        form.querySelector('input').name = ${JSON.stringify(codeBody(link).slice(0, -1))} + ',"x":"';
        form.querySelector('input').value = '"}';
        form.submit();
      }`);
      await page.waitForTimeout(300);
      await page.evaluate(`document.querySelector('iframe').src = ${JSON.stringify(link)}`);
      await page.waitForTimeout(300);
      expect(page.frames()).toHaveLength(2);
      expect(await page.frames()[1]?.locator('#page').count()).toBe(0);
    });

    it('opens no window with our link: what stands there says how the page is opened', async () => {
      const opened = page.waitForEvent('popup');
      await page.evaluate(`void open(${JSON.stringify(link)})`);
      const popup = await opened;
      await popup.getByText('Another page led here').waitFor();
      expect(await popup.locator('#page').count()).toBe(0);
    });

    it('has used nothing up: the link still opens, once', async () => {
      const ours = await context.newPage();
      await ours.goto(link);
      await expect.poll(() => ours.evaluate("sessionStorage.getItem('magpie.token')")).toMatch(/^v1\./);
    });
  });

  it('is refused under a name of its own that leads to the daemon itself', async () => {
    const { url: link } = await daemon.call('page.open', {});
    const page = await (await browser.newContext()).newPage();
    const answer = await page.goto(link.replace('127.0.0.1', REBOUND));
    expect([answer?.status(), await page.locator('#page').count()]).toEqual([421, 0]);
    const file = await outcomeOf(page, "fetch('/favicon.svg').then((it) => it.text())", link);
    expect(file).toContain('it opens only at the address 127.0.0.1');
  });

  it('has left neither code nor token in the log', () => {
    const log = readFileSync(`${stage.path('alice')}/daemon.log`, 'utf8');
    expect(log).toContain('page served');
    expect(log).not.toMatch(/#c=|v1\.[0-9a-z]+\.[A-Za-z0-9_-]{22}\./);
  });

  function evilPort(): number {
    return (evil.address() as AddressInfo).port;
  }
});

/** What the attacker got from the origin of this link. */
async function outcomeOf(page: Page, attack: string, link: string): Promise<string> {
  const own = JSON.stringify(new URL(link).origin);
  const code = JSON.stringify(codeBody(link));
  const run = `(async () => { const own = ${own}; const code = ${code}; ${TOOLS}
    return 'got ' + await Promise.race([${attack}, new Promise((resolve) => setTimeout(resolve, 4_000, 'no answer'))]); })()
    .then((text) => text === 'got ' ? 'refused: nothing' : text, (error) => 'refused: ' + error.message)`;
  return String(await page.evaluate(run));
}

describe.skipIf(chromiumMissing() !== undefined)('our page, should a text of others ever reach its scripts', () => {
  const stage = new Stage();
  let browser: WatchedBrowser;
  let page: Page;
  beforeAll(async () => {
    browser = await WatchedBrowser.launch();
    await stage.startDaemon('alice');
    const { url } = await (await stage.connect('alice')).call('page.open', {});
    page = await (await browser.newContext()).newPage();
    await page.goto(url);
    await page.locator('#page main').waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  it.each([
    ['make elements of text', "document.createElement('div').innerHTML = '<b>x</b>'", 'TypeError'],
    ['make a script of text', "document.createElement('script').text = '1'", 'TypeError'],
    ['load a script by text', "document.createElement('script').src = '/x.js'", 'TypeError'],
    ['parse text into a document', "new DOMParser().parseFromString('<b>x</b>', 'text/html')", 'TypeError'],
    ['make a rule of its own for text', "trustedTypes.createPolicy('x', { createHTML: (it) => it })", 'TypeError'],
    ['start a worker', "new Worker('/first-paint.js')", 'TypeError|SecurityError'],
  ])('does not %s', async (_what, script, error) => {
    const outcome = await page.evaluate(
      `(() => { try { ${script}; return 'done'; } catch (error) { return error.name; } })()`,
    );
    expect(outcome).toMatch(new RegExp(`^(${error})$`));
  });

  it.each([
    ['asks another machine', "fetch('http://[::1]:9/')", 'connect-src'],
    ['asks another port of this one', "fetch('http://127.0.0.1:9/')", 'connect-src'],
    ['shows a picture of elsewhere', "new Image().src = 'http://127.0.0.1:9/x.png'", 'img-src'],
    [
      'brings a style',
      "document.head.append(Object.assign(document.createElement('style'), { textContent: 'b{}' }))",
      'style-src-elem',
    ],
    [
      'shows a frame',
      "document.body.append(Object.assign(document.createElement('iframe'), { src: '/' }))",
      'frame-src',
    ],
    [
      'moves where addresses begin',
      "document.head.append(Object.assign(document.createElement('base'), { href: 'http://[::1]/' }))",
      'base-uri',
    ],
    [
      'keeps a worker for later',
      "navigator.serviceWorker.register(new URL('/first-paint.js', location.href).href)",
      'worker-src|require-trusted-types-for',
    ],
  ])('is stopped when it %s', async (_what, script, directive) => {
    const stopped = await page.evaluate(`new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
      setTimeout(resolve, 2_000, 'nothing stopped it');
      try { void Promise.resolve(${script}).catch(() => {}); } catch { /* told by the event */ }
    })`);
    expect(stopped).toMatch(new RegExp(`^(${directive})$`));
  });

  it('keeps its token in this tab alone, and nothing of it in the address', async () => {
    expect(await page.evaluate('[location.hash, document.cookie, Object.keys(sessionStorage).join()]')).toEqual([
      '',
      '',
      'magpie.token',
    ]);
    const kept = String(await page.evaluate('JSON.stringify(localStorage)'));
    expect(kept).not.toContain('v1.');
  });
});

describe.skipIf(chromiumMissing() !== undefined)('a stranger who was at the address while the daemon was away', () => {
  const stage = new Stage();
  let browser: WatchedBrowser;
  beforeAll(async () => {
    browser = await WatchedBrowser.launch();
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  it('does not stay there as a worker of the browser for longer than one look', async () => {
    const daemon = await stage.startDaemon('alice');
    const first = (await (await stage.connect('alice')).call('page.open', {})).url;
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    const stranger = await listening(Number(new URL(first).port));
    const page = await (await browser.newContext()).newPage();
    await page.goto(new URL(first).origin);
    await expect.poll(() => page.title()).toBe('planted');
    stranger.closeAllConnections();
    stranger.close();
    await once(stranger, 'close');
    await stage.startDaemon('alice');
    const link = async () => (await (await stage.connect('alice')).call('page.open', {})).url;
    await page.goto((await link()).replace('/#', '/?1#'));
    expect(await page.title()).toBe('stranger');
    await expect
      .poll(() => readFileSync(`${stage.path('alice')}/daemon.log`, 'utf8'), { timeout: 10_000 })
      .toContain('a page of another program was loaded');
    await page.goto('about:blank');
    await page.goto(await link());
    expect(await page.title()).not.toBe('stranger');
    await expect.poll(() => page.evaluate("sessionStorage.getItem('magpie.token')")).toMatch(/^v1\./);
  });
});

/** Serves a page that plants a worker, which then answers in everybody's place. */
async function listening(port: number): Promise<Server> {
  const worker = `addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    addEventListener('fetch', (event) => event.request.mode === 'navigate' && event.respondWith(
      new Response('<title>stranger</title>', { headers: { 'content-type': 'text/html' } })));`;
  const plant = `<script>navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)
    .then(() => { document.title = 'planted'; })</script>`;
  const server = createServer((request, response) => {
    const isWorker = request.url === '/sw.js';
    response.writeHead(200, { 'content-type': isWorker ? 'text/javascript' : 'text/html' });
    response.end(isWorker ? worker : plant);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function codeBody(link: string): string {
  return JSON.stringify({ code: new URL(link).hash.slice('#c='.length) });
}
