import type { PageKey } from '@magpie/common/i18n/page-translator.ts';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { pathTo } from '../friends.ts';
import { eventually, type RpcConnection } from '../stage.ts';
import { type Look, type PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, rowWith, showList, showNotices } from './screens.ts';
import { type Words, wordsIn } from './words.ts';

/** One screen of the page, reached from any other. */
export interface Scene {
  readonly name: string;
  readonly show: (page: Page, words: Words) => Promise<void>;
}

export interface PeopleOfScenes {
  readonly alice: PersonOnStage;
  readonly bob: PersonOnStage;
  /** A daemon without an account. */
  readonly guest: RpcConnection;
}

/** Everything there is to see: friends in groups, requests both ways, messages of each kind, a notice. */
export async function sceneStage(page: PageStage): Promise<PeopleOfScenes> {
  const { alice, bob } = await twoFriends(page);
  const [carol, dave, guest] = await Promise.all([
    page.register('carol', '小红'),
    page.register('dave', 'Dave'),
    page.startDaemon('guest'),
  ]);
  await carol.daemon.call('contact.add', { who: alice.id, text: 'It is me, from school. 我是小红' });
  await alice.daemon.call('contact.add', { who: dave.id, text: '' });
  await alice.daemon.call('contact.set', { who: bob.id, group: 'Classmates' });
  await bob.daemon.call('presence.set', { presence: 'busy', text: 'writing · 写作中' });
  await talk(alice, bob);
  await page.stage.magpieServer([
    'notice',
    'send',
    'Maintenance tonight, 22:00 to 22:30.',
    '--data',
    page.stage.path('server'),
  ]);
  await eventually('a direct path', async () => (await pathTo(alice.daemon, 'bob'))?.state === 'direct');
  await eventually('bob has all', async () => (await bob.daemon.call('status', {})).unread.messages >= 3);
  return { alice, bob, guest };
}

async function talk(alice: PersonOnStage, bob: PersonOnStage): Promise<void> {
  const say = (from: PersonOnStage, to: PersonOnStage, text: string, replyTo?: string) =>
    from.daemon.call('message.send', { to: to.id, text, ...(replyTo !== undefined && { replyTo }) });
  await say(alice, bob, 'Shall we meet at six?');
  const asked = await say(bob, alice, '好的，六点在图书馆见。See https://example.com/map，ok');
  await eventually('the question is there', async () => {
    const { items } = await alice.daemon.call('message.list', { chat: bob.id, limit: 50 });
    return items.some((each) => each.id === asked.id);
  });
  await say(alice, bob, 'Good, **do not** forget the `report.pdf`!', asked.id);
  await alice.daemon.call('message.react', { id: asked.id, emoji: '👍', on: true });
  const wrong = await say(bob, alice, 'the worng word');
  await bob.daemon.call('message.edit', { id: wrong.id, text: 'the wrong word' });
  const regretted = await say(alice, bob, 'regretted');
  await alice.daemon.call('message.recall', { id: regretted.id });
  await bob.daemon.call('message.nudge', { to: alice.id });
  await say(
    alice,
    bob,
    'Two lines\nof text, and a long one after them that has to be broken somewhere, since it is wider than what one likes to read.',
  );
  await alice.daemon.call('draft.set', { chat: bob.id, text: 'half a thought' });
}

/** Closes what is open over the page, and in a narrow window goes back to the list. */
async function clear(page: Page, words: Words): Promise<void> {
  for (let n = 0; n < 4; n++) await page.keyboard.press('Escape');
  const back = page.getByRole('button', { name: words('shell.back'), exact: true });
  if (await back.isVisible()) await back.click();
}

async function showChat(page: Page, words: Words): Promise<void> {
  if (await composer(page).isVisible()) return;
  await showList(page, 'chats', words);
  await openChatWith(page, 'Bob');
}

/** A key of the keyboard map, in the conversation. */
function byKey(name: string, key: string): Scene {
  return {
    name,
    show: async (page, words) => {
      await showChat(page, words);
      await page.keyboard.press(key);
    },
  };
}

