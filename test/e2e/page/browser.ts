import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Quiet, without a sandbox (root), without anything that would speak to the world by itself. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
];

/** Undefined when the page can be proven here; else what is missing. */
export function chromiumMissing(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : `no ${CHROMIUM}: apt-get install chromium fonts-noto-cjk`;
}

export type TroubleKind = 'console error' | 'page error' | 'policy violation' | 'request off loopback' | 'dialog';

/** Something that must never happen while the page is used. */
export interface Trouble {
  readonly kind: TroubleKind;
  readonly text: string;
}

/** What a page reports of itself, by the one channel that no policy closes. */
const VIOLATION_MARK = 'policy violation:';
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) => console.error(
  '${VIOLATION_MARK}', event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber, event.sample))`;

export interface LookOptions extends BrowserContextOptions {
  /** Run before anything of the page, in each of its documents. */
  readonly initScript?: string;
}

/** One Chromium. Every page it opens is watched; what goes wrong in any of them is in `troubles`. */
export class WatchedBrowser {
  readonly troubles: Trouble[] = [];
  readonly #browser: Browser;
  #allowed: readonly RegExp[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(flags: readonly string[] = []): Promise<WatchedBrowser> {
    const args = [...FLAGS, ...flags];
    return new WatchedBrowser(await chromium.launch({ executablePath: CHROMIUM, headless: true, args }));
  }

  /** A context of its own: its storage is nobody else's. Wide, light, English and UTC unless told otherwise. */
  async newContext({ initScript, ...options }: LookOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: 'light',
      locale: 'en-US',
      timezoneId: 'UTC',
      deviceScaleFactor: 1,
      ...options,
    });
    context.setDefaultTimeout(10_000);
    await context.addInitScript(REPORT_VIOLATIONS);
    if (initScript !== undefined) await context.addInitScript(initScript);
    context.on('page', (page) => this.#watch(page));
    return context;
  }

  /**
   * Lets messages of the console pass that Chromium itself writes about what a test does on purpose: a daemon that is
   * stopped refuses connections, a code that is spent is answered with 401.
   */
  async allowing<T>(patterns: readonly RegExp[], work: () => Promise<T>): Promise<T> {
    const before = this.#allowed;
    this.#allowed = [...before, ...patterns];
    try {
      return await work();
    } finally {
      this.#allowed = before;
    }
  }

  get version(): string {
    return this.#browser.version();
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  #watch(page: Page): void {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = `${message.text()} (${withoutSecrets(message.location().url)})`;
      this.#note(message.text().startsWith(VIOLATION_MARK) ? 'policy violation' : 'console error', text);
    });
    page.on('pageerror', (error) => this.#note('page error', error.stack ?? error.message));
    page.on('dialog', (dialog) => {
      if (dialog.type() !== 'beforeunload') this.#note('dialog', dialog.message());
      dialog.dismiss().catch(() => {});
    });
    page.on('request', (request) => this.#judge(request.url()));
    page.on('websocket', (socket) => this.#judge(socket.url()));
  }

  #judge(url: string): void {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'blob:' || protocol === 'data:') return;
    if (hostname !== '127.0.0.1') this.#note('request off loopback', url);
  }

  #note(kind: TroubleKind, text: string): void {
    if (this.#allowed.some((pattern) => pattern.test(text))) return;
    this.troubles.push({ kind, text });
  }
}

/** What Chromium writes when a daemon is away, or comes and goes. */
export const DAEMON_AWAY = [/WebSocket connection to .* failed/, /net::ERR_CONNECTION_(REFUSED|RESET)/] as const;

function withoutSecrets(url: string): string {
  return url.replace(/#.*$/, '');
}
