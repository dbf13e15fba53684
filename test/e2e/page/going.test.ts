import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing } from './browser.ts';
import { fillProfile, nameOfFriend } from './filled-profile.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, personRow, press, rowWith, showList } from './screens.ts';
import { en } from './words.ts';

/** As a phone held upright. */
const PHONE = { width: 390, height: 800 } as const;

describe.skipIf(chromiumMissing() !== undefined)('going through the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    await stage.stopDaemon('alice');
    await fillProfile(stage.stage.path('alice'), {
      friends: 260,
      messages: 600,
      longest: { chat: bob.id, messages: 20 },
    });
    alice = { ...alice, daemon: await stage.startDaemon('alice') };
  });
  afterAll(() => stage.close());

  it('goes back from a panel to its conversation and from that to the list in a narrow window, and forward again', async () => {
    const page = await stage.openPage(alice.daemon, { viewport: PHONE });
    await openChatWith(page, 'Bob');
    await page.keyboard.press('Control+.');
    const panel = page.getByRole('complementary', { name: en('shell.region.about') });
    await panel.waitFor();
    await page.goBack();
    await panel.waitFor({ state: 'detached' });
    await composer(page).waitFor();
    await page.goBack();
    await personRow(page, 'Bob').waitFor();
    await composer(page).waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.dataset.row')).toBe(bob.id);
    await page.goForward();
    await composer(page).waitFor();
    expect(new URL(page.url()).hash + new URL(page.url()).search).toBe('');
    await page.context().close();
  });

  it('does not go through what was closed once more', async () => {
    const page = await stage.openPage(alice.daemon, { viewport: PHONE });
    const length = () => page.evaluate<number>('history.length');
    await personRow(page, 'Bob').waitFor();
    const before = await length();
    for (let n = 0; n < 3; n++) {
      await openChatWith(page, 'Bob');
      await press(page, 'shell.back');
      await personRow(page, 'Bob').waitFor();
      await press(page, 'people.settings');
      await press(page, 'shell.back');
      await personRow(page, 'Bob').waitFor();
    }
    expect(await length()).toBe(before + 1);
    await page.context().close();
  });

  it('goes back to the conversation and the screen before in a wide window', async () => {
    const page = await stage.openPage(alice.daemon);
    await openChatWith(page, 'Bob');
    await showList(page, 'friends');
    await press(page, 'people.settings');
    await page.getByRole('heading', { name: en('settings.title') }).waitFor();
    await page.getByRole('navigation').getByRole('textbox').fill(nameOfFriend(0));
    await personRow(page, nameOfFriend(0)).getByRole('button').first().click();
    await isOpen(page, nameOfFriend(0));
    await page.goBack();
    await page.getByRole('heading', { name: en('settings.title') }).waitFor();
    await page.goBack();
    await isOpen(page, 'Bob');
    await page.goForward();
    await page.goForward();
    await isOpen(page, nameOfFriend(0));
    await page.context().close();
  });

  it('leaves out the conversations that were only passed by', async () => {
    const page = await stage.openPage(alice.daemon);
    await openChatWith(page, 'Bob');
    await page.waitForTimeout(700);
    const length = () => page.evaluate<number>('history.length');
    const before = await length();
    for (let n = 0; n < 12; n++) await page.keyboard.press('Alt+ArrowDown');
    await page.waitForTimeout(200);
    expect(await length()).toBeLessThanOrEqual(before + 3);
    expect(await page.getByRole('main', { name: en('shell.region.chat', { who: 'Bob' }) }).count()).toBe(0);
    await page.context().close();
  });

  it('shows after a reload what was open, with what was being written', async () => {
    const page = await stage.openPage(alice.daemon);
    await openChatWith(page, 'Bob');
    await composer(page).pressSequentially('not yet sent');
    await page.reload();
    await isOpen(page, 'Bob');
    expect(await composer(page).inputValue()).toBe('not yet sent');
    await composer(page).fill('');
    await page.context().close();
  });

  it('leads from the search of people to the messages with what was typed, also while it is open', async () => {
    const page = await stage.openPage(alice.daemon);
    const people = page.getByRole('navigation').getByRole('textbox');
    const found = page.getByRole('main').getByRole('searchbox');
    for (const words of ['message', 'people']) {
      await people.fill(words);
      await press(page, 'people.search.messages');
      await found.waitFor();
      await page.getByRole('main').locator('[data-result]').first().waitFor();
      expect(await found.inputValue()).toBe(words);
    }
    await page.getByRole('main').locator('[data-result]').first().click();
    await composer(page).waitFor();
    await page.goBack();
    await page.getByRole('main').locator('[data-result]').first().waitFor();
    expect(await found.inputValue()).toBe('people');
    await page.context().close();
  });

  it('says of each row of a long list which one of how many it is', async () => {
    const page = await stage.openPage(alice.daemon);
    await showList(page, 'friends');
    await personRow(page, 'Bob').waitFor();
    const items = page.getByRole('tabpanel').getByRole('listitem');
    const [first, second] = await Promise.all([items.nth(0), items.nth(1)].map(placeOf));
    expect(first?.place).toBe(1);
    expect(second?.place).toBe(2);
    // The friends and the heads of their groups.
    expect(first?.count).toBeGreaterThan(261);
    expect(await items.count()).toBeLessThan(first!.count);
    await page.context().close();
  });

  it('follows the end where all is in view, so that nothing is said to be below', async () => {
    const carol = await stage.register('carol', 'Carol');
    await stage.befriend(carol, alice);
    await carol.daemon.call('message.send', { to: alice.id, text: 'while away' });
    const page = await stage.openPage(alice.daemon, { viewport: PHONE });
    await openChatWith(page, 'Bob');
    await press(page, 'shell.back');
    await personRow(page, 'Carol')
      .getByText(en('people.row.unread', { count: 1 }))
      .waitFor({ state: 'attached' });
    await openChatWith(page, 'Carol');
    await page.getByText(en('chat.new-messages'), { exact: true }).waitFor();
    await carol.daemon.call('message.send', { to: alice.id, text: 'one more' });
    await rowWith(page, 'one more').waitFor();
    await page.waitForTimeout(300);
    expect(await page.getByRole('button', { name: en('chat.jump-new', { count: 1 }) }).count()).toBe(0);
    expect(await page.getByRole('button', { name: en('chat.jump'), exact: true }).count()).toBe(0);
    await page.context().close();
  });

  it('stays where it is when a file is dropped anywhere, and says that files cannot be sent yet', async () => {
    const page = await stage.openPage(alice.daemon);
    await personRow(page, 'Bob').waitFor();
    await page.evaluate('globalThis.notLeft = true');
    await dropFile(page, 100, 400);
    await page.getByText(en('shell.drop.title')).waitFor();
    await openChatWith(page, 'Bob');
    await dropFile(page, 800, 400);
    await page.getByText(en('chat.no-files')).waitFor();
    const field = await composer(page).boundingBox();
    await dropFile(page, field!.x + 20, field!.y + 10);
    await page.waitForTimeout(200);
    expect(await page.evaluate('globalThis.notLeft')).toBe(true);
    expect(await composer(page).inputValue()).toBe('');
    await page.context().close();
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  /** As the system brings it: a real file, dragged in and let go. */
  async function dropFile(page: Page, x: number, y: number): Promise<void> {
    const input = await page.context().newCDPSession(page);
    const data = { items: [], files: [stage.stage.path('password')], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await input.send('Input.dispatchDragEvent', { type, x, y, data });
    }
    await input.detach();
  }
});

function isOpen(page: Page, name: string): Promise<void> {
  return page.getByRole('main', { name: en('shell.region.chat', { who: name }) }).waitFor();
}

async function placeOf(item: ReturnType<Page['locator']>): Promise<{ readonly place: number; readonly count: number }> {
  const [place, count] = await Promise.all([item.getAttribute('aria-posinset'), item.getAttribute('aria-setsize')]);
  return { place: Number(place), count: Number(count) };
}
