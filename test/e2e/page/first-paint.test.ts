import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RpcConnection } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { PageStage } from './page-stage.ts';

const LIGHT = 'rgb(245, 247, 250)';
const DARK = 'rgb(15, 18, 22)';

/** The page before its own program runs, which here never comes: what stands then is the first that anybody sees. */
describe.skipIf(chromiumMissing() !== undefined)('the first that is painted', () => {
  let stage: PageStage;
  let daemon: RpcConnection;
  beforeAll(async () => {
    stage = await PageStage.open();
    daemon = await stage.startDaemon('nobody');
  });
  afterAll(() => stage.close());

  it.each([
    ['what the system has', 'light', undefined, { background: LIGHT, lang: 'en' }],
    ['what the system has', 'dark', {}, { background: DARK, lang: 'en' }],
    ['what was chosen', 'light', { theme: 'dark', language: 'zh-CN' }, { background: DARK, lang: 'zh-CN' }],
    ['what was chosen', 'dark', { theme: 'light', language: 'en' }, { background: LIGHT, lang: 'en' }],
  ] as const)('is %s, in colour and language: %s', async (_what, colorScheme, preferences, expected) => {
    const context = await stage.newContext({ colorScheme, ...(preferences && { preferences }) });
    await context.route(/\/assets\/.*\.js$/, (route) => route.abort());
    const page = await context.newPage();
    // Chromium says so when it likes, also after the page is there.
    await stage.browser.allowing([/Failed to load resource/], async () => {
      await page.goto(await stage.link(daemon));
      expect(
        await page.evaluate(`({
          background: getComputedStyle(document.documentElement).backgroundColor,
          lang: document.documentElement.lang,
        })`),
      ).toEqual(expected);
      await context.close();
    });
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));
});