function button(page: Page, words: Words, key: PageKey): Locator {
  return page.getByRole('button', { name: words(key), exact: true });
}

function settings(section: SettingsSection): Scene {
  return {
    name: `settings-${section}`,
    show: async (page, words) => {
      await button(page, words, 'people.settings').click();
      const name = words(`settings.${section}`);
      await page.getByRole('main').getByRole('button', { name, exact: true }).click();
    },
  };
}

const SECTIONS = [
  ...(['general', 'notifications', 'privacy', 'account', 'devices'] as const),
  ...(['storage', 'network', 'keyboard', 'about'] as const),
];
type SettingsSection = (typeof SECTIONS)[number];

const SIGNED_IN: readonly Scene[] = [
  { name: 'empty', show: () => Promise.resolve() },
  { name: 'friends', show: (page, words) => showList(page, 'friends', words) },
  { name: 'requests', show: (page, words) => showList(page, 'requests', words) },
  { name: 'chats', show: (page, words) => showList(page, 'chats', words) },
  {
    name: 'presence',
    show: (page, words) => page.getByRole('button', { name: words('people.self.presence') }).click(),
  },
  { name: 'add-friend', show: (page, words) => button(page, words, 'people.add.title').first().click() },
  { name: 'notices', show: showNotices },
  ...SECTIONS.map(settings),
  { name: 'chat', show: showChat },
  byKey('about', 'Control+.'),
  byKey('find', 'Control+f'),
  byKey('search', 'Control+Shift+f'),
  byKey('switcher', 'Control+k'),
  byKey('keys', 'Control+/'),
  {
    name: 'message-menu',
    show: async (page, words) => {
      await showChat(page, words);
      await rowWith(page, 'report.pdf').locator('[data-bubble]').click({ button: 'right' });
    },
  },
  {
    name: 'emoji',
    show: async (page, words) => {
      await showChat(page, words);
      await button(page, words, 'chat.emoji').click();
    },
  },
  {
    name: 'road',
    show: async (page, words) => {
      await showChat(page, words);
      const names = (['road.direct', 'road.lan', 'road.relay', 'road.mailbox'] as const).map((key) => words(key));
      await page
        .getByRole('main')
        .getByRole('button', { name: new RegExp(names.join('|')) })
        .first()
        .click();
    },
  },
];

const SIGNED_OUT: readonly Scene[] = [
  { name: 'register', show: () => Promise.resolve() },
  { name: 'log-in', show: (page, words) => button(page, words, 'sign-in.to-log-in').first().click() },
  { name: 'recover', show: (page, words) => button(page, words, 'sign-in.to-recover').click() },
];

/**
 * Shows every scene of one look and has each checked.
 * @param check called when the scene stands still
 */
export async function openScenes(
  stage: PageStage,
  people: PeopleOfScenes,
  look: Look,
  check: (scene: Scene, page: Page) => Promise<void>,
): Promise<void> {
  const words = wordsIn(look.language ?? 'en');
  const context = await stage.newContext(look);
  try {
    const page = await stage.openTab(context, people.alice.daemon);
    await page.getByRole('navigation').getByText('Alice').first().waitFor();
    for (const scene of SIGNED_IN) {
      await clear(page, words);
      await showOne(page, scene, words, check);
    }
    const guest = await stage.openTab(context, people.guest);
    for (const scene of SIGNED_OUT) await showOne(guest, scene, words, check);
    await showTab(context, 'closed', check);
  } finally {
    await context.close();
  }
}

async function showOne(
  page: Page,
  scene: Scene,
  words: Words,
  check: (scene: Scene, page: Page) => Promise<void>,
): Promise<void> {
  await scene.show(page, words);
  await settled(page);
  await check(scene, page);
}

/** A tab that was opened by its address alone. */
async function showTab(
  context: BrowserContext,
  name: string,
  check: (scene: Scene, page: Page) => Promise<void>,
): Promise<void> {
  const [opened] = context.pages();
  const page = await context.newPage();
  await page.goto(new URL('/', opened!.url()).href);
  await settled(page);
  await check({ name, show: () => Promise.resolve() }, page);
}

/** Transitions are over, and nothing more is drawn. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(250);
}
