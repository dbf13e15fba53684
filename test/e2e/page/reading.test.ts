import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { fillProfile } from './filled-profile.ts';
import { LogProbe } from './log-probe.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, personRow, rows, rowWith, say, showList } from './screens.ts';
import { en } from './words.ts';

const LONG_AGO = 900;
const WHILE_AWAY = 30;

describe.skipIf(chromiumMissing() !== undefined)('reading in the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    await stage.stopDaemon('alice');
    const longest = { chat: bob.id, messages: LONG_AGO };
    await fillProfile(stage.stage.path('alice'), { friends: 3, messages: LONG_AGO + 30, longest });
    alice = { ...alice, daemon: await stage.startDaemon('alice') };
    for (let n = 1; n <= WHILE_AWAY; n++) await fromBob(`while away ${n}.`);
    await eventually('alice has them', async () => (await unreadOfBob()) === WHILE_AWAY);
    context = await stage.newContext();
    page = await stage.openTab(context, alice.daemon);
  });
  afterAll(() => stage.close());

  it('shows how much is unread, in the list and in the title', async () => {
    await personRow(page, 'Bob')
      .getByText(en('people.row.unread', { count: WHILE_AWAY }))
      .waitFor({ state: 'attached' });
    const counted = `(${WHILE_AWAY}) `;
    await eventually('the title counts', async () => (await page.title()).startsWith(counted), 3_000);
  });

  it('opens where the unread messages begin, under a line that stays', async () => {
    await openChatWith(page, 'Bob');
    const divider = page.getByRole('main').getByText(en('chat.new-messages'), { exact: true });
    await divider.waitFor();
    await expectInView(page, divider);
    await eventually('all is read', async () => {
      await (await LogProbe.in(page)).scrollToEnd();
      return (await unreadOfBob()) === 0;
    });
    expect(await divider.count()).toBe(1);
    await eventually('the title is quiet', async () => !(await page.title()).startsWith('('), 3_000);
  });

  it('forgets the line when the chat is left', async () => {
    await showList(page, 'chats');
    await page
      .getByRole('navigation')
      .getByRole('listitem')
      .filter({ hasNotText: 'Bob' })
      .first()
      .getByRole('button')
      .click();
    await openChatWith(page, 'Bob');
    await rows(page).last().waitFor();
    expect(await page.getByRole('main').getByText(en('chat.new-messages'), { exact: true }).count()).toBe(0);
    await page.waitForTimeout(200);
    expect(await (await LogProbe.in(page)).fromEnd()).toBeLessThan(2);
  });

  it('stays at the end while one is there, also when the last row grows', async () => {
    const log = await LogProbe.in(page);
    await log.scrollToEnd();
    await fromBob('at the end');
    await rowWith(page, 'at the end').waitFor();
    await page.waitForTimeout(100);
    expect(await log.fromEnd()).toBeLessThan(2);
    await rowWith(page, 'at the end')
      .locator('[data-bubble]')
      .evaluate((bubble) => {
        bubble.style.minHeight = '240px';
      });
    await page.waitForTimeout(100);
    expect(await log.fromEnd()).toBeLessThan(2);
  });

  it('does not go back to the end when a row is drawn again before the browser has told of the scrolling', async () => {
    const log = await LogProbe.in(page);
    await log.scrollToEnd();
    expect(await log.fromEndAfterScrollAndFocus(300)).toBeGreaterThan(290);
    await log.scrollToEnd();
  });

  it('does not move what one reads when a message comes, and a pill leads to the newest', async () => {
    const log = await LogProbe.in(page);
    await log.scrollUpBy(2_000);
    const { id, top } = await log.rowInView();
    await fromBob('one more below');
    await fromBob('and another below');
    const pill = page.getByRole('main').getByRole('button', { name: en('chat.jump-new', { count: 2 }) });
    await pill.waitFor();
    expect(await log.topOf(id)).toBe(top);
    await pill.click();
    await page.waitForTimeout(300);
    expect(await log.fromEnd()).toBeLessThan(2);
    await expectInView(page, rowWith(page, 'and another below'));
  });

  it('does not move what one reads when a row below the end of the view grows late, or one above it whose height was kept', async () => {
    const log = await LogProbe.in(page);
    await log.scrollUpBy(3_000);
    const { id, top } = await log.rowInView();
    await page.locator('main ol').evaluate((list, seen) => {
      const all = [...list.children];
      const at = all.findIndex((row) => row.dataset.row === seen);
      // A picture's place is kept by its size before it comes: what fills it changes no height.
      const above = all[at - 3].querySelector('[data-bubble]') ?? all[at - 3];
      above.style.minHeight = `${above.getBoundingClientRect().height}px`;
      above.append(Object.assign(list.ownerDocument.createElement('canvas'), { width: 1, height: 1 }));
      const below = all[at + 8].querySelector('[data-bubble]') ?? all[at + 8];
      below.style.minHeight = '300px';
    }, id);
    await page.waitForTimeout(100);
    expect(Math.abs((await log.topOf(id)) - top)).toBe(0);
  });

  it('does not move what one reads when older messages come before it', async () => {
    const log = await LogProbe.in(page);
    for (const place of [300, 0, 120]) {
      const drift = await log.driftOnPrepend(place);
      expect(drift).toEqual({ prepended: true, worst: 0 });
    }
    expect(await log.rowCount()).toBeLessThanOrEqual(400);
  });

  it('leads back to the newest row from far away', async () => {
    await page
      .getByRole('main')
      .getByRole('button', { name: en('chat.jump'), exact: true })
      .click();
    await rowWith(page, 'and another below').waitFor();
    await page.waitForTimeout(300);
    const log = await LogProbe.in(page);
    expect(await log.fromEnd()).toBeLessThan(2);
    const ids = await log.ids();
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('jumps to the end with an own message', async () => {
    const log = await LogProbe.in(page);
    await log.scrollUpBy(3_000);
    await say(page, 'from up here');
    await rowWith(page, 'from up here').waitFor();
    await page.waitForTimeout(100);
    expect(await log.fromEnd()).toBeLessThan(2);
  });

  it('scrolls by keys while one writes', async () => {
    const log = await LogProbe.in(page);
    await composer(page).focus();
    await page.keyboard.press('PageUp');
    await page.waitForTimeout(400);
    expect(await log.fromEnd()).toBeGreaterThan(100);
    await page.keyboard.press('Control+End');
    await page.waitForTimeout(400);
    expect(await log.fromEnd()).toBeLessThan(2);
  });

  it('does not read in a window without focus, nor in a hidden tab, though it follows the end', async () => {
    const focus = await context.newCDPSession(page);
    await focus.send('Emulation.setFocusEmulationEnabled', { enabled: false });
    const other = await stage.browser.newContext();
    await (await other.newPage()).bringToFront();
    await eventually('it has no focus', async () => !(await page.evaluate('document.hasFocus()')), 3_000).catch(() =>
      page.evaluate('document.hasFocus = () => false; dispatchEvent(new Event("blur"))'),
    );
    await fromBob('behind another window');
    await rowWith(page, 'behind another window').waitFor();
    await page.waitForTimeout(900);
    expect(await unreadOfBob()).toBe(1);
    expect(await (await LogProbe.in(page)).fromEnd()).toBeLessThan(2);
    await other.close();
    await focus.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.evaluate('delete document.hasFocus');
    await page.bringToFront();
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await eventually('it is read', async () => (await unreadOfBob()) === 0);

    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'))`);
    await fromBob('while hidden');
    await rowWith(page, 'while hidden').waitFor();
    await page.waitForTimeout(900);
    expect(await unreadOfBob()).toBe(1);
    expect(await (await LogProbe.in(page)).fromEnd()).toBeLessThan(2);
    await page.evaluate(`delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))`);
    await eventually('it is read', async () => (await unreadOfBob()) === 0);
  });

  it('agrees with another tab and with the command line', async () => {
    const second = await stage.openTab(context, alice.daemon);
    await showList(second, 'chats');
    await page
      .getByRole('navigation')
      .getByRole('listitem')
      .filter({ hasNotText: 'Bob' })
      .first()
      .getByRole('button')
      .click();
    await fromBob('for two tabs');
    const badge = en('people.row.unread', { count: 1 });
    for (const tab of [page, second]) await personRow(tab, 'Bob').getByText(badge).waitFor({ state: 'attached' });
    await openChatWith(second, 'Bob');
    for (const tab of [page, second]) await personRow(tab, 'Bob').getByText(badge).waitFor({ state: 'detached' });
    const { json } = await stage.stage.magpie('alice', ['status', '--json']);
    expect(json).toMatchObject({ unread: { chats: 0, messages: 0 } });
    await second.close();
  });

  it('tells screen readers of a new message once, and without a time', async () => {
    await openChatWith(page, 'Bob');
    await fromBob('heard once');
    await rowWith(page, 'heard once').waitFor();
    const announced = page.getByRole('log').getByText(/heard once/);
    await announced.waitFor({ state: 'attached' });
    expect(await announced.count()).toBe(1);
    expect(await page.getByRole('log').textContent()).not.toMatch(/\d{1,2}:\d{2}/);
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  async function fromBob(text: string): Promise<void> {
    await bob.daemon.call('message.send', { to: alice.id, text });
  }

  async function unreadOfBob(): Promise<number> {
    const { items } = await alice.daemon.call('contact.list', {});
    return items.find((item) => item.id === bob.id)?.unread ?? 0;
  }
});

async function expectInView(page: Page, element: ReturnType<Page['locator']>): Promise<void> {
  const [box, log] = await Promise.all([element.boundingBox(), page.locator('main section').first().boundingBox()]);
  expect(box!.y).toBeGreaterThanOrEqual(log!.y);
  expect(box!.y + box!.height).toBeLessThanOrEqual(log!.y + log!.height + 1);
}
