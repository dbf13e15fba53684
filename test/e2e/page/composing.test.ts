import type { CDPSession, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../stage.ts';
import { chromiumMissing, DAEMON_AWAY } from './browser.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { choose, composer, openChatWith, personRow, press, rows, rowWith, say, shownAs } from './screens.ts';
import { en } from './words.ts';

describe.skipIf(chromiumMissing() !== undefined)('writing in the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let page: Page;
  let theirs: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    // So that both have a conversation in their lists.
    await alice.daemon.call('message.send', { to: bob.id, text: 'first' });
    await eventually('bob has it', async () => (await bob.daemon.call('status', {})).unread.messages > 0);
    [page, theirs] = await Promise.all([stage.openPage(alice.daemon), stage.openPage(bob.daemon)]);
    await openChatWith(page, 'Bob');
    await openChatWith(theirs, 'Alice');
  });
  afterAll(() => stage.close());

  it('sends what was typed once, and shows each state in words', async () => {
    await say(page, 'one');
    await shownAs(page, 'one', 'read');
    await rowWith(theirs, 'one').waitFor();
    expect(await rows(page).filter({ hasText: 'one' }).count()).toBe(1);
    expect(await composer(page).inputValue()).toBe('');
  });

  it('never sends while an input method composes', async () => {
    const before = await rows(page).count();
    const keyboard: CDPSession = await page.context().newCDPSession(page);
    await composer(page).focus();
    await keyboard.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 });
    await page.keyboard.press('Enter');
    await page.waitForTimeout(200);
    expect(await rows(page).count()).toBe(before);
    await keyboard.send('Input.insertText', { text: '你好' });
    await page.keyboard.press('Enter');
    await rowWith(theirs, '你好').waitFor();
    expect(await rowWith(page, '你好').count()).toBe(1);
  });

  it('breaks the line with Shift+Enter, and sends with Ctrl+Enter when that is chosen', async () => {
    await composer(page).fill('upper');
    await composer(page).press('Shift+Enter');
    await composer(page).pressSequentially('lower');
    expect(await composer(page).inputValue()).toBe('upper\nlower');
    await press(page, 'chat.send-key');
    await page.getByRole('menuitemradio', { name: en('chat.send-ctrl-enter') }).click();
    await composer(page).press('Enter');
    await page.waitForTimeout(150);
    expect(await rows(page).filter({ hasText: 'upper' }).count()).toBe(0);
    // What was chosen is known again after a reload, and so is what was written.
    await page.reload();
    await openChatWith(page, 'Bob');
    await composer(page).press('Enter');
    await composer(page).press('Control+Enter');
    await rowWith(theirs, 'upper').waitFor();
    expect(await rows(page).filter({ hasText: 'upper' }).count()).toBe(1);
    await press(page, 'chat.send-key');
    await page.getByRole('menuitemradio', { name: en('chat.send-enter') }).click();
  });

  it('edits the last own message with Up', async () => {
    await say(page, 'at five?');
    await shownAs(page, 'at five?', 'read');
    await composer(page).press('ArrowUp');
    expect(await composer(page).inputValue()).toBe('at five?');
    await composer(page).fill('at six?');
    await composer(page).press('Enter');
    await rowWith(theirs, 'at six?').getByText(en('chat.edited')).waitFor();
    expect(await rows(theirs).filter({ hasText: 'at five?' }).count()).toBe(0);
  });

  it('answers, and a click on the answer leads to what it answers', async () => {
    await choose(theirs, 'at six?', 'chat.reply');
    await say(theirs, 'at six, fine');
    await rowWith(page, 'at six, fine').waitFor();
    await rowWith(page, 'at six, fine')
      .getByRole('button', { name: /at six\?/ })
      .click();
    await page.locator('[data-flash]').filter({ hasText: 'at six?' }).first().waitFor();
  });

  it('keeps the choice of reactions where it was opened, wherever the pointer goes', async () => {
    await openChoice('at six, fine', async (choice) => {
      await choice.getByText('👍').first().hover();
    });
  });

  it('keeps the choice of reactions where it was opened when the message is recalled meanwhile', async () => {
    await say(theirs, 'soon gone');
    await openChoice('soon gone', async () => {
      await choose(theirs, 'soon gone', 'chat.recall');
      await theirs
        .getByRole('dialog')
        .getByRole('button', { name: en('chat.recall'), exact: true })
        .click();
      await page.getByText(en('chat.recalled')).last().waitFor();
    });
  });

  it('reacts on both sides, and takes it back', async () => {
    await rowWith(page, 'at six, fine').hover();
    await rowWith(page, 'at six, fine')
      .getByRole('button', { name: en('chat.react') })
      .click();
    await page.getByRole('dialog').or(page.getByRole('menu')).getByText('👍').first().click();
    await rowWith(theirs, 'at six, fine').getByText('👍').waitFor();
    await rowWith(page, 'at six, fine').getByRole('button', { name: /👍/ }).click();
    await rowWith(theirs, 'at six, fine').getByText('👍').waitFor({ state: 'detached' });
  });

  it('nudges: both see it, and the button rests', async () => {
    await press(page, 'chat.nudge');
    await rowWith(theirs, en('chat.nudged-you', { who: 'Alice' })).waitFor();
    await rowWith(page, en('chat.nudged-them', { who: 'Bob' })).waitFor();
    expect(await page.getByRole('button', { name: en('chat.nudge'), exact: true }).isDisabled()).toBe(true);
  });

  it('recalls: nothing of the text is left on either side', async () => {
    await say(page, 'regretted words');
    await rowWith(theirs, 'regretted words').waitFor();
    await choose(page, 'regretted words', 'chat.recall');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: en('chat.recall'), exact: true })
      .click();
    await rowWith(page, en('chat.recalled-own')).waitFor();
    await rowWith(theirs, en('chat.recalled')).waitFor();
    for (const side of [page, theirs]) {
      const shown = side.locator('nav, main').getByText('regretted words');
      await eventually('it is shown nowhere', async () => (await shown.count()) === 0, 3_000);
    }
  });

  it('tells that the other one types', async () => {
    await composer(theirs).pressSequentially('hm');
    await page.getByRole('main').getByText(en('chat.typing')).first().waitFor({ state: 'attached' });
    await composer(theirs).fill('');
  });

  it('keeps a draft when one goes elsewhere, reloads, and restarts the daemon', async () => {
    await composer(page).fill('half a thought');
    await press(page, 'chat.menu');
    await page.getByRole('menuitem', { name: en('chat.close') }).click();
    await personRow(page, 'Bob').getByText(en('people.row.draft')).waitFor();
    await openChatWith(page, 'Bob');
    expect(await composer(page).inputValue()).toBe('half a thought');
    await page.reload();
    await openChatWith(page, 'Bob');
    await expectDraft(page);
    await stage.browser.allowing(DAEMON_AWAY, async () => {
      await stage.stopDaemon('alice');
      alice = { ...alice, daemon: await stage.startDaemon('alice') };
      await page.reload();
      await openChatWith(page, 'Bob');
      await expectDraft(page);
    });
    await composer(page).fill('');
  });

  it('shows why a message waits, and sends it when the friend is back', async () => {
    await stage.browser.allowing(DAEMON_AWAY, async () => {
      await stage.stopDaemon('bob');
      await alice.daemon.call('presence.set', { presence: 'offline' });
      await say(page, 'when you are there');
      await shownAs(page, 'when you are there', 'queued');
      await alice.daemon.call('presence.set', { presence: 'online' });
      await shownAs(page, 'when you are there', 'stored');
      bob = { ...bob, daemon: await stage.startDaemon('bob') };
      // His page may be back by now, too, and show it.
      const arrived = page.locator('[data-state="delivered"], [data-state="read"]');
      await rowWith(page, 'when you are there').and(arrived).waitFor();
    });
  });

  /** Beside its button, also after something has happened and the window has another size. */
  async function openChoice(text: string, meanwhile: (choice: Locator) => Promise<void>): Promise<void> {
    const button = rowWith(page, text).getByRole('button', { name: en('chat.react') });
    await rowWith(page, text).hover();
    const asked = await button.boundingBox();
    await button.click();
    const choice = page.getByRole('dialog').filter({ hasText: '👍' });
    await choice.waitFor();
    await meanwhile(choice);
    const size = page.viewportSize();
    if (!size) throw new Error('no size');
    await page.setViewportSize({ ...size, height: size.height + 40 });
    await page.waitForTimeout(300);
    const shown = await choice.boundingBox();
    if (!asked || !shown) throw new Error('nothing is shown');
    expect(shown.x).toBeLessThanOrEqual(asked.x);
    expect(shown.x + shown.width).toBeGreaterThanOrEqual(asked.x + asked.width);
    await page.setViewportSize(size);
    await page.keyboard.press('Escape');
    await choice.waitFor({ state: 'detached' });
  }

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));
});

async function expectDraft(page: Page): Promise<void> {
  await eventually('the draft is there', async () => (await composer(page).inputValue()) === 'half a thought', 5_000);
}
