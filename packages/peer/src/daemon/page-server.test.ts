import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '@magpie/common/log.ts';
import { LINE_BYTES_MAX, PAGE_LINK_MS } from '@magpie/common/rpc/limits.ts';
import { parsePageToken, proofText } from '@magpie/common/rpc/page-proof.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SystemRandom } from '../io/system-random.ts';
import { PAGE_HEADERS } from './page-headers.ts';
import { PageHost } from './page-host.ts';
import { PAGE_BODY_BYTES_MAX, PAGE_CODE_FAILURES_MAX, PAGE_TOKEN_AGE_MS_MAX } from './page-limits.ts';
import { rpcHandlers } from './rpc-methods.ts';
import { RpcSession } from './rpc-session.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { exchangeRaw, greetingOf, RawWebSocket, upgradeRequest } from './test-page-client.ts';

const INDEX = '<!doctype html><title>page</title>';
const ASSET = '/assets/index-BYS-znFG.js';

const MAY_BE_ANOTHER = process.platform === 'linux' && process.getuid?.() === 0;

const logged: string[] = [];
const note = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
const log: Log = { error: note, warn: note, info: note, debug: note };
let folder: string;
let engine: FakeEngine;
let host: PageHost;
let port: number;
let nowMs = Date.parse('2026-01-01T00:00:00.000Z');
const secrets: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-page-'));
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'web', 'index.html'), INDEX);
  writeFileSync(join(folder, 'web', ASSET), 'export {};');
  writeFileSync(join(folder, 'web', '.sources'), 'hash');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  engine = new FakeEngine().signedIn();
  engine.person(10_002, 'bob', 'member');
  host = hostOf();
  port = await freshPort();
});

afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true });
});

type Case = readonly [name: string, status: number, request: () => string];

