import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look, PageStage } from '../page-stage.ts';
import { settleTimes } from '../planted-profile.ts';
import { type PeopleOfScenes, sceneStage } from '../scene-stage.ts';
import { walkScenes } from '../scene-walk.ts';
import type { Proof } from './proof.ts';

const FOLDER = fileURLToPath(new URL('../golden/', import.meta.url));
/** Which Chromium and which fonts drew the pictures: with others every letter may differ. */
const DRAWN_WITH = join(FOLDER, 'drawn-with.json');
const ACCEPT = 'look at them, then keep them: npm run e2e -- --part golden --accept';

/** Edges of letters differ by so little between two machines of the same fonts; a moved line differs by more. */
const SHARE_MAX = 0.002;
/** pixelmatch's measure of colour, 0 to 1. */
const THRESHOLD = 0.1;
const PICTURE_BYTES_MAX = 300_000;
const PICTURES_MAX = 12;

/** When the pictures are seen, and when the newest message in them came. */
const NOW = new Date('2026-03-06T15:20:00Z');
const NEWEST_MS = NOW.getTime() - 7 * 60_000;

const PHONE = { width: 360, height: 740 };

/** The language of the page in twelve pictures: the conversation in each of its looks, lists, forms, trouble. */
const KEPT: readonly { readonly id: string; readonly look: Look; readonly scenes: readonly string[] }[] = [
  {
    id: 'light-en',
    look: { language: 'en' },
    scenes: ['empty', 'chat', 'chat-about', 'search', 'settings-general', 'register', 'server-lost'],
  },
  { id: 'dark-zh-CN', look: { language: 'zh-CN', colorScheme: 'dark' }, scenes: ['requests', 'notices', 'chat'] },
  { id: 'phone-en', look: { language: 'en', viewport: PHONE }, scenes: ['chats', 'chat'] },
];

/**
 * What differs from run to run is there, but the same: keys, codes, links, folders and milliseconds in letters that say
 * nothing, and no pattern where one stands for them.
 */
const HIDE_CHANCE = `globalThis.chance = [];
const walk = (root, replace) => {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    chance.push([node, node.nodeValue]);
    node.nodeValue = replace(node.nodeValue);
  }
};
for (const code of document.querySelectorAll('code:not([data-bubble] *)')) walk(code, (text) => text.replace(/[a-z0-9]/gi, 'x'));
for (const panel of document.querySelectorAll('aside')) walk(panel, (text) => text.replace(/\\d+/g, '0'));
for (const ms of document.querySelectorAll('[data-ms]')) walk(ms, (text) => text.replace(/\\d+/, '1'));
for (const wait of document.querySelectorAll('[role="status"] [aria-hidden="true"]')) walk(wait, () => '…');
for (const pattern of document.querySelectorAll('svg[role="img"]')) pattern.style.visibility = 'hidden';
undefined`;
const SHOW_CHANCE = `for (const [node, text] of chance) node.nodeValue = text;
for (const pattern of document.querySelectorAll('svg[role="img"]')) pattern.style.visibility = '';`;

