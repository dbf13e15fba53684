import type { BrowserContext, Page } from 'playwright-core';
import { eventually, type RpcConnection } from '../stage.ts';
import { type Look, type PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { composer, openChatWith, showList, showNotices } from './screens.ts';
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

/** Closes what is open over the page, and goes back to the list. */
async function clear(page: Page): Promise<void> {
  for (let n = 0; n < 4; n++) await page.keyboard.press('Escape');
}

async function chatWithBob(page: Page): Promise<void> {
  if (await composer(page).isVisible()) return;
  await openChatWith(page, 'Bob');
}

const SIGNED_IN: readonly Scene[] = [
  { name: 'chats', show: (page, words) => showList(page, 'chats', words) },
  { name: 'friends', show: (page, words) => showList(page, 'friends', words) },
  { name: 'requests', show: (page, words) => showList(page, 'requests', words) },
  { name: 'chat', show: (page, words) => showList(page, 'chats', words).then(() => chatWithBob(page)) },
  { name: 'about', show: (page) => page.keyboard.press('Control+.') },
  { name: 'find', show: (page) => page.keyboard.press('Control+f') },
  { name: 'search', show: (page) => page.keyboard.press('Control+Shift+f') },
  { name: 'switcher', show: (page) => page.keyboard.press('Control+k') },
  { name: 'keys', show: (page) => page.keyboard.press('Control+/') },
  { name: 'notices', show: showNotices },
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
    await showAll(await stage.openTab(context, people.alice.daemon), SIGNED_IN, words, check);
    await showTab(context, 'closed', check);
  } finally {
    await context.close();
  }
}

async function showAll(
  page: Page,
  scenes: readonly Scene[],
  words: Words,
  check: (scene: Scene, page: Page) => Promise<void>,
): Promise<void> {
  for (const scene of scenes) {
    await clear(page);
    await scene.show(page, words);
    await settled(page);
    await check(scene, page);
  }
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
