import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { Language } from '@magpie/common/i18n/translator.ts';
import type { BrowserContext, Page } from 'playwright-core';
import { contactOf } from '../friends.ts';
import { eventually, PASSWORD, type RpcConnection, type ServerProcess, Stage } from '../stage.ts';
import { type LookOptions, WatchedBrowser } from './browser.ts';

export interface PersonOnStage {
  readonly name: string;
  /** Account number. */
  readonly id: string;
  readonly daemon: RpcConnection;
}

/** How one looks at the page. */
export interface Look extends LookOptions {
  readonly language?: Language;
  /** What this browser has chosen before: `shell/preferences.ts`. */
  readonly preferences?: Readonly<Record<string, unknown>>;
}

/** A real server, real daemons, and one Chromium in which their pages are opened by their own links. */
export class PageStage {
  readonly stage = new Stage();
  readonly browser: WatchedBrowser;
  readonly #daemons = new Map<string, ChildProcess>();
  #server: ServerProcess | undefined;

  private constructor(browser: WatchedBrowser) {
    this.browser = browser;
  }

  static async open(): Promise<PageStage> {
    const page = new PageStage(await WatchedBrowser.launch());
    page.#server = await page.stage.startServer();
    return page;
  }

  get server(): ServerProcess {
    if (!this.#server) throw new Error('the server is not started');
    return this.#server;
  }

  /** A daemon with an account of its own name. */
  async register(name: string, displayName = name, server = this.server): Promise<PersonOnStage> {
    const daemon = await this.startDaemon(name);
    const { account } = await daemon.call('account.register', {
      server: server.address,
      trustFirst: false,
      name,
      displayName,
      password: PASSWORD,
    });
    await daemon.call('account.recoveryKept', {});
    return { name, id: account.id, daemon };
  }

  async startDaemon(profile: string): Promise<RpcConnection> {
    await this.#keepPort(profile);
    this.#daemons.set(profile, await this.stage.startDaemon(profile));
    return this.stage.connect(profile);
  }

  /**
   * An address of its own before there is a page: the first that would be tried are those of every other test, and one of
   * them could have it by the time a daemon that was stopped starts again.
   */
  async #keepPort(profile: string): Promise<void> {
    const folder = this.stage.path(profile);
    const path = join(folder, 'page.port');
    if (existsSync(path)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${await freePort()}\n`, { mode: 0o600 });
  }

  async stopDaemon(profile: string): Promise<void> {
    const child = this.#daemons.get(profile);
    if (!child) throw new Error(`no daemon of ${profile}`);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
    this.#daemons.delete(profile);
  }

  async befriend(one: PersonOnStage, other: PersonOnStage): Promise<void> {
    await one.daemon.call('contact.add', { who: other.id, text: '' });
    await eventually('the request arrives', async () => (await contactOf(other.daemon, one.name))?.state === 'asking');
    await other.daemon.call('contact.accept', { who: one.id });
    await eventually('they are friends', async () => (await contactOf(one.daemon, other.name))?.state === 'member');
  }

  async link(daemon: RpcConnection): Promise<string> {
    const { url } = await daemon.call('page.open', {});
    return url;
  }

  /** A page in a browser of its own, opened as `magpie ui` would open it. */
  async openPage(daemon: RpcConnection, look: Look = {}): Promise<Page> {
    const context = await this.newContext(look);
    return this.openTab(context, daemon);
  }

  newContext({ language = 'en', preferences, ...options }: Look = {}): Promise<BrowserContext> {
    const chosen = JSON.stringify(JSON.stringify({ ...preferences }));
    return this.browser.newContext({
      locale: language === 'en' ? 'en-US' : 'zh-CN',
      ...options,
      initScript: [
        // Only the first time: what is chosen in the page afterwards stays.
        preferences === undefined
          ? ''
          : `try { localStorage.getItem('magpie.preferences') ?? localStorage.setItem('magpie.preferences', ${chosen}); } catch { /* about:blank */ }`,
        options.initScript ?? '',
      ].join('\n'),
    });
  }

  /** One more tab of the same browser. */
  async openTab(context: BrowserContext, daemon: RpcConnection): Promise<Page> {
    const page = await context.newPage();
    await page.goto(await this.link(daemon));
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.stage.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Alice and Bob, friends. */
export async function twoFriends(
  page: PageStage,
): Promise<{ readonly alice: PersonOnStage; readonly bob: PersonOnStage }> {
  const [alice, bob] = await Promise.all([page.register('alice', 'Alice'), page.register('bob', 'Bob')]);
  await page.befriend(alice, bob);
  return { alice, bob };
}