/** @param accept what is shown now becomes what is expected */
export async function goldenRows({ page, picturesFolder, say, accept }: Proof): Promise<readonly Row[]> {
  const now = drawnWith(page.browser.version);
  mkdirSync(FOLDER, { recursive: true });
  const people = await settledStage(page);
  const shares = new Map<string, number>();
  let bytes = 0;
  for (const { id, look, scenes } of KEPT) {
    const check = async (scene: string, shown: Page): Promise<void> => {
      const picture = await steadyPicture(shown);
      const name = `${scene}-${id}`;
      writeFileSync(join(accept ? FOLDER : picturesFolder, `${accept ? '' : 'golden-'}${name}.png`), picture);
      bytes = Math.max(bytes, picture.length);
      shares.set(name, difference(name, picture, picturesFolder));
    };
    await walkScenes(people, { reducedMotion: 'reduce', ...look }, check, {
      isWanted: (name) => scenes.includes(name),
      prepare: (context) => context.clock.setFixedTime(NOW),
    });
  }
  if (accept) writeFileSync(DRAWN_WITH, `${JSON.stringify(now, undefined, 2)}\n`);
  const missing = [...shares].filter(([, share]) => Number.isNaN(share)).map(([name]) => name);
  const kept = readdirSync(FOLDER).filter((name) => name.endsWith('.png'));
  const spare = kept.filter((name) => !shares.has(name.replace(/\.png$/, '')));
  if (missing.length > 0) say(`  not kept yet: ${missing.join(', ')}; ${ACCEPT}`);
  if (spare.length > 0) say(`  kept, but of no scene: ${spare.join(', ')}`);
  for (const [name, share] of shares) if (share > SHARE_MAX) say(`  ${name}: ${(100 * share).toFixed(2)} % differ`);
  const compared = [...shares.values()].filter((share) => !Number.isNaN(share));
  const worst = Math.max(0, ...compared);
  if (worst > SHARE_MAX) say(`  ${otherHands(now)}if all is as it should be, ${ACCEPT}`);
  const wanted = KEPT.reduce((sum, { scenes }) => sum + scenes.length, 0);
  const isWhole = compared.length === wanted && spare.length === 0 && wanted <= PICTURES_MAX;
  return [
    row(
      'golden',
      `largest difference of ${compared.length} kept pictures`,
      100 * worst,
      '%',
      `at most ${100 * SHARE_MAX}`,
      isWhole && worst <= SHARE_MAX,
    ),
    row('golden-kept', `of ${wanted} pictures, at most ${PICTURES_MAX}`, compared.length, 'kept', 'all', isWhole),
    row(
      'golden-size',
      'largest picture',
      Math.ceil(bytes / 1_000),
      'kB',
      `at most ${PICTURE_BYTES_MAX / 1_000}`,
      bytes <= PICTURE_BYTES_MAX,
    ),
  ];
}

/** The people of the scenes, whose whole history is from one afternoon. */
async function settledStage(page: PageStage): Promise<PeopleOfScenes> {
  const people = await sceneStage(page);
  await page.stopDaemon('alice');
  settleTimes(page.stage.path('alice'), NEWEST_MS);
  return { ...people, alice: { ...people.alice, daemon: await page.startDaemon('alice') } };
}

async function steadyPicture(page: Page): Promise<Buffer> {
  // What the pointer happens to be on is no part of the picture.
  await page.mouse.move(0, 0);
  await page.evaluate(HIDE_CHANCE);
  const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  await page.evaluate(SHOW_CHANCE);
  return picture;
}

/** Share of the pixels that differ, 1 for another size; NaN when there is nothing to compare with. */
function difference(name: string, picture: Buffer, picturesFolder: string): number {
  const file = join(FOLDER, `${name}.png`);
  if (!existsSync(file)) return Number.NaN;
  const kept = PNG.sync.read(readFileSync(file));
  const shown = PNG.sync.read(picture);
  if (kept.width !== shown.width || kept.height !== shown.height) return 1;
  const marked = new PNG({ width: kept.width, height: kept.height });
  const count = pixelmatch(kept.data, shown.data, marked.data, kept.width, kept.height, { threshold: THRESHOLD });
  if (count > 0) writeFileSync(join(picturesFolder, `golden-${name}-difference.png`), PNG.sync.write(marked));
  return count / (kept.width * kept.height);
}

interface DrawnWith {
  readonly chromium: string;
  readonly fonts: readonly string[];
}

/** The fonts that the page's letters come from, of which a system has more than these. */
const LETTERS = ['system-ui:lang=en', 'system-ui:lang=zh-cn', 'ui-monospace', 'Noto Sans CJK SC', 'Noto Color Emoji'];

function drawnWith(chromium: string): DrawnWith {
  try {
    const words = ['--format', '%{family[0]} %{style[0]} %{fontversion}'];
    const fonts = LETTERS.map((letters) => execFileSync('fc-match', [...words, letters], { encoding: 'utf8' }));
    return { chromium, fonts: [...new Set(fonts)].sort() };
  } catch {
    // No fontconfig: certainly not the machine that drew them.
    return { chromium, fonts: [] };
  }
}

/** In words, what else than the page may be the cause of a difference. */
function otherHands(now: DrawnWith): string {
  if (!existsSync(DRAWN_WITH)) return '';
  const kept = JSON.parse(readFileSync(DRAWN_WITH, 'utf8')) as DrawnWith;
  if (JSON.stringify(kept) === JSON.stringify(now)) return '';
  return `drawn by Chromium ${kept.chromium} with ${kept.fonts.join(', ')}, here by ${now.chromium} with ${now.fonts.join(', ')}: `;
}
