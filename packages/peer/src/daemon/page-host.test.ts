import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@magpie/common/log.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemRandom } from '../io/system-random.ts';
import { PageHost } from './page-host.ts';
import { exchangeRaw } from './test-page-client.ts';

let folder: string;
const hosts: PageHost[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-page-host-'));
  build('one');
});

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the page of a profile', () => {
  it('listens only once somebody wants it, and from then on at the same port whenever the daemon runs', async () => {
    const first = hostOf('alice');
    await first.resume();
    expect(() => statSync(join(folder, 'alice.port'))).toThrow('ENOENT');
    const port = await portOf(first);
    await first.close();
    const second = hostOf('alice');
    await second.resume();
    expect((await exchangeRaw(port, get(port, '/'))).status).toBe(200);
    expect(await portOf(second)).toBe(port);
    for (const file of ['alice.key', 'alice.port']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  it('has a port of its own beside those of other profiles', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const names = Array.from({ length: 14 }, (_, n) => `profile-${n}`);
    const ports = await Promise.all(names.map((name) => portOf(hostOf(name))));
    expect(new Set(ports).size).toBe(14);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('never moves from its port: the one who asks is told, and gets it once it is free', async () => {
    const port = await freePort();
    writeFileSync(join(folder, 'alice.port'), `${port}\n`);
    const other = await listenOn(port);
    const host = hostOf('alice');
    await host.resume();
    expect(await host.open(1_000)).toEqual({ ok: false, error: { code: 'PAGE_PORT_TAKEN', detail: { port } } });
    await new Promise((resolve) => other.close(resolve));
    expect(await portOf(host)).toBe(port);
  });

  it('says that it is not built, or cannot be served, and works once that has changed', async () => {
    rmSync(join(folder, 'web'), { recursive: true });
    const host = hostOf('alice');
    expect(await host.open(1_000)).toEqual({ ok: false, error: { code: 'PAGE_NOT_BUILT' } });
    build('one');
    mkdirSync(join(folder, 'alice.key'));
    expect(await host.open(1_000)).toMatchObject({ ok: false, error: { code: 'PAGE_UNAVAILABLE' } });
    rmSync(join(folder, 'alice.key'), { recursive: true });
    expect((await host.open(1_000)).ok).toBe(true);
  });

  it('makes a new key in the place of a broken one, or of one that others could read', async () => {
    writeFileSync(join(folder, 'alice.key'), 'nonsense', { mode: 0o600 });
    await portOf(hostOf('alice'));
    const key = readFileSync(join(folder, 'alice.key'), 'latin1');
    expect(key).toMatch(/^magpie-page-key 1 [0-9a-f]{64}\n$/);
    await hosts[0]?.close();
    chmodSync(join(folder, 'alice.key'), 0o644);
    await portOf(hostOf('alice'));
    expect(readFileSync(join(folder, 'alice.key'), 'latin1')).not.toBe(key);
    expect(statSync(join(folder, 'alice.key')).mode & 0o777).toBe(0o600);
  });

  it('shuts every page out also when the new key cannot be kept, and says so', async () => {
    const host = hostOf('alice');
    const port = await portOf(host);
    const opened = await host.open(1_000);
    rmSync(join(folder, 'alice.key'));
    mkdirSync(join(folder, 'alice.key'));
    expect(await host.closeAll()).toMatchObject({ ok: false, error: { code: 'PAGE_UNAVAILABLE' } });
    const body = JSON.stringify({ code: opened.ok ? new URL(opened.value.url).hash.slice(3) : '' });
    const origin = `127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}`;
    const json = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const late = await exchangeRaw(port, `POST /api/session HTTP/1.1\r\nHost: ${origin}\r\n${json}`);
    expect([body.length, late.status]).toEqual([54, 401]);
    rmSync(join(folder, 'alice.key'), { recursive: true });
    expect(await host.closeAll()).toEqual({ ok: true, value: undefined });
  });

  it('serves the newest build to whoever loads it, without a restart', async () => {
    const port = await portOf(hostOf('alice'));
    expect((await exchangeRaw(port, get(port, '/'))).body).toBe('one');
    build('two');
    expect((await exchangeRaw(port, get(port, '/'))).body).toBe('two');
    expect((await exchangeRaw(port, get(port, '/assets/two-AAAAAAAA.js'))).status).toBe(200);
    expect((await exchangeRaw(port, get(port, '/assets/one-AAAAAAAA.js'))).status).toBe(404);
  });
});

function build(text: string): void {
  const web = join(folder, 'web');
  rmSync(web, { recursive: true, force: true });
  mkdirSync(join(web, 'assets'), { recursive: true });
  writeFileSync(join(web, 'assets', `${text}-AAAAAAAA.js`), text);
  writeFileSync(join(web, 'index.html'), text);
}

function hostOf(profile: string): PageHost {
  const paths = { pageKey: join(folder, `${profile}.key`), pagePort: join(folder, `${profile}.port`) };
  const accept = (): never => {
    throw new Error('nobody connects');
  };
  const parts = { paths, accept, random: new SystemRandom(), nowMs: () => 0, log: silentLog };
  const host = new PageHost({ ...parts, folder: join(folder, 'web') });
  hosts.push(host);
  return host;
}

async function portOf(host: PageHost): Promise<number> {
  const opened = await host.open(1_000);
  if (!opened.ok) throw new Error(opened.error.code);
  return Number(new URL(opened.value.url).port);
}

async function freePort(): Promise<number> {
  const server = await listenOn(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function listenOn(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function get(port: number, path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
}
