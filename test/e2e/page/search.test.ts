import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { fillProfile } from './filled-profile.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { openChatWith, rowWith } from './screens.ts';

describe.skipIf(chromiumMissing() !== undefined)('finding in the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    const { bob, ...people } = await twoFriends(stage);
    alice = people.alice;
    for (const text of ['一起去吃饭吗', 'the quarterly report is here', '饭后再说']) {
      await bob.daemon.call('message.send', { to: alice.id, text });
    }
    await eventually('alice has them', async () => (await alice.daemon.call('status', {})).unread.messages === 3);
    await stage.stopDaemon('alice');
    const longest = { chat: bob.id, messages: 1_000 };
    await fillProfile(stage.stage.path('alice'), { friends: 5, messages: 1_100, longest });
    page = await stage.openPage(await stage.startDaemon('alice'));
    await openChatWith(page, 'Bob');
  });
  afterAll(() => stage.close());

  it.each([
    ['吃饭', '一起去吃饭吗'],
    ['quarterly repo', 'the quarterly report is here'],
  ])('finds %s in a chat, and shows where it stands', async (words, text) => {
    await page.keyboard.press('Control+f');
    await page.getByRole('searchbox').or(page.getByRole('main').locator('input')).last().fill(words);
    await page.keyboard.press('Enter');
    await page.locator('[data-flash]').filter({ hasText: text }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
  });

  it('finds in all chats, and jumps to the message among its neighbours', async () => {
    await page.keyboard.press('Control+Shift+f');
    await page.getByRole('main').locator('input').first().fill('饭后');
    await page.getByRole('main').getByRole('button').filter({ hasText: '饭后再说' }).first().click();
    await page.locator('[data-flash]').filter({ hasText: '饭后再说' }).first().waitFor();
    await rowWith(page, 'the quarterly report is here').waitFor();
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));
});
