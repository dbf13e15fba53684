import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { ROOT } from '../../../scripts/tools.ts';
import { DAEMON_AWAY } from './browser.ts';
import type { Look } from './page-stage.ts';
import type { PeopleOfScenes } from './scene-stage.ts';
import { clear, SCENES, type Scene, type Shown, type Tab } from './scenes.ts';
import { type Words, wordsIn } from './words.ts';

/** What is looked at when a scene stands still. */
export type Check = (name: string, page: Page) => Promise<void>;

/** For each step: a machine that does other things as well is not what is judged here. */
const PATIENCE_MS = 30_000;

export interface WalkOptions {
  /** Only these scenes; what leads to them is done all the same. */
  readonly isWanted?: (name: string) => boolean;
  /** Done with each browser before its first page: a clock, for instance. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
}

/** Shows every scene in one look and has each checked. Pages of different people are seen side by side. */
export async function walkScenes(
  people: PeopleOfScenes,
  look: Look,
  check: Check,
  { isWanted = () => true, prepare = async () => {} }: WalkOptions = {},
): Promise<void> {
  const { stage } = people;
  const words = wordsIn(look.language ?? 'en');
  const contexts: BrowserContext[] = [];
  const open = async (daemon: Parameters<typeof stage.openTab>[1]): Promise<Page> => {
    const context = await stage.newContext(look);
    contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    await prepare(context);
    return stage.openTab(context, daemon);
  };
  const walkTab = async (tab: Tab, daemon: Parameters<typeof stage.openTab>[1]): Promise<void> => {
    const scenes = SCENES[tab].filter(({ name }) => isWanted(name));
    if (scenes.length === 0) return;
    const page = await open(daemon);
    const hasList = tab === 'alice' || tab === 'nora';
    if (hasList) await page.getByRole('navigation').getByText(tab, { exact: false }).first().waitFor();
    for (const scene of scenes) await showOne(scene, { page, words, people, daemon }, hasList, check);
    await page.close();
  };
  const { alice, nora, oscar, guest } = people;
  try {
    await Promise.all([
      walkTab('alice', alice.daemon),
      (async () => {
        await walkTab('nora', nora.daemon);
        await walkTab('oscar', oscar.daemon);
        await walkTab('guest', guest);
        await walkNewcomer(isWanted, stage, (daemon) => walkTab('newcomer', daemon));
        if (isWanted('closed')) await showClosed(await open(guest), check);
        if (isWanted('server-lost') || isWanted('daemon-lost')) await showLost(people, words, open, check, isWanted);
      })(),
    ]);
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
  }
}

/** How many profiles there were that were used once. */
let newcomers = 0;

/** Whoever has had an account in a profile is nobody there no more: each look has a profile of its own. */
async function walkNewcomer(
  isWanted: (name: string) => boolean,
  stage: PeopleOfScenes['stage'],
  walk: (daemon: PeopleOfScenes['guest']) => Promise<void>,
): Promise<void> {
  if (!SCENES.newcomer.some(({ name }) => isWanted(name))) return;
  newcomers += 1;
  const profile = `newcomer-${newcomers}`;
  await walk(await stage.startDaemon(profile));
  await stage.stopDaemon(profile);
}

async function showOne(scene: Scene, shown: Shown, hasList: boolean, check: Check): Promise<void> {
  try {
    await reach(scene, shown, hasList);
    await settled(shown.page);
    await check(scene.name, shown.page);
    await scene.after?.(shown);
  } catch (error) {
    const path = join(ROOT, 'test/e2e/page/screenshots', `stopped-${scene.name}.png`);
    await shown.page.screenshot({ path }).catch(() => {});
    throw new Error(`scene ${scene.name}: ${error instanceof Error ? error.message : error} (${path})`);
  }
}

/** Where there is a way back to the list, a second time: what is pressed too early on a busy machine is pressed again. */
async function reach(scene: Scene, shown: Shown, hasList: boolean): Promise<void> {
  if (!hasList) return scene.show(shown);
  shown.page.setDefaultTimeout(PATIENCE_MS / 2);
  await clear(shown);
  await scene.show(shown).catch(async () => {
    await clear(shown);
    await scene.show(shown);
  });
}

/** A tab that was opened by its address alone. */
async function showClosed(opened: Page, check: Check): Promise<void> {
  const page = await opened.context().newPage();
  await page.goto(new URL('/', opened.url()).href);
  await settled(page);
  await check('closed', page);
}

/** Of the server, and then of the daemon itself, which is there again afterwards. */
async function showLost(
  { stage }: PeopleOfScenes,
  words: Words,
  open: (daemon: PeopleOfScenes['guest']) => Promise<Page>,
  check: Check,
  isWanted: (name: string) => boolean,
): Promise<void> {
  const page = await open(await stage.stage.connect('peggy'));
  const banner = page.getByRole('banner');
  await banner.getByText(words('shell.banner.server-lost.safe')).waitFor();
  if (isWanted('server-lost')) await check('server-lost', page);
  if (!isWanted('daemon-lost')) return;
  await stage.browser.allowing(DAEMON_AWAY, async () => {
    await stage.stopDaemon('peggy');
    await banner.getByText(words('shell.banner.daemon-lost')).waitFor();
    await settled(page);
    await check('daemon-lost', page);
    await page.close();
  });
  await stage.startDaemon('peggy');
}

/** Transitions are over, and nothing more is drawn. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(250);
}
