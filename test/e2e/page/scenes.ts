import type { PageKey } from '@magpie/common/i18n/page-translator.ts';
import type { Locator, Page } from 'playwright-core';
import { PASSWORD, type RpcConnection } from '../stage.ts';
import { NORAS, type PeopleOfScenes } from './scene-stage.ts';
import { composer, openChatWith, personRow, rowWith, showList, showNotices } from './screens.ts';
import type { Words } from './words.ts';

/** In whose page a scene is seen: the names of `PeopleOfScenes`, and somebody who comes for one look only. */
export type Tab = 'alice' | 'nora' | 'oscar' | 'guest' | 'newcomer';

export interface Shown {
  readonly page: Page;
  readonly words: Words;
  readonly people: PeopleOfScenes;
  /** Whose page it is. */
  readonly daemon: RpcConnection;
}

/** One screen of the page, reached from any other of its tab. */
export interface Scene {
  readonly name: string;
  readonly show: (shown: Shown) => Promise<void>;
  /** Makes good what cannot stay for the scenes that follow, or for the next look. */
  readonly after?: (shown: Shown) => Promise<void>;
}

/** All that is seen in each tab, in this order. */
export const SCENES: Readonly<Record<Tab, readonly Scene[]>> = {
  alice: [
    {
      name: 'empty',
      show: async ({ page, words }) => {
        // In a narrow window the list is all there is, and what is beside it is there unseen.
        await page
          .getByRole('img', { name: words('people.my-link.qr'), includeHidden: true })
          .waitFor({ state: 'attached' });
      },
    },
    { name: 'friends', show: ({ page, words }) => showList(page, 'friends', words) },
    { name: 'requests', show: ({ page, words }) => showList(page, 'requests', words) },
    { name: 'chats', show: ({ page, words }) => showList(page, 'chats', words) },
    { name: 'list-search', show: ({ page, words }) => searchBox(page, words).fill('o') },
    { name: 'presence', show: ({ page, words }) => button(page, words, 'people.self.presence', false).click() },
    { name: 'status-line', show: ({ page, words }) => button(page, words, 'people.self.status', false).click() },
    { name: 'row-menu', show: ({ page }) => personRow(page, 'Bob').getByRole('button').click({ button: 'right' }) },
    personDialog('remark', 'people.menu.remark'),
    personDialog('group', 'people.menu.group'),
    personDialog('block', 'people.menu.block'),
    personDialog('remove', 'people.menu.remove'),
    personDialog('history', 'people.menu.history'),
    { name: 'add-friend', show: addFriend },
    {
      name: 'add-friend-found',
      show: async (shown) => {
        await addFriend(shown);
        await lookUp(shown, 'olive');
        await button(shown.page, shown.words, 'people.add.ask', false, { who: NORAS.lacking }).waitFor();
      },
    },
    {
      name: 'add-friend-nobody',
      show: async (shown) => {
        await addFriend(shown);
        await lookUp(shown, 'nobody_at_all');
        await shown.page.getByRole('alert').first().waitFor();
      },
    },
    {
      name: 'notices',
      show: async ({ page, words }) => {
        await showNotices(page, words);
        await page.getByRole('main').getByRole('listitem').first().waitFor();
      },
    },
    ...(['general', 'notifications', 'privacy', 'account', 'devices', 'storage'] as const).map(settings),
    ...(['network', 'keyboard', 'about'] as const).map(settings),
    settingsDialog('log-out', 'account', 'settings.log-out'),
    settingsDialog('delete-account', 'account', 'settings.delete'),
    settingsDialog('close-pages', 'about', 'settings.close-pages.do'),
    { name: 'chat', show: showChat },
    {
      name: 'chat-about',
      show: async (shown) => {
        await showChat(shown);
        await shown.page.keyboard.press('Control+.');
        await shown.page
          .getByRole('complementary')
          .getByRole('list', { name: shown.words('people.safety.digits') })
          .waitFor();
      },
    },
    {
      name: 'find',
      show: async (shown) => {
        await showChat(shown);
        await shown.page.keyboard.press('Control+f');
        await shown.page.getByRole('searchbox', { name: shown.words('chat.find-field') }).fill('word');
        await shown.page.getByRole('search').getByRole('listitem').first().waitFor();
      },
    },
    {
      name: 'search',
      show: async ({ page, words }) => {
        await page.keyboard.press('Control+Shift+f');
        await page.getByRole('searchbox', { name: words('chat.search-field') }).fill('六');
        await page.getByRole('search').getByRole('listitem').first().waitFor();
      },
    },
    {
      name: 'switcher',
      show: async ({ page }) => {
        await page.keyboard.press('Control+k');
        await page.getByRole('option').first().waitFor();
      },
    },
    { name: 'keys', show: ({ page }) => page.keyboard.press('Control+/') },
    {
      name: 'chat-menu',
      show: async (shown) => {
        await showChat(shown);
        await button(shown.page, shown.words, 'chat.menu').click();
        await shown.page.getByRole('menu').waitFor();
      },
    },
    {
      name: 'chat-delete',
      show: async (shown) => {
        await showChat(shown);
        await button(shown.page, shown.words, 'chat.menu').click();
        await menuItem(shown, 'chat.delete-all').click();
        await shown.page.getByRole('dialog').waitFor();
      },
    },
    {
      name: 'send-key',
      show: async (shown) => {
        await showChat(shown);
        await button(shown.page, shown.words, 'chat.send-key').click();
        await shown.page.getByRole('menu').waitFor();
      },
    },
    { name: 'message-menu', show: (shown) => messageMenu(shown, 'report.pdf') },
    messageScene('reply', 'chat.reply', ({ page }) => composer(page)),
    messageScene('edit', 'chat.edit', ({ page }) => composer(page)),
    messageScene('details', 'chat.details', ({ page }) => page.getByRole('dialog')),
    messageScene('recall', 'chat.recall', ({ page }) => page.getByRole('dialog')),
    messageScene('reactions', 'chat.react-more', ({ page }) => page.locator('[data-emoji]').first()),
    {
      name: 'emoji',
      show: async (shown) => {
        await showChat(shown);
        await button(shown.page, shown.words, 'chat.emoji').click();
        await shown.page.locator('[data-emoji]').first().waitFor();
      },
    },
    {
      name: 'road',
      show: async (shown) => {
        await showChat(shown);
        await roadBadge(shown).click();
        await shown.page.getByText(shown.words('chat.road-safe')).waitFor();
      },
    },
    {
      name: 'hint',
      show: async (shown) => {
        await showChat(shown);
        await button(shown.page, shown.words, 'chat.menu').focus();
        await button(shown.page, shown.words, 'chat.emoji').hover();
        await shown.page.waitForTimeout(500);
      },
      after: ({ page }) => page.mouse.move(0, 0),
    },
    {
      name: 'toast',
      show: async (shown) => {
        const { alice, erin } = shown.people;
        await showChat(shown);
        await erin.daemon.call('message.send', { to: alice.id, text: 'Lunch? 一起吃饭吗？' });
        await shown.page.getByRole('region', { name: shown.words('shell.toasts') }).waitFor();
      },
    },
    {
      name: 'unread',
      show: async ({ page, words }) => {
        await showList(page, 'chats', words);
        await openChatWith(page, 'Erin');
        await page.locator('[data-divider]').waitFor();
      },
    },
  ],
  nora: [
    { name: 'warnings', show: ({ page, words }) => showList(page, 'chats', words) },
    { name: 'friends-troubled', show: ({ page, words }) => showList(page, 'friends', words) },
    norasChat('key-changed', NORAS.changed, 'chat.closed.key-changed'),
    norasAbout('key-changed-about', NORAS.changed, 'people.safety.changed'),
    norasChat('list-in-doubt', NORAS.doubtful, 'chat.closed.list-broken'),
    norasAbout('list-in-doubt-about', NORAS.doubtful, 'people.safety.list-broken'),
    norasChat('blocked', NORAS.blocked, 'chat.closed.blocked'),
    norasChat('removed', NORAS.removed, 'chat.closed.unknown'),
    norasChat('asking', NORAS.asking, 'chat.closed.asking'),
    norasChat('asked', NORAS.asked, 'chat.closed.asked'),
    {
      name: 'revoke-device',
      show: async (shown) => {
        await settings('devices').show(shown);
        await button(shown.page, shown.words, 'settings.devices.revoke-label', false, { label: 'phone' }).click();
        await shown.page.getByRole('dialog').waitFor();
      },
    },
    {
      name: 'approval-code',
      show: async (shown) => {
        await settings('devices').show(shown);
        await button(shown.page, shown.words, 'settings.approve.make').click();
        await button(shown.page, shown.words, 'settings.approve.withdraw').waitFor();
      },
      after: ({ page, words }) => button(page, words, 'settings.approve.withdraw').click(),
    },
    {
      name: 'recovery-renewed',
      show: async (shown) => {
        await settings('devices').show(shown);
        await button(shown.page, shown.words, 'settings.recovery.renew').click();
        await button(shown.page, shown.words, 'settings.recovery.keep').waitFor();
      },
    },
    {
      name: 'missing',
      show: async (shown) => {
        await openPerson(shown, NORAS.lacking);
        await shown.page
          .getByRole('main')
          .getByText(shown.words('chat.missing', { count: 2, who: NORAS.lacking }))
          .waitFor({ timeout: 30_000 });
      },
    },
  ],
  oscar: [
    { name: 'logged-out', show: ({ page, words }) => page.getByText(words('shell.banner.signed-out')).waitFor() },
    {
      name: 'log-in-again',
      show: async ({ page, words }) => {
        await button(page, words, 'shell.banner.log-in').click();
        await page.getByText(words('sign-in.log-in.back-title', { name: 'oscar' })).waitFor();
      },
    },
  ],
  guest: [
    { name: 'register', show: ({ page, words }) => button(page, words, 'sign-in.register.do').waitFor() },
    {
      name: 'register-wrong',
      show: async ({ page, words }) => {
        await field(page, words, 'sign-in.name').fill('9lives');
        await field(page, words, 'sign-in.password').fill('short');
        await page.getByText(words('sign-in.password.short')).waitFor();
      },
    },
    { name: 'log-in', show: ({ page, words }) => button(page, words, 'sign-in.to-log-in').first().click() },
    {
      name: 'log-in-wrong',
      show: async ({ page, words, people }) => {
        await field(page, words, 'sign-in.server').fill(people.stage.server.address);
        await field(page, words, 'sign-in.account').fill('dave');
        await field(page, words, 'sign-in.password').fill('nine loud magpies');
        await button(page, words, 'sign-in.log-in.do').click();
        await page.getByRole('alert').first().waitFor();
      },
    },
    {
      name: 'new-device',
      show: async ({ page, words }) => {
        await field(page, words, 'sign-in.password').fill(PASSWORD);
        await button(page, words, 'sign-in.log-in.do').click();
        await page.getByText(words('sign-in.new-device.title')).waitFor();
      },
      after: ({ page, words }) => button(page, words, 'sign-in.back').click(),
    },
    { name: 'recover', show: ({ page, words }) => button(page, words, 'sign-in.to-recover').click() },
    {
      name: 'unknown-key',
      show: async (shown) => {
        const { page, words, people } = shown;
        await button(page, words, 'sign-in.to-register').first().click();
        await fillRegister(shown, people.stage.server.address.replace(/#.*/, ''));
        await page.getByText(words('sign-in.unknown-key.title')).waitFor();
      },
      after: ({ page, words }) => button(page, words, 'sign-in.unknown-key.refuse').click(),
    },
  ],
  newcomer: [
    {
      name: 'recovery-code',
      show: async (shown) => {
        const { page, words, people } = shown;
        await fillRegister(shown, people.stage.server.address);
        await page.getByText(words('sign-in.recovery.title')).waitFor();
      },
    },
    {
      name: 'account-deleted',
      show: async ({ page, words, daemon }) => {
        await daemon.call('account.delete', { password: PASSWORD });
        await page.reload();
        await page.getByText(words('shell.banner.deleted')).waitFor();
      },
    },
  ],
};

/** Closes what is open over the page, and in a narrow window goes back to the list. */
export async function clear({ page, words }: Shown): Promise<void> {
  for (let n = 0; n < 4; n++) await page.keyboard.press('Escape');
  // What closes gives the focus back, and would take it from what is opened too soon.
  await page.locator('[role="dialog"], [role="menu"]').waitFor({ state: 'detached' });
  await page.waitForTimeout(60);
  const back = button(page, words, 'shell.back');
  if (await back.isVisible()) await back.click();
  const box = searchBox(page, words);
  if ((await box.isVisible()) && (await box.inputValue()) !== '') await box.fill('');
}

function settings(section: SettingsSection): Scene {
  return {
    name: `settings-${section}`,
    show: async ({ page, words }) => {
      await button(page, words, 'people.settings').click();
      const name = words(`settings.${section}`);
      await page.getByRole('main').getByRole('button', { name, exact: true }).first().click();
      await page.getByRole('main').getByRole('heading', { name, level: 2, exact: true }).waitFor();
    },
  };
}

type SettingsSection =
  | ('general' | 'notifications' | 'privacy' | 'account' | 'devices')
  | ('storage' | 'network' | 'keyboard' | 'about');

function settingsDialog(name: string, section: SettingsSection, opener: PageKey): Scene {
  return {
    name,
    show: async (shown) => {
      await settings(section).show(shown);
      await button(shown.page, shown.words, opener).click();
      await shown.page.getByRole('dialog').waitFor();
    },
  };
}

/** A question about a friend, by the menu of their row. */
function personDialog(name: string, item: PageKey): Scene {
  return {
    name: `person-${name}`,
    show: async (shown) => {
      await showList(shown.page, 'friends', shown.words);
      await personRow(shown.page, 'Bob').getByRole('button').click({ button: 'right' });
      await menuItem(shown, item).click();
      await shown.page.getByRole('dialog').waitFor();
    },
  };
}

/** What comes of an item in the menu of a message. */
function messageScene(name: string, item: PageKey, result: (shown: Shown) => Locator): Scene {
  return {
    name: `message-${name}`,
    show: async (shown) => {
      await messageMenu(shown, 'report.pdf');
      await menuItem(shown, item).click();
      await result(shown).waitFor();
    },
  };
}

async function messageMenu(shown: Shown, text: string): Promise<void> {
  await showChat(shown);
  await rowWith(shown.page, text).locator('[data-bubble]').click({ button: 'right' });
  await shown.page.getByRole('menu').waitFor();
}

function norasChat(name: string, who: string, there: PageKey): Scene {
  return {
    name,
    show: async (shown) => {
      await openPerson(shown, who);
      await shown.page.getByRole('main').getByText(shown.words(there, { who })).waitFor();
    },
  };
}

function norasAbout(name: string, who: string, there: PageKey): Scene {
  return {
    name,
    show: async (shown) => {
      await openPerson(shown, who);
      await shown.page.keyboard.press('Control+.');
      await shown.page.getByRole('complementary').getByText(shown.words(there, { who })).waitFor();
    },
  };
}

async function openPerson({ page, words }: Shown, who: string): Promise<void> {
  await showList(page, 'chats', words);
  await personRow(page, who).getByRole('button').click();
  await page.locator('main [data-chat]').getByRole('heading', { name: who }).waitFor();
}

async function showChat({ page, words }: Shown): Promise<void> {
  await showList(page, 'chats', words);
  await openChatWith(page, 'Bob');
}

async function addFriend({ page, words }: Shown): Promise<void> {
  await button(page, words, 'people.add.title').first().click();
  await page.getByRole('img', { name: words('people.my-link.qr') }).waitFor();
}

async function lookUp({ page, words }: Shown, who: string): Promise<void> {
  await field(page, words, 'people.add.who').fill(who);
  await button(page, words, 'people.add.look-up').click();
}

/** Each account has a name of its own: a name is never given twice. */
let registered = 0;

async function fillRegister({ page, words }: Shown, server: string): Promise<void> {
  registered += 1;
  await field(page, words, 'sign-in.server').fill(server);
  await field(page, words, 'sign-in.name').fill(`guest_${registered}`);
  await field(page, words, 'sign-in.password').fill(PASSWORD);
  await button(page, words, 'sign-in.register.do').click();
}

function roadBadge({ page, words }: Shown): Locator {
  const names = (['road.direct', 'road.lan', 'road.relay', 'road.mailbox'] as const).map((key) => words(key));
  return page
    .getByRole('main')
    .getByRole('button', { name: new RegExp(names.join('|')) })
    .first();
}

function button(page: Page, words: Words, key: PageKey, exact = true, values?: Parameters<Words>[1]): Locator {
  return page.getByRole('button', { name: words(key, values), exact });
}

function menuItem({ page, words }: Shown, key: PageKey): Locator {
  return page.getByRole('menuitem', { name: words(key), exact: true });
}

function field(page: Page, words: Words, key: PageKey): Locator {
  return page.getByLabel(words(key), { exact: true });
}

function searchBox(page: Page, words: Words): Locator {
  return page.getByRole('navigation').getByRole('textbox', { name: words('people.search'), exact: true });
}
