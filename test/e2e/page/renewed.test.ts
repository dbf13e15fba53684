import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing, DAEMON_AWAY } from './browser.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, personRow, press } from './screens.ts';
import { en } from './words.ts';

/** What Chromium writes of a file that is gone. */
const GONE = [/status of 404/, /ERR_FAILED/] as const;

/** So that parts come when they are shown, and not ahead of that. */
const NEVER_IDLE = 'globalThis.requestIdleCallback = () => 0; globalThis.cancelIdleCallback = () => {};';

/** Throws for a style sheet that did not come. */
const RULES_OF_SHOWN = `document.querySelector('link[rel="stylesheet"][href*="show-page-"]').sheet.cssRules.length`;

describe.skipIf(chromiumMissing() !== undefined)('a page that is older than its daemon', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice } = await twoFriends(stage));
  });
  afterAll(() => stage.close());

  it('says so in the place of a part that is gone, and keeps what is being written over the reload', async () => {
    await stage.browser.allowing(GONE, async () => {
      const page = await openPage();
      await composer(page).pressSequentially('half a thought');
      await rebuilt(page);
      await press(page, 'people.settings');
      const main = page.getByRole('main');
      await main.getByText(en('shell.part.renewed')).waitFor();
      await page.getByRole('banner').getByText(en('shell.banner.renewed')).waitFor();
      await personRow(page, 'Bob').waitFor();
      await page.unrouteAll();
      await main.getByRole('button', { name: en('shell.fault.do') }).click();
      await page.getByRole('heading', { name: en('settings.title') }).waitFor();
      await openChatWith(page, 'Bob');
      expect(await composer(page).inputValue()).toBe('half a thought');
      expect(await page.getByRole('banner').getByText(en('shell.banner.renewed')).count()).toBe(0);
      await page.context().close();
    });
  });

  it('fetches a part again when that is asked for', async () => {
    await stage.browser.allowing(GONE, async () => {
      const page = await openPage();
      await page.route('**/assets/settings-screen-*', (route) => route.abort());
      await press(page, 'people.settings');
      await page.getByText(en('shell.part.failed')).waitFor();
      expect(await page.getByRole('banner').getByText(en('shell.banner.renewed')).count()).toBe(0);
      await page.unrouteAll();
      await press(page, 'shell.try-again');
      await page.getByRole('heading', { name: en('settings.title') }).waitFor();
      await page.context().close();
    });
  });

  it('fetches by itself what it could not while the daemon was away', async () => {
    await stage.browser.allowing([...GONE, ...DAEMON_AWAY], async () => {
      const page = await openPage();
      await stage.stopDaemon('alice');
      await press(page, 'people.settings');
      await page.getByText(en('shell.part.away')).waitFor();
      alice = { ...alice, daemon: await stage.startDaemon('alice') };
      await page.getByRole('heading', { name: en('settings.title') }).waitFor();
      await page.context().close();
    });
  });

  it.each([
    ['words', '**/assets/page-texts-*'],
    ['program', '**/assets/show-page-*'],
  ])('says in both languages that not even its %s could be loaded', async (_what, files) => {
    await stage.browser.allowing(GONE, async () => {
      const context = await stage.newContext();
      const page = await context.newPage();
      await page.route(files, (route) => route.abort());
      await page.goto(await stage.link(alice.daemon));
      await page.getByText('The page could not be loaded completely.').waitFor();
      await page.getByText('页面没有加载完整').waitFor();
      await page.unrouteAll();
      await personRow(page, 'Bob').waitFor();
      expect(await page.evaluate(RULES_OF_SHOWN)).toBeGreaterThan(100);
      await context.close();
    });
  });

  it('notices when the daemon comes back with another page', async () => {
    await stage.browser.allowing(DAEMON_AWAY, async () => {
      const page = await openPage();
      await rebuilt(page);
      await stage.stopDaemon('alice');
      await page.getByRole('banner').getByText(en('shell.banner.daemon-lost')).waitFor();
      alice = { ...alice, daemon: await stage.startDaemon('alice') };
      await page.getByRole('banner').getByText(en('shell.banner.renewed')).waitFor();
      await page.context().close();
    });
  });

  it('says what to do when the daemon speaks another schema', async () => {
    const context = await stage.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/\/rpc$/, (socket) => {
      const daemon = socket.connectToServer();
      daemon.onMessage((message) => socket.send(message.toString().replace(/"schema":\d+/, '"schema":99')));
    });
    await page.goto(await stage.link(alice.daemon));
    await page.getByText(en('shell.closed.version-title')).waitFor();
    await page.getByRole('button', { name: en('shell.fault.do') }).waitFor();
    await context.close();
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  async function openPage(): Promise<Page> {
    const page = await stage.openPage(alice.daemon, { initScript: NEVER_IDLE });
    await openChatWith(page, 'Bob');
    return page;
  }
});

/** As after `build-page`: other names for all that changed, and the old ones gone. */
async function rebuilt(page: Page): Promise<void> {
  await page.route('**/assets/settings-screen-*', (route) => route.fulfill({ status: 404 }));
  await page.route(/:\d+\/$/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/index-[\w-]+\.js/, 'index-AnOthEr1.js');
    await route.fulfill({ response: answer, body });
  });
}
