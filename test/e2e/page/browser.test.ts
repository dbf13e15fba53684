import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing, type TroubleKind, WatchedBrowser } from './browser.ts';

const POLICY =
  "default-src 'none'; img-src data:; script-src 'self'; connect-src *; require-trusted-types-for 'script'; trusted-types 'none'";

const PAGE = '<!doctype html><link rel="icon" href="data:,"><body><script src="/script.js"></script>';

/** What a page could do wrong, one script each. */
const MISTAKES: readonly { readonly what: string; readonly kind: TroubleKind; readonly script: string }[] = [
  { what: 'writes an error', kind: 'console error', script: "console.error('broken')" },
  { what: 'throws', kind: 'page error', script: "setTimeout(() => { throw new Error('thrown'); })" },
  {
    what: 'leaves a promise alone that fails',
    kind: 'page error',
    script: "Promise.reject(new Error('left alone'))",
  },
  {
    what: 'runs a text as a script',
    kind: 'policy violation',
    script: "try { eval('1'); } catch { /* refused */ }",
  },
  {
    what: 'makes elements of a text',
    kind: 'policy violation',
    script: "try { document.body.innerHTML = '<b>x</b>'; } catch { /* refused */ }",
  },
  {
    what: 'brings its own style',
    kind: 'policy violation',
    script: "document.head.append(Object.assign(document.createElement('style'), { textContent: 'b{}' }))",
  },
  { what: 'asks somebody else', kind: 'request off loopback', script: "fetch('http://[::1]:9/').catch(() => {})" },
  { what: 'opens a window of words', kind: 'dialog', script: 'alert(1)' },
];

/** The suite says that nothing went wrong in the page; here each kind of wrong is done on purpose. */
describe.skipIf(chromiumMissing() !== undefined)('what watches the page', () => {
  let browser: WatchedBrowser;
  let server: Server;
  let address: string;
  let script = '';
  beforeAll(async () => {
    browser = await WatchedBrowser.launch();
    server = createServer((request, response) => {
      response.setHeader('content-security-policy', POLICY);
      const isScript = request.url === '/script.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it.each(MISTAKES)('notices a page that $what', async (mistake) => {
    expect((await troublesOf(mistake.script)).map((each) => each.kind)).toContain(mistake.kind);
  });

  it('is content with a page that does nothing wrong, and looks into it past its policy', async () => {
    const context = await browser.newContext();
    script = "document.title = 'fine'";
    const page = await context.newPage();
    browser.troubles.length = 0;
    await page.goto(address);
    expect(await page.locator('body').evaluate((body) => body.ownerDocument.title)).toBe('fine');
    expect(await page.evaluate('document.title')).toBe('fine');
    await context.close();
    expect(browser.troubles).toEqual([]);
  });

  async function troublesOf(mistake: string) {
    const context = await browser.newContext();
    script = mistake;
    browser.troubles.length = 0;
    const page = await context.newPage();
    await page.goto(address);
    await page.waitForTimeout(100);
    await context.close();
    return [...browser.troubles];
  }
});
