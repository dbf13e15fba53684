import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look } from '../page-stage.ts';
import { openScenes, sceneStage } from '../scenes.ts';
import type { Proof } from './proof.ts';

const FOLDER = fileURLToPath(new URL('../golden/', import.meta.url));
/** Which fonts and which Chromium drew the pictures: with others every letter differs. */
const DRAWN_WITH = join(FOLDER, 'drawn-with.json');

const SHARE_MAX = 0.002;
/** pixelmatch's measure of colour, 0 to 1. */
const THRESHOLD = 0.1;
const PICTURE_BYTES_MAX = 300_000;
const PICTURES_MAX = 12;

/** The scenes of each look that are kept as pictures. */
const KEPT: readonly { readonly id: string; readonly look: Look; readonly scenes: readonly string[] }[] = [
  { id: 'light-en', look: { language: 'en' }, scenes: ['empty', 'chat', 'settings-network', 'register'] },
  {
    id: 'dark-zh-CN',
    look: { language: 'zh-CN', colorScheme: 'dark' },
    scenes: ['friends', 'chat', 'settings-general', 'log-in'],
  },
  {
    id: 'phone-zh-CN',
    look: { language: 'zh-CN', viewport: { width: 360, height: 740 } },
    scenes: ['chats', 'chat'],
  },
];

/** What differs from run to run is there, but not to be seen: times, milliseconds, keys, links and their codes. */
const setChance = (visibility: 'hidden' | ''): string => `for (const element of document.querySelectorAll(
  'time, [data-chance], svg[role="img"], canvas, main [class*="badge"], code')) element.style.visibility = '${visibility}'`;

/** @param accept what is shown now becomes what is expected */
export async function goldenRows({ page, picturesFolder, say, accept }: Proof): Promise<readonly Row[]> {
  const now = drawnWith(page.browser.version);
  if (!accept && !isDrawnWith(now)) {
    say('  skipped: the pictures were drawn with other fonts or another Chromium');
    return [row('golden', 'pictures like the kept ones', 'skipped: other fonts', '', 'at most 0.2 % differ', true)];
  }
  mkdirSync(FOLDER, { recursive: true });
  const people = await sceneStage(page);
  let worst = 0;
  let compared = 0;
  for (const { id, look, scenes } of KEPT) {
    await openScenes(page, people, { reducedMotion: 'reduce', ...look }, async (scene, shown) => {
      if (!scenes.includes(scene.name)) return;
      const name = `${scene.name}-${id}`;
      const picture = await steadyPicture(shown);
      if (accept) writeFileSync(join(FOLDER, `${name}.png`), picture);
      const share = difference(name, picture, picturesFolder);
      compared += 1;
      worst = Math.max(worst, share);
      if (share > SHARE_MAX || picture.length > PICTURE_BYTES_MAX)
        say(`  ${name}: ${(100 * share).toFixed(2)} %, ${picture.length} bytes`);
    });
  }
  if (accept) writeFileSync(DRAWN_WITH, `${JSON.stringify(now, undefined, 2)}\n`);
  const what = `largest difference of ${compared} pictures`;
  const met = worst <= SHARE_MAX && compared > 0 && compared <= PICTURES_MAX;
  return [row('golden', what, 100 * worst, '%', `at most ${100 * SHARE_MAX}`, met)];
}

async function steadyPicture(page: Page): Promise<Buffer> {
  await page.evaluate(setChance('hidden'));
  const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  await page.evaluate(setChance(''));
  return picture;
}

/** Share of the pixels that differ; 1 when there is nothing to compare with. */
function difference(name: string, picture: Buffer, picturesFolder: string): number {
  const file = join(FOLDER, `${name}.png`);
  if (!existsSync(file)) return 1;
  const kept = PNG.sync.read(readFileSync(file));
  const shown = PNG.sync.read(picture);
  if (kept.width !== shown.width || kept.height !== shown.height) return 1;
  const marked = new PNG({ width: kept.width, height: kept.height });
  const count = pixelmatch(kept.data, shown.data, marked.data, kept.width, kept.height, { threshold: THRESHOLD });
  if (count > 0) writeFileSync(join(picturesFolder, `${name}-difference.png`), PNG.sync.write(marked));
  return count / (kept.width * kept.height);
}

interface DrawnWith {
  readonly fonts: string;
  readonly chromium: string;
}

function drawnWith(chromium: string): DrawnWith {
  let fonts = '';
  try {
    fonts = execFileSync('fc-list', [':', 'family', 'style', 'fontversion'], { encoding: 'utf8' });
  } catch {
    // No fontconfig: certainly not the machine that drew them.
  }
  const sorted = fonts.split('\n').sort().join('\n');
  return { fonts: createHash('sha256').update(sorted).digest('hex'), chromium: chromium.split('.')[0] ?? '' };
}

function isDrawnWith(now: DrawnWith): boolean {
  if (!existsSync(DRAWN_WITH)) return false;
  const kept = JSON.parse(readFileSync(DRAWN_WITH, 'utf8')) as DrawnWith;
  return kept.fonts === now.fonts && kept.chromium === now.chromium;
}
