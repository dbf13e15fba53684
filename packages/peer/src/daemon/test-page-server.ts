import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@magpie/common/log.ts';
import { PAGE_LINK_MS } from '@magpie/common/rpc/limits.ts';
import { SystemRandom } from '../io/system-random.ts';
import { PageHost } from './page-host.ts';
import { rpcHandlers } from './rpc-methods.ts';
import { type ClientPipe, RpcSession } from './rpc-session.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { exchangeRaw, RawWebSocket } from './test-page-client.ts';

/** A page of one file, served for an engine that does nothing. */
export class ServedPage {
  readonly port: number;
  readonly #folder: string;
  readonly #host: PageHost;

  private constructor(folder: string, host: PageHost, port: number) {
    this.#folder = folder;
    this.#host = host;
    this.port = port;
  }

  static async open(): Promise<ServedPage> {
    const folder = mkdtempSync(join(tmpdir(), 'magpie-served-'));
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'web', 'index.html'), '<!doctype html>');
    const paths = { pageKey: join(folder, 'page.key'), pagePort: join(folder, 'page.port') };
    const accept = (pipe: ClientPipe): RpcSession => new RpcSession(pipe, surface, rpcHandlers(surface), silentLog);
    const parts = { paths, accept, random: new SystemRandom(), nowMs: Date.now, log: silentLog };
    const page = new PageHost({ ...parts, folder: join(folder, 'web') });
    const status = { pid: 1, version: '0', startedAt: '2026-01-01T00:00:00.000Z', profile: folder };
    const surface = { engine: new FakeEngine().signedIn(), status, page, testHooks: true, stop: () => {} };
    const opened = await page.open(PAGE_LINK_MS);
    if (!opened.ok) throw new Error(opened.error.code);
    return new ServedPage(folder, page, Number(new URL(opened.value.url).port));
  }

  async close(): Promise<void> {
    await this.#host.close();
    rmSync(this.#folder, { recursive: true });
  }

  async code(): Promise<string> {
    const opened = await this.#host.open(PAGE_LINK_MS);
    if (!opened.ok) throw new Error(opened.error.code);
    return new URL(opened.value.url).hash.slice('#c='.length);
  }

  /** The request by which a page swaps its code. */
  redemption(code: string): string {
    const body = JSON.stringify({ code });
    const host = `127.0.0.1:${this.port}`;
    const headers = [`Host: ${host}`, `Origin: http://${host}`, 'Content-Type: application/json'];
    return `POST /api/session HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  async token(): Promise<string> {
    const { body } = await exchangeRaw(this.port, this.redemption(await this.code()));
    return (JSON.parse(body) as { readonly token: string }).token;
  }

  /** A WebSocket that has proven its token. */
  async client(): Promise<RawWebSocket> {
    const client = await RawWebSocket.open(this.port);
    await client.show(await this.token());
    return client;
  }
}
