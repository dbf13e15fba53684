import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathTo } from '../friends.ts';
import { eventually } from '../stage.ts';
import { chromiumMissing, DAEMON_AWAY } from './browser.ts';
import { LogProbe } from './log-probe.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, personRow, press, rows, rowWith, say, showList, showNotices } from './screens.ts';
import { en } from './words.ts';

const PRESENCE_MS_MAX = 3_000;
const ROAD_MS_MAX = 2_000;
const RESTARTS = 5;

/** Counts what the page would show on the desktop. */
const NOTIFICATION_STUB = `globalThis.shown = [];
globalThis.Notification = class {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { Object.assign(this, { title, ...options }); globalThis.shown.push(this); }
  closed = false;
  close() { this.closed = true; }
  addEventListener(type, listener) { this['on' + type] = listener; }
  removeEventListener() {}
};`;

describe.skipIf(chromiumMissing() !== undefined)('the page and what is around it', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    await alice.daemon.call('message.send', { to: bob.id, text: 'first' });
    page = await stage.openPage(alice.daemon, {
      initScript: NOTIFICATION_STUB,
      preferences: { notifications: 'text', sound: false },
    });
    await openChatWith(page, 'Bob');
  });
  afterAll(() => stage.close());

  it('opens by a link that works once, and keeps nothing of it', async () => {
    const context = await stage.newContext();
    const link = await stage.link(alice.daemon);
    const first = await context.newPage();
    await first.goto(link);
    await personRow(first, 'Bob').waitFor();
    expect(new URL(first.url()).hash).toBe('');
    expect(await first.evaluate('document.cookie')).toBe('');
    await first.reload();
    await personRow(first, 'Bob').waitFor();
    await stage.browser.allowing([/401/], async () => {
      const second = await context.newPage();
      await second.goto(link);
      await second.getByText(en('shell.closed.spent-title')).waitFor();
      expect(new URL(second.url()).hash).toBe('');
    });
    await context.close();
  });

  it('tells a tab that was opened by its address alone how to open it', async () => {
    const context = await stage.newContext();
    const tab = await context.newPage();
    await tab.goto(new URL('/', page.url()).href);
    await tab.getByText(en('shell.closed.new-title')).waitFor();
    await tab
      .getByText(/magpie .*ui/)
      .first()
      .waitFor();
    await context.close();
  });

  it(`shows within ${PRESENCE_MS_MAX} ms how a friend is, in words`, async () => {
    await showList(page, 'friends');
    for (const presence of ['busy', 'away', 'online'] as const) {
      await bob.daemon.call('presence.set', { presence });
      await personRow(page, 'Bob')
        .getByText(en(`presence.${presence}`))
        .waitFor({ timeout: PRESENCE_MS_MAX });
      await page
        .getByRole('main')
        .getByText(en(`presence.${presence}`))
        .first()
        .waitFor({ timeout: PRESENCE_MS_MAX });
    }
  });

  it(`shows within ${ROAD_MS_MAX} ms of its change which road a chat takes, and says why`, async () => {
    await eventually('a direct path', async () => (await pathTo(alice.daemon, 'bob'))?.state === 'direct', 30_000);
    const badge = (words: RegExp) => page.getByRole('main').getByRole('button', { name: words });
    await badge(/Direct|Local network/).waitFor();
    const relayed = eventually(
      'the engine goes by relay',
      async () => (await pathTo(alice.daemon, 'bob'))?.path?.kind === 'relay',
      20_000,
    );
    await Promise.all([alice, bob].map((each) => each.daemon.call('debug.dropUdp', { drop: true })));
    await say(page, 'on the way');
    await relayed;
    await badge(new RegExp(en('road.relay'))).waitFor({ timeout: ROAD_MS_MAX });
    await badge(new RegExp(en('road.relay'))).hover();
    await page.getByText(en('chat.road-safe')).first().waitFor();
    // Only looked at, it takes no key away.
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: en('shell.switcher.label') }).waitFor();
    await page.keyboard.press('Escape');
    await badge(new RegExp(en('road.relay'))).click();
    await page.getByText(en('chat.road-safe')).first().waitFor();
    await page.keyboard.press('Escape');
    await Promise.all([alice, bob].map((each) => each.daemon.call('debug.dropUdp', { drop: false })));
  });

  it('shows a notice of the server, and no more when it was dismissed', async () => {
    const words = ['notice', 'send', 'Maintenance tonight.', '--data', stage.stage.path('server')];
    expect((await stage.stage.magpieServer(words)).code).toBe(0);
    const banner = page.getByRole('banner').getByText('Maintenance tonight.');
    await banner.waitFor();
    await press(page, 'shell.banner.notice.dismiss');
    await banner.waitFor({ state: 'detached' });
    await page.reload();
    await openChatWith(page, 'Bob');
    expect(await banner.count()).toBe(0);
    await showNotices(page);
    await page.getByRole('main').getByText('Maintenance tonight.').waitFor();
    await openChatWith(page, 'Bob');
  });

  it('notifies of what is not in view: once for a chat, taken back when it is read', async () => {
    await bob.daemon.call('message.send', { to: alice.id, text: 'in view' });
    await rowWith(page, 'in view').waitFor();
    await page.waitForTimeout(300);
    expect(await shown(page)).toEqual([]);
    await press(page, 'people.settings');
    await page.evaluate('document.hasFocus = () => false; dispatchEvent(new Event("blur"))');
    await bob.daemon.call('message.send', { to: alice.id, text: 'out of view' });
    await bob.daemon.call('message.send', { to: alice.id, text: 'and again' });
    await eventually('it notifies', async () => (await shown(page)).some((each) => each.body.includes('and again')));
    const tags = new Set((await shown(page)).map((each) => each.tag));
    expect(tags.size).toBe(1);
    expect((await shown(page)).at(-1)?.title).toContain('Bob');
    await page.evaluate('delete document.hasFocus; dispatchEvent(new Event("focus"))');
    await page.evaluate('globalThis.shown.at(-1).onclick?.(new Event("click"))');
    await rowWith(page, 'and again').waitFor();
    await eventually('it is withdrawn', async () => (await shown(page)).every((each) => each.closed));
  });

  it(`goes on by itself after ${RESTARTS} restarts of the daemon, and loses and doubles nothing`, async () => {
    const texts: string[] = [];
    await page.evaluate('globalThis.notReloaded = true');
    await stage.browser.allowing(DAEMON_AWAY, async () => {
      for (let n = 1; n <= RESTARTS; n++) {
        texts.push(`before stop ${n}.`, `while stopped ${n}.`, `from bob ${n}.`);
        await say(page, `before stop ${n}.`);
        await stage.stopDaemon('alice');
        await page.getByRole('banner').getByText(en('shell.banner.daemon-lost')).waitFor();
        await say(page, `while stopped ${n}.`);
        await bob.daemon.call('message.send', { to: alice.id, text: `from bob ${n}.` });
        alice = { ...alice, daemon: await stage.startDaemon('alice') };
        await page.getByRole('banner').getByText(en('shell.banner.daemon-lost')).waitFor({ state: 'detached' });
        await rowWith(page, `from bob ${n}.`).waitFor({ timeout: 15_000 });
      }
    });
    for (const text of texts) expect([text, await rows(page).filter({ hasText: text }).count()]).toEqual([text, 1]);
    const { items } = await alice.daemon.call('message.list', { chat: bob.id, limit: 200 });
    const kept = items.map((each) => each.id);
    const ids = await (await LogProbe.in(page)).ids();
    expect(ids).toEqual(kept.slice(-ids.length));
    await eventually('bob has them all', async () => {
      const list = await bob.daemon.call('message.list', { chat: alice.id, limit: 200 });
      return texts.every((text) => list.items.filter((each) => each.text === text).length === 1);
    });
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    expect(await composer(page).inputValue()).toBe('');
  });

  it('says when the server is away, and what is safe', async () => {
    process.kill(stage.server.pid, 'SIGTERM');
    await page.getByRole('banner').getByText(en('shell.banner.server-lost.safe')).first().waitFor({ timeout: 20_000 });
    await say(page, 'without a server');
    await rowWith(page, 'without a server').waitFor();
  });

  it('shows nothing any more when every page was closed', async () => {
    await stage.browser.allowing([/WebSocket/], async () => {
      await alice.daemon.call('page.closeAll', {});
      await page.getByText(en('shell.closed.ended-title')).waitFor();
    });
    expect(await page.getByText('Bob').count()).toBe(0);
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));
});

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly closed: boolean;
}

function shown(page: Page): Promise<readonly Shown[]> {
  return page.evaluate(
    'globalThis.shown.map(({ title, body, tag, closed }) => ({ title, body: body ?? "", tag, closed }))',
  );
}
