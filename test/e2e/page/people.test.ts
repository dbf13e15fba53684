import { join } from 'node:path';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contactOf } from '../friends.ts';
import { eventually, PASSWORD } from '../stage.ts';
import { chromiumMissing, DAEMON_AWAY } from './browser.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { choose, composer, personRow, press, rows, rowWith, say, showList, shownAs } from './screens.ts';
import { en, pattern } from './words.ts';

/** Desktop notifications are let through, and counted. */
const NOTIFICATION_STUB = `globalThis.shown = [];
globalThis.Notification = class {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { globalThis.shown.push({ title, ...options }); }
  close() {}
};`;

describe.skipIf(chromiumMissing() !== undefined)('people who come, change and go, in the page', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let carol: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice } = await twoFriends(stage));
    carol = await stage.register('carol', 'Carol');
    page = await stage.openPage(alice.daemon, { initScript: NOTIFICATION_STUB });
    await personRow(page, 'Bob').waitFor();
  });
  afterAll(() => stage.close());

  it('shows of somebody who asks why one cannot write yet, and lets one once they are accepted', async () => {
    await carol.daemon.call('contact.add', { who: alice.id, text: 'from school' });
    await openByName('Carol');
    await main()
      .getByText(en('chat.closed.asking', { who: 'Carol' }))
      .waitFor();
    expect(await composer(page).count()).toBe(0);
    await main()
      .getByRole('button', { name: en('chat.accept'), exact: true })
      .click();
    await composer(page).waitFor();
    await say(page, 'welcome');
    await shownAs(page, 'welcome', 'delivered');
  });

  it('closes the conversation with who is blocked, and says how to open it', async () => {
    await composer(page).pressSequentially('unfinished');
    await page.keyboard.press('Control+.');
    await press(page, 'people.menu.block');
    await press(page, 'people.confirm.block-yes');
    await main()
      .getByText(en('chat.closed.blocked', { who: 'Carol' }))
      .waitFor();
    await rowWith(page, 'welcome').waitFor();
    await main()
      .getByRole('button', { name: en('chat.unblock'), exact: true })
      .click();
    await main()
      .getByText(en('chat.closed.blocked', { who: 'Carol' }))
      .waitFor({ state: 'detached' });
  });

  it('closes the conversation with who is no friend any more, and with who was asked', async () => {
    await eventually('nobody is blocked', async () => (await contactOf(alice.daemon, 'carol'))?.state !== 'blocked');
    if ((await contactOf(alice.daemon, 'carol'))?.state === 'member') {
      await press(page, 'people.menu.remove');
      await press(page, 'people.confirm.remove-yes');
    }
    await main()
      .getByText(en('chat.closed.removed', { who: 'Carol' }))
      .waitFor();
    expect(await menuOf('welcome')).toEqual([en('chat.copy'), en('chat.details'), en('chat.delete-here')]);
    await alice.daemon.call('contact.add', { who: carol.id, text: '' });
    await main()
      .getByText(en('chat.closed.asked', { who: 'Carol' }))
      .waitFor();
    await carol.daemon.call('contact.accept', { who: alice.id });
    await composer(page).waitFor();
    expect(await composer(page).inputValue()).toBe('unfinished');
    await composer(page).fill('');
    expect(await menuOf('welcome')).toEqual(
      expect.arrayContaining([en('chat.reply'), en('chat.edit'), en('chat.recall'), en('chat.copy')]),
    );
  });

  it('tells in a dialog how a message travelled, and asks before it recalls one', async () => {
    await openByName('Bob');
    await say(page, 'to be recalled');
    await shownAs(page, 'to be recalled', 'delivered');
    await choose(page, 'to be recalled', 'chat.details');
    const details = page.getByRole('dialog', { name: en('chat.details') });
    await details.getByText(en('chat.detail.device'), { exact: true }).waitFor();
    await details.getByText(pattern(en, 'chat.detail.state-value')).first().waitFor();
    await details.getByRole('button', { name: en('chat.close-details') }).click();
    await details.waitFor({ state: 'detached' });
    await choose(page, 'to be recalled', 'chat.recall');
    const asked = page.getByRole('dialog', { name: en('chat.recall-title') });
    await asked.getByRole('button', { name: en('chat.cancel') }).click();
    await rowWith(page, 'to be recalled').waitFor();
    await choose(page, 'to be recalled', 'chat.recall');
    await asked.getByRole('button', { name: en('chat.recall'), exact: true }).click();
    await rows(page).getByText(en('chat.recalled-own')).waitFor();
    expect(await rows(page).filter({ hasText: 'to be recalled' }).count()).toBe(0);
  });

  it('holds what is written to a friend whose key has changed until somebody has looked (R32)', async () => {
    await composer(page).pressSequentially('is it you?');
    const other = await stage.startDaemon('bob2');
    await other.call('account.login', {
      server: stage.server.address,
      trustFirst: false,
      account: 'bob',
      password: PASSWORD,
      newIdentity: true,
    });
    await page
      .getByRole('banner')
      .getByText(en('shell.banner.key-changed', { who: 'Bob' }))
      .waitFor();
    await main()
      .getByText(en('chat.closed.key-changed', { who: 'Bob' }))
      .waitFor();
    expect(await composer(page).count()).toBe(0);
    await showList(page, 'friends');
    await personRow(page, 'Bob').getByText(en('people.row.key-changed')).waitFor();
    await openByName('Carol');
    await page
      .getByRole('banner')
      .getByRole('button', { name: en('shell.banner.key-changed.do') })
      .click();
    const panel = page.getByRole('complementary');
    await panel.getByText(en('people.safety.changed', { who: 'Bob' })).waitFor();
    await panel.getByRole('button', { name: en('people.safety.refuse') }).click();
    await panel.getByText(en('people.safety.refuse-means', { who: 'Bob' })).waitFor();
    await panel.getByRole('button', { name: en('people.safety.accept'), exact: true }).click();
    await page
      .getByRole('banner')
      .getByText(en('shell.banner.key-changed', { who: 'Bob' }))
      .waitFor({ state: 'detached' });
    await composer(page).waitFor();
    expect(await composer(page).inputValue()).toBe('is it you?');
    await composer(page).press('Enter');
    await eventually('it arrives', async () => {
      const { items } = await other.call('message.list', { chat: alice.id, limit: 10 });
      return items.some((each) => each.text === 'is it you?');
    });
  });

  it('holds what is written to a friend whose list of devices is in doubt, and does not speak of another key', async () => {
    await stage.browser.allowing(DAEMON_AWAY, async () => {
      await stage.stopDaemon('alice');
      const store = await openSqlitePeerStore(join(stage.stage.path('alice'), 'profile.db'));
      await store.noteContact(Number(carol.id) as AccountNumber, { listBroken: true });
      await store.close();
      alice = { ...alice, daemon: await stage.startDaemon('alice') };
      await page
        .getByRole('banner')
        .getByText(en('shell.banner.list-broken', { who: 'Carol' }))
        .waitFor();
    });
    await openByName('Carol');
    await main()
      .getByText(en('chat.closed.list-broken', { who: 'Carol' }))
      .waitFor();
    await main()
      .getByRole('button', { name: en('chat.list-broken'), exact: true })
      .click();
    const panel = page.getByRole('complementary');
    await panel.getByText(en('people.safety.list-broken', { who: 'Carol' })).waitFor();
    await panel.getByRole('button', { name: en('people.safety.accept'), exact: true }).click();
    await composer(page).waitFor();
    expect(await page.getByText(en('shell.banner.key-changed', { who: 'Carol' })).count()).toBe(0);
  });

  it('takes a second device off the account', async () => {
    const { recoveryCode } = await alice.daemon.call('account.renewRecovery', {});
    const second = await stage.startDaemon('alice2');
    await second.call('account.login', {
      server: stage.server.address,
      trustFirst: false,
      account: 'alice',
      password: PASSWORD,
      label: 'laptop',
      recoveryCode,
    });
    await alice.daemon.call('account.recoveryKept', {});
    await press(page, 'people.settings');
    await main()
      .getByRole('button', { name: en('settings.devices'), exact: true })
      .click();
    await main()
      .getByRole('button', { name: en('settings.devices.revoke-label', { label: 'laptop' }) })
      .click();
    const asked = page.getByRole('dialog', { name: pattern(en, 'settings.devices.revoke-which') });
    await asked.getByRole('button', { name: en('settings.devices.revoke'), exact: true }).click();
    await asked.waitFor({ state: 'detached' });
    await eventually('it is out', async () => (await second.call('status', {})).server.state === 'signed-out');
    expect(
      await main()
        .getByRole('button', { name: en('settings.devices.revoke-label', { label: 'laptop' }) })
        .count(),
    ).toBe(0);
    const theirs = await stage.openPage(second);
    await theirs.getByRole('banner').getByText(en('shell.banner.signed-out')).first().waitFor();
    await theirs.context().close();
  });

  it('shows a notification to try what the desktop makes of it', async () => {
    await main()
      .getByRole('button', { name: en('settings.notifications'), exact: true })
      .click();
    await press(page, 'settings.notifications.test');
    await page.getByText(en('settings.notifications.test-sent')).waitFor();
    expect(await page.evaluate('globalThis.shown.length')).toBe(1);
  });

  it('is the same in two tabs: what is being written, and the language', async () => {
    const second = await stage.openTab(page.context(), alice.daemon);
    for (const tab of [page, second]) {
      await showList(tab, 'friends');
      await personRow(tab, 'Carol').getByRole('button').first().click();
      await composer(tab).waitFor();
    }
    await composer(second).pressSequentially('from the other tab');
    await eventually('the draft is here', async () => (await composer(page).inputValue()) === 'from the other tab');
    await composer(page).press('Enter');
    await eventually('it is gone there', async () => (await composer(second).inputValue()) === '');
    await rowWith(second, 'from the other tab').waitFor();
    await press(page, 'people.settings');
    await main()
      .getByRole('button', { name: en('settings.general'), exact: true })
      .click();
    await page.getByText('中文', { exact: false }).first().click();
    for (const tab of [page, second]) await tab.getByRole('tab', { name: /^好友/ }).waitFor();
    await page.getByText('English', { exact: true }).first().click();
    for (const tab of [page, second])
      await tab.getByRole('tab', { name: new RegExp(`^${en('people.tab.friends')}`) }).waitFor();
    await second.close();
  });

  it('deletes the account once its name and password were typed, and says how to begin anew', async () => {
    const theirs = await stage.openPage(carol.daemon);
    await press(theirs, 'people.settings');
    await theirs
      .getByRole('main')
      .getByRole('button', { name: en('settings.account'), exact: true })
      .click();
    await press(theirs, 'settings.delete');
    const asked = theirs.getByRole('dialog', { name: en('settings.delete.title', { name: 'carol' }) });
    const yes = asked.getByRole('button', { name: en('settings.delete.yes') });
    await asked.getByLabel(en('settings.delete.type-name', { name: 'carol' })).fill('carol');
    expect(await yes.isDisabled()).toBe(true);
    await asked.getByLabel(en('settings.delete.password'), { exact: true }).fill('not this one at all');
    await yes.click();
    await asked.getByRole('alert').waitFor();
    await asked.getByLabel(en('settings.delete.password'), { exact: true }).fill(PASSWORD);
    await yes.click();
    await asked.waitFor({ state: 'detached' });
    const banner = theirs.getByRole('banner');
    await banner.getByText(en('shell.banner.deleted')).waitFor();
    expect(await banner.getByRole('button').count()).toBe(0);
    expect(await theirs.getByRole('button', { name: en('settings.log-out'), exact: true }).count()).toBe(0);
    await theirs.context().close();
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  function main() {
    return page.getByRole('main');
  }

  /** What can be done with a message, in words. */
  async function menuOf(text: string): Promise<readonly string[]> {
    await rowWith(page, text).locator('[data-bubble]').click({ button: 'right' });
    await page.getByRole('menuitem', { name: en('chat.copy'), exact: true }).waitFor();
    const choices = await page.getByRole('menuitem').allTextContents();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    return choices;
  }

  /** As somebody does who knows whom they look for. */
  async function openByName(name: string): Promise<void> {
    const search = page.getByRole('navigation').getByRole('textbox', { name: en('people.search') });
    await search.fill(name);
    await personRow(page, name).getByRole('button').first().click();
    await page.getByRole('main', { name: en('shell.region.chat', { who: name }) }).waitFor();
    await search.fill('');
  }
});