/** Everything but the thing that is wrong is right, so that each case has one reason to be refused. */
const REQUESTS: readonly Case[] = [
  // What must work.
  ['the page by number', 200, () => get('/')],
  ['a file of the page', 200, () => get(ASSET)],
  ['the head of a file', 200, () => request('HEAD', ASSET, { Connection: 'close' })],
  ['a file for our own page', 200, () => get(ASSET, { Origin: own(), 'Sec-Fetch-Site': 'same-origin' })],
  ['an address that was typed', 200, () => get('/', { 'Sec-Fetch-Site': 'none' })],
  ['the WebSocket', 101, () => upgradeRequest(port)],
  // Host: the one thing that a site which leads its own name here cannot choose.
  ['no Host', 421, () => get('/', { Host: undefined })],
  ['an empty Host', 421, () => get('/', { Host: '' })],
  ['a name of somebody else', 421, () => get('/', { Host: 'evil.example' })],
  ['a name of somebody else with our port', 421, () => get('/', { Host: `evil.example:${port}` })],
  ['our number without the port', 421, () => get('/', { Host: '127.0.0.1' })],
  ['our number with another port', 421, () => get('/', { Host: `127.0.0.1:${port + 1}` })],
  ['our number with a second port', 421, () => get('/', { Host: `127.0.0.1:${port}:80` })],
  ['our number in another form', 421, () => get('/', { Host: `127.1:${port}` })],
  ['our number as one integer', 421, () => get('/', { Host: `2130706433:${port}` })],
  ['every number', 421, () => get('/', { Host: `0.0.0.0:${port}` })],
  ['the IPv6 number that is not served', 421, () => get('/', { Host: `[::1]:${port}` })],
  ['a name that begins with ours', 421, () => get('/', { Host: `127.0.0.1.evil.example:${port}` })],
  ['a name that ends with ours', 421, () => get('/', { Host: `evil.localhost:${port}` })],
  ['the name that also stands for another number', 421, () => get('/', { Host: `localhost:${port}` })],
  ['that name with a dot behind', 421, () => get('/', { Host: `localhost.:${port}` })],
  ['that name in capitals', 421, () => get('/', { Host: `LOCALHOST:${port}` })],
  [
    'that name with its own Origin at the WebSocket',
    421,
    () => upgradeRequest(port, { Host: `localhost:${port}`, Origin: `http://localhost:${port}` }),
  ],
  ['our number with a dot behind', 421, () => get('/', { Host: `127.0.0.1.:${port}` })],
  ['our number after an address', 421, () => get('/', { Host: `http://${here()}` })],
  ['our number as an IPv6 one', 421, () => get('/', { Host: `[::ffff:127.0.0.1]:${port}` })],
  ['our number with zeros before the port', 421, () => get('/', { Host: `127.0.0.1:0${port}` })],
  ['our number after a user', 421, () => get('/', { Host: `evil@127.0.0.1:${port}` })],
  ['two Hosts, ours first', 421, () => lines('GET / HTTP/1.1', `Host: ${here()}`, 'Host: evil.example')],
  ['two Hosts, ours last', 421, () => lines('GET / HTTP/1.1', 'Host: evil.example', `Host: ${here()}`)],
  ['two Hosts, both ours', 421, () => lines('GET / HTTP/1.1', `Host: ${here()}`, `host: ${here()}`)],
  ['two names in one Host', 421, () => get('/', { Host: `${here()}, evil.example` })],
  ['our name forwarded', 421, () => get('/', { Host: 'evil.example', 'X-Forwarded-Host': here() })],
  ['a foreign Host at a file', 421, () => get(ASSET, { Host: 'evil.example' })],
  ['a foreign Host at an unknown path', 421, () => get('/nothing', { Host: 'evil.example' })],
  ['a foreign Host at a broken path', 421, () => get('/%', { Host: 'evil.example' })],
  ['a foreign Host at the codes', 421, () => post({ Host: 'evil.example' })],
  [
    'a foreign Host with its own Origin at the codes',
    421,
    () => post({ Host: 'evil.example', Origin: 'http://evil.example' }),
  ],
  ['a foreign Host at the WebSocket', 421, () => upgradeRequest(port, { Host: 'evil.example' })],
  [
    'a foreign Host with its own Origin at the WebSocket',
    421,
    () => upgradeRequest(port, { Host: 'evil.example', Origin: 'http://evil.example' }),
  ],
  // Protocol and target.
  ['HTTP/1.0', 505, () => lines('GET / HTTP/1.0', `Host: ${here()}`)],
  ['HTTP/1.0 without Host', 505, () => lines('GET / HTTP/1.0')],
  ['HTTP/2 by prior knowledge', 400, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no HTTP at all', 400, () => 'hello\r\n\r\n'],
  ['TLS', 400, () => '\x16\x03\x01\x00\x05hello\r\n\r\n'],
  ['an absolute target of ours', 400, () => get(`http://127.0.0.1:${port}/`)],
  ['an absolute target of somebody else', 400, () => get('http://evil.example/')],
  ['a target without a slash', 400, () => get('index.html')],
  ['an asterisk', 400, () => get('*')],
  ['up a folder', 404, () => get('/../secret.txt')],
  ['up a folder, encoded', 404, () => get('/..%2fsecret.txt')],
  ['up a folder, encoded twice', 404, () => get('/%252e%252e%252fsecret.txt')],
  ['up a folder, dots encoded', 404, () => get('/%2e%2e/secret.txt')],
  ['up a folder, backwards', 404, () => get('/..\\secret.txt')],
  ['up from a folder that is there', 404, () => get('/assets/../../secret.txt')],
  ['another machine by two slashes', 404, () => get('//evil.example/')],
  ['a broken code', 404, () => get('/%')],
  ['a zero', 404, () => get('/%00')],
  ['our file in another spelling', 404, () => get(ASSET.replace('a', '%61'))],
  ['a question', 404, () => get('/?code=x')],
  ['the index by its file name', 404, () => get('/index.html')],
  ['a hidden file', 404, () => get('/.sources')],
  ['a folder', 404, () => get('/assets/')],
  ['the key', 404, () => get('/page.key')],
  // Methods.
  ['OPTIONS', 403, () => request('OPTIONS', '/', { Origin: own() })],
  [
    'a preflight',
    403,
    () =>
      request('OPTIONS', '/api/session', { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' }),
  ],
  ['OPTIONS of everything', 400, () => request('OPTIONS', '*', { Origin: own() })],
  ['PUT of the page', 405, () => request('PUT', '/', { Origin: own(), 'Content-Length': '0' })],
  ['POST to the page', 405, () => request('POST', '/', { Origin: own(), 'Content-Length': '0' })],
  ['DELETE of a file', 405, () => request('DELETE', ASSET, { Origin: own() })],
  ['TRACE', 405, () => request('TRACE', '/', { Origin: own() })],
  ['GET of the codes', 405, () => get('/api/session')],
  ['PROPFIND', 405, () => request('PROPFIND', '/', { Origin: own() })],
  ['CONNECT', 0, () => lines('CONNECT evil.example:80 HTTP/1.1', `Host: ${here()}`)],
  // Origin and Sec-Fetch-Site.
  ['a file for a foreign page', 403, () => get(ASSET, { Origin: 'http://evil.example' })],
  ['a file for a page without an origin', 403, () => get(ASSET, { Origin: 'null' })],
  ['a file for another port of this machine', 403, () => get(ASSET, { Origin: `http://127.0.0.1:${port + 1}` })],
  ['a file for our name over https', 403, () => get(ASSET, { Origin: `https://127.0.0.1:${port}` })],
  ['the other name of this machine as Origin', 403, () => get(ASSET, { Origin: `http://localhost:${port}` })],
  ['an Origin that begins with ours', 403, () => get(ASSET, { Origin: `${own()}.evil.example` })],
  ['two Origins', 403, () => lines(`GET ${ASSET} HTTP/1.1`, `Host: ${here()}`, `Origin: ${own()}`, 'Origin: null')],
  ['a request from another site', 403, () => get('/', { 'Sec-Fetch-Site': 'cross-site' })],
  ['a request from another port', 403, () => get('/', { 'Sec-Fetch-Site': 'same-site' })],
  ['a script for another site', 403, () => get(ASSET, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' })],
  ['an unknown Sec-Fetch-Site', 403, () => get('/', { 'Sec-Fetch-Site': 'friend' })],
  [
    'two values of Sec-Fetch-Site',
    403,
    () => lines('GET / HTTP/1.1', `Host: ${here()}`, 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: none'),
  ],
  ['a worker that answers for us', 403, () => get('/sw.js', { 'Service-Worker': 'script' })],
  ['a file of ours as such a worker', 403, () => get(ASSET, { 'Service-Worker': 'script' })],
  ['codes without Origin', 403, () => post({ Origin: undefined })],
  ['codes with a foreign Origin', 403, () => post({ Origin: 'http://evil.example' })],
  ['codes without an origin', 403, () => post({ Origin: 'null' })],
  ['codes from another site', 403, () => post({ 'Sec-Fetch-Site': 'cross-site' })],
  ['the WebSocket without Origin', 403, () => upgradeRequest(port, { Origin: undefined })],
  ['the WebSocket with a foreign Origin', 403, () => upgradeRequest(port, { Origin: 'http://evil.example' })],
  ['the WebSocket without an origin', 403, () => upgradeRequest(port, { Origin: 'null' })],
  ['the WebSocket with an Origin of another port', 403, () => upgradeRequest(port, { Origin: 'http://127.0.0.1:80' })],
  ['the WebSocket from another site', 403, () => upgradeRequest(port, { 'Sec-Fetch-Site': 'cross-site' })],
  // Bodies.
  ['a form', 415, () => post({ 'Content-Type': 'application/x-www-form-urlencoded' })],
  ['a form with a file', 415, () => post({ 'Content-Type': 'multipart/form-data; boundary=x' })],
  ['JSON as text', 415, () => post({ 'Content-Type': 'text/plain' })],
  ['JSON in disguise', 415, () => post({ 'Content-Type': 'text/plain; application/json' })],
  ['no type', 415, () => post({ 'Content-Type': undefined })],
  ['no length', 411, () => post({ 'Content-Length': undefined })],
  [
    'chunks',
    411,
    () => post({ 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n'),
  ],
  ['length and chunks', 400, () => post({ 'Transfer-Encoding': 'chunked' })],
  ['two lengths', 400, () => post({ 'content-length': '3' })],
  ['a body too large', 413, () => post({ 'Content-Length': String(PAGE_BODY_BYTES_MAX + 1) })],
  ['a body that is no JSON', 400, () => post({}, '{"code":')],
  ['a body that would become a prototype', 400, () => post({}, '{"__proto__":{"code":"x"}}')],
  ['a body that is null', 401, () => post({}, 'null')],
  ['a body that is a list', 401, () => post({}, '["x"]')],
  ['a code that is no text', 401, () => post({}, '{"code":{"length":43}}')],
  ['a code that never was', 401, () => post({}, JSON.stringify({ code: 'A'.repeat(43) }))],
  ['an expectation', 417, () => post({ Expect: '100-continue' })],
  ['headers without end', 431, () => get('/', { 'X-Long': 'x'.repeat(20_000) })],
  ['a header that is broken', 400, () => lines('GET / HTTP/1.1', `Host: ${here()}`, 'X Y: z')],
  // Upgrades.
  ['the path of the WebSocket without one', 426, () => get('/rpc')],
  ['a WebSocket at the page', 400, () => upgradeRequest(port).replace('/rpc', '/')],
  ['a WebSocket at the codes', 400, () => upgradeRequest(port).replace('/rpc', '/api/session')],
  ['another protocol', 400, () => upgradeRequest(port, { Upgrade: 'h2c' })],
  ['two protocols', 400, () => upgradeRequest(port, { Upgrade: 'websocket, h2c' })],
  ['a WebSocket without key', 400, () => upgradeRequest(port, { 'Sec-WebSocket-Key': undefined })],
  ['a WebSocket of another version', 400, () => upgradeRequest(port, { 'Sec-WebSocket-Version': '8' })],
  ['a WebSocket with the token in a header', 400, () => upgradeRequest(port, { 'Sec-WebSocket-Protocol': 'token' })],
  ['a WebSocket by POST', 405, () => upgradeRequest(port).replace('GET', 'POST')],
];

describe('every request to the page', () => {
  it.each(REQUESTS)('%s: %i', async (_name, status, make) => {
    nowMs += 60_000;
    const answer = await exchangeRaw(port, make());
    expect(answer.status).toBe(status);
    if (status === 0) return;
    for (const [name, value] of Object.entries(PAGE_HEADERS)) {
      if (name !== 'cache-control') expect([name, answer.headers[name]]).toEqual([name, value]);
    }
    const names = Object.keys(answer.headers).join(' ');
    expect(names).not.toMatch(/access-control|set-cookie|server|x-powered-by/);
    expect(answer.body).not.toContain('secret');
    expect(answer.headers['cache-control']).toMatch(answer.body === 'export {};' ? /immutable/ : /immutable|no-store/);
    if (status >= 400) expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is one of many that are refused, each case once, and nothing but our own page is answered', () => {
    expect(new Set(REQUESTS.map(([name]) => name)).size).toBe(REQUESTS.length);
    expect(REQUESTS.filter(([, status]) => status < 400).map(([name]) => name)).toEqual([
      'the page by number',
      'a file of the page',
      'the head of a file',
      'a file for our own page',
      'an address that was typed',
      'the WebSocket',
      'CONNECT',
    ]);
    expect(REQUESTS.length).toBeGreaterThan(110);
  });

  it('is answered with what keeps a browser from doing anything else with it', async () => {
    expect((await exchangeRaw(port, get('/'))).headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
      'x-dns-prefetch-control': 'off',
      'permissions-policy': expect.stringMatching(/camera=\(\), .*geolocation=\(\), .*microphone=\(\)/),
      'cache-control': 'no-store',
    });
    const { headers } = await redeem(await freshCode());
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
  });

  it('throws away what a stranger left in the browser, and else nothing', async () => {
    const worker = await exchangeRaw(port, get('/sw.js', { 'Service-Worker': 'script' }));
    expect(worker.headers['clear-site-data']).toBe('"cache", "storage"');
    for (const each of [get('/'), get('/sw.js'), get('/sw.js', { 'Service-Worker': 'script', Host: 'evil.example' })]) {
      expect((await exchangeRaw(port, each)).headers['clear-site-data']).toBeUndefined();
    }
  });

  it.each<[string, Headers]>([
    ['a foreign name', { Host: 'evil.example' }],
    ['a link of another page', { 'Sec-Fetch-Site': 'cross-site' }],
  ])('is answered in both languages when it came by %s', async (_what, wrong) => {
    const { body, headers } = await exchangeRaw(port, get('/', wrong));
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(Buffer.from(body, 'latin1').toString()).toMatch(/magpie ui[\s\S]*终端中输入 magpie ui/);
  });

  it('finds the index fresh and everything with a hash in its name kept', async () => {
    expect((await exchangeRaw(port, get('/'))).headers['cache-control']).toBe('no-store');
    const asset = await exchangeRaw(port, get(ASSET));
    expect(asset.headers).toMatchObject({
      'cache-control': 'private, max-age=31536000, immutable',
      'content-type': expect.stringContaining('javascript'),
    });
  });
});

describe('codes and tokens', () => {
  it('swaps a code for a token once', async () => {
    const code = await freshCode();
    expect((await redeem(code)).status).toBe(200);
    const again = await redeem(code);
    expect([again.status, JSON.parse(again.body)]).toEqual([401, { code: 'PAGE_CODE_SPENT' }]);
  });

  it('refuses a code that is late by a millisecond', async () => {
    const [early, late] = [await freshCode(), await freshCode()];
    nowMs += PAGE_LINK_MS - 1;
    expect((await redeem(early)).status).toBe(200);
    nowMs += 1;
    expect((await redeem(late)).status).toBe(401);
  });

  it.skipIf(!MAY_BE_ANOTHER)('swaps no code for another user of the machine, who may try the right one', async () => {
    const code = await freshCode();
    const other = asAnotherUser(post({}, JSON.stringify({ code })));
    expect(await other).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\n403 user\n$/);
    expect(await asAnotherUser(upgradeRequest(port))).toMatch(/^HTTP\/1\.1 403 /);
    expect(await asAnotherUser(get('/'))).toMatch(/^HTTP\/1\.1 200 /);
    expect((await redeem(code)).status).toBe(200);
  });

  it('answers 429 to many wrong codes, and still takes a right one', async () => {
    nowMs += 60_000;
    const statuses: number[] = [];
    for (let i = 0; i <= PAGE_CODE_FAILURES_MAX; i++) statuses.push((await redeem('A'.repeat(43))).status);
    expect(statuses.slice(-2)).toEqual([401, 429]);
    expect((await redeem(await freshCode())).status).toBe(200);
    nowMs += 60_000;
    expect((await redeem('A'.repeat(43))).status).toBe(401);
  });

  it('says hello to a page with its token, and answers its calls', async () => {
    const page = await openPage(await freshToken());
    page.send('{"jsonrpc":"2.0","id":1,"method":"contact.show","params":{"who":"bob"}}\n');
    await vi.waitFor(() => expect(page.text).toContain('"id":1'));
    const [hello, answer] = page.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([hello?.method, answer?.result]).toMatchObject(['hello', { name: 'bob' }]);
    page.destroy();
  });

  it.each<[string, () => Promise<string>]>([
    ['no token', async () => ''],
    ['a call in its place', async () => '{"jsonrpc":"2.0","id":1,"method":"status","params":{}}\n'],
    ['a code in its place', () => freshCode()],
    ['a token with a changed time', async () => (await freshToken()).replace(/^v1\.\w/, 'v1.z')],
    ['a token with a changed end', async () => changedEnd(await freshToken())],
    ['a token without its end', async () => (await freshToken()).replace(/\.[^.]*$/, '')],
    ['a token with something behind', async () => `${await freshToken()}\n`],
    ['a very long text', async () => 'v1.'.padEnd(100_000, 'a')],
    ['a token that is too old', () => agedToken(PAGE_TOKEN_AGE_MS_MAX + 1)],
    ['a token of a key that was changed', () => voidToken()],
  ])('closes a WebSocket that shows %s with 4401, and has told it nothing', async (_name, make) => {
    const page = await openPage(await make());
    expect([await page.closed, page.proof, page.text]).toEqual([4401, undefined, '']);
    page.destroy();
  });

  it('lets nobody in by what a page has said before, by its proof turned round, or by the token itself', async () => {
    const token = parsePageToken(await freshToken())!;
    const { name, secret } = token;
    const first = await RawWebSocket.open(port);
    const said = greetingOf(token, here(), await first.challenge());
    first.send(said);
    await vi.waitFor(() => expect(first.text).toContain('hello'));
    const turned = `${name} ${await first.challenge()} ${first.proof}`;
    for (const message of [said, turned, `${name}.${secret}`, `${name} ${'A'.repeat(22)} ${secret}`]) {
      const page = await RawWebSocket.open(port);
      await page.challenge();
      page.send(message);
      expect([await page.closed, page.proof]).toEqual([4401, undefined]);
    }
    first.destroy();
  });

  it.each(['127.0.0.1:1', 'localhost', ''])(
    'lets nobody in by what a page has proven to a stranger at another address: %j',
    async (elsewhere) => {
      const token = parsePageToken(await freshToken())!;
      const page = await RawWebSocket.open(port);
      page.send(greetingOf(token, elsewhere, await page.challenge()));
      expect([await page.closed, page.proof]).toEqual([4401, undefined]);
    },
  );

  it('proves itself to the page, to each challenge anew', async () => {
    const token = parsePageToken(await freshToken())!;
    for (const pageChallenge of ['B'.repeat(22), 'C'.repeat(22)]) {
      const page = await RawWebSocket.open(port);
      const daemonChallenge = await page.challenge();
      page.send(greetingOf(token, here(), daemonChallenge, pageChallenge));
      await vi.waitFor(() => expect(page.text).toContain('hello'));
      const meeting = { host: here(), pageChallenge, daemonChallenge };
      const expected = createHmac('sha256', token.secret).update(proofText('daemon', meeting));
      expect(page.proof).toBe(expected.digest('base64url'));
      page.destroy();
    }
  });

  it('closes a WebSocket that shows nothing for three seconds', async () => {
    const page = await RawWebSocket.open(port);
    const startedMs = performance.now();
    expect(await page.closed).toBe(4401);
    expect(performance.now() - startedMs).toBeGreaterThan(2_500);
  });

  it('takes a token up to its last day', async () => {
    const page = await openPage(await agedToken(PAGE_TOKEN_AGE_MS_MAX - 1_000));
    await vi.waitFor(() => expect(page.text).toContain('hello'));
    page.destroy();
  });

  it('closes every open page when asked to, also the one that comes back with its old token', async () => {
    const token = await freshToken();
    const page = await openPage(token);
    await vi.waitFor(() => expect(page.text).toContain('hello'));
    await host.closeAll();
    expect(await page.closed).toBe(4401);
    expect(await (await openPage(token)).closed).toBe(4401);
  });

  it('closes a page that sends more than a line may be, and one that sends no lines at all', async () => {
    const tooLong = await openPage(await freshToken());
    tooLong.send('x'.repeat(2 * LINE_BYTES_MAX));
    expect(await tooLong.closed).toBe(1009);
    const noLine = await openPage(await freshToken());
    noLine.send('x'.repeat(LINE_BYTES_MAX + 1));
    expect(await noLine.closed).toBe(1002);
  });

  it('cuts off a page that does not read, while others go on', async () => {
    const stuck = await openPage(await freshToken());
    await vi.waitFor(() => expect(stuck.text).toContain('hello'));
    stuck.send('{"jsonrpc":"2.0","id":1,"method":"watch.start","params":{}}\n');
    await vi.waitFor(() => expect(engine.listeners).toBe(1));
    stuck.freeze();
    for (let i = 0; i < 200; i++) engine.message_(10_002, 'in', 'x'.repeat(60_000));
    await vi.waitFor(() => expect(engine.listeners).toBe(0));
    const other = await openPage(await freshToken());
    await vi.waitFor(() => expect(other.text).toContain('hello'));
    stuck.destroy();
    other.destroy();
  });

  it('stops serving a page that goes away', async () => {
    const page = await openPage(await freshToken());
    page.send('{"jsonrpc":"2.0","id":1,"method":"watch.start","params":{}}\n');
    await vi.waitFor(() => expect(engine.listeners).toBe(1));
    page.destroy();
    await vi.waitFor(() => expect(engine.listeners).toBe(0));
  });

  it('has said goodbye and comes back at the same port, where an old token still opens', async () => {
    const token = await freshToken();
    const page = await openPage(token);
    await vi.waitFor(() => expect(page.text).toContain('hello'));
    await host.close();
    expect(await page.closed).toBe(1001);
    host = hostOf();
    await host.resume();
    const again = await openPage(token);
    await vi.waitFor(() => expect(again.text).toContain('hello'));
    again.destroy();
  });

  it('leaves no code and no token in the log', () => {
    expect(secrets.length).toBeGreaterThan(20);
    expect(logged.length).toBeGreaterThan(50);
    for (const line of logged) {
      expect(secrets.filter((secret) => line.includes(secret))).toEqual([]);
      expect(line).not.toContain('#c=');
    }
  });
});

/** @returns all that a program of another user is answered */
async function asAnotherUser(request: string): Promise<string> {
  const script = `
    const socket = require('net').connect(${port}, '127.0.0.1', () => socket.write(process.argv[1], 'latin1'));
    socket.setTimeout(500, () => socket.destroy());
    socket.pipe(process.stdout);`;
  const user = { uid: 65_534, gid: 65_534, cwd: '/' };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, request], user);
  return stdout;
}

function hostOf(): PageHost {
  const status = { pid: 1, version: '0', startedAt: '2026-01-01T00:00:00.000Z', profile: folder };
  const accept = (pipe: ConstructorParameters<typeof RpcSession>[0]): RpcSession =>
    new RpcSession(pipe, surface, rpcHandlers(surface), log);
  const paths = { pageKey: join(folder, 'page.key'), pagePort: join(folder, 'page.port') };
  const page = new PageHost({
    ...{ paths, accept, log, nowMs: () => nowMs },
    ...{ random: new SystemRandom(), folder: join(folder, 'web') },
  });
  const surface = { engine, status, page, testHooks: false, stop: () => {} };
  return page;
}

async function freshPort(): Promise<number> {
  const opened = await host.open(PAGE_LINK_MS);
  if (!opened.ok) throw new Error(opened.error.code);
  return Number(new URL(opened.value.url).port);
}

async function freshCode(): Promise<string> {
  const opened = await host.open(PAGE_LINK_MS);
  if (!opened.ok) throw new Error(opened.error.code);
  const code = new URL(opened.value.url).hash.slice('#c='.length);
  secrets.push(code);
  return code;
}

function redeem(code: string) {
  return exchangeRaw(port, post({}, JSON.stringify({ code })));
}

async function freshToken(): Promise<string> {
  const { token } = JSON.parse((await redeem(await freshCode())).body) as { readonly token: string };
  secrets.push(token);
  return token;
}

async function agedToken(ageMs: number): Promise<string> {
  const token = await freshToken();
  nowMs += ageMs;
  return token;
}

async function voidToken(): Promise<string> {
  const token = await freshToken();
  await host.closeAll();
  return token;
}

/** The last character of 43 carries four bits: the one before it carries six. */
function changedEnd(token: string): string {
  return `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`;
}

async function openPage(token: string): Promise<RawWebSocket> {
  const page = await RawWebSocket.open(port);
  await page.show(token);
  return page;
}

function here(): string {
  return `127.0.0.1:${port}`;
}

function own(): string {
  return `http://${here()}`;
}

type Headers = Readonly<Record<string, string | undefined>>;

function get(target: string, headers: Headers = {}): string {
  return request('GET', target, headers);
}

function post(headers: Headers, body = '{"code":"x"}'): string {
  const all = {
    Origin: own(),
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  return `${request('POST', '/api/session', all)}${body}`;
}

function request(method: string, target: string, headers: Headers = {}): string {
  const all = Object.entries({ Host: here(), ...headers }).filter(([, value]) => value !== undefined);
  return lines(`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`));
}

function lines(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n\r\n`;
}
