import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look } from '../page-stage.ts';
import { openScenes, type Scene, sceneStage } from '../scenes.ts';
import type { Proof } from './proof.ts';

/** 200 % of 1280 x 800 is half as many CSS pixels of twice the size. */
const NARROW: readonly (Look & { readonly id: string })[] = [
  { id: '320-en', language: 'en', viewport: { width: 320, height: 640 } },
  { id: '320-zh-CN', language: 'zh-CN', viewport: { width: 320, height: 640 } },
  { id: 'zoomed-en', language: 'en', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
  { id: 'zoomed-zh-CN', language: 'zh-CN', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
];
const TARGET_PX_MIN = 24;

/** What is wider than the window, and by how much. */
const SIDEWAYS = `(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.getBoundingClientRect().right > wide + 0.5)
    .slice(0, 3)
    .map((element) => \`\${element.tagName}.\${element.className} to \${element.getBoundingClientRect().right}\`)
    .concat('the page scrolls sideways');
})()`;

/** Buttons, tabs and labels whose words do not fit into them; a presence dot may stand over the edge of a picture. */
const CLIPPED = `[...document.querySelectorAll('button, [role="tab"], [role="menuitem"], label')]
  .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 || node.ariaHidden !== 'true'))
  .filter((element) => element.checkVisibility() && element.textContent.trim() !== '' && !element.matches('[data-row]'))
  .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
  .map((element) => \`"\${element.textContent.slice(0, 40)}" needs \${element.scrollWidth} of \${element.clientWidth} px\`)`;

/** WCAG 2.5.8, without its exceptions for links within a text. */
const SMALL = `[...document.querySelectorAll('button, [role="tab"], [role="menuitem"], input, select, summary')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden'))
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1)
  .filter(([element, box]) => Math.min(box.width, box.height) < ${TARGET_PX_MIN} - 0.5 && !element.closest('label'))
  .map(([element, box]) =>
    \`\${element.tagName} "\${(element.getAttribute('aria-label') ?? element.textContent).slice(0, 40)}" \${box.width} x \${box.height}\`)`;

const MOVING = `document.getAnimations().map((animation) =>
  \`\${animation.effect?.target?.tagName}.\${animation.effect?.target?.className} \${animation.animationName ?? animation.transitionProperty}\`)`;

/** Narrow windows, large letters, and people who asked for no motion. */
export async function layoutRows({ page, picturesFolder, say }: Proof): Promise<readonly Row[]> {
  const people = await sceneStage(page);
  let sideways = 0;
  let clipped = 0;
  let small = 0;
  let moving = 0;
  const findings = async (what: string, scene: Scene, shown: Page, script: string): Promise<number> => {
    const found = await shown.evaluate<readonly string[]>(script);
    for (const each of found) say(`  ${scene.name} ${what}: ${each}`);
    return found.length;
  };
  for (const look of NARROW) {
    await openScenes(page, people, look, async (scene, shown) => {
      await shown.screenshot({ path: join(picturesFolder, `${scene.name}-${look.id}.png`), animations: 'disabled' });
      sideways += await findings(look.id, scene, shown, SIDEWAYS);
      clipped += await findings(look.id, scene, shown, CLIPPED);
      small += await findings(look.id, scene, shown, SMALL);
    });
  }
  await openScenes(page, people, { language: 'en', reducedMotion: 'reduce' }, async (scene, shown) => {
    moving += await findings('reduced motion', scene, shown, MOVING);
  });
  return [
    row('reflow', '320 px wide and at 200 %: what makes the page scroll sideways', sideways, '', '0', sideways === 0),
    row('clipped', 'buttons whose words do not fit', clipped, '', '0', clipped === 0),
    row('targets', `targets under ${TARGET_PX_MIN} px`, small, '', '0', small === 0),
    row('reduced-motion', 'animations when reduced motion is asked for', moving, '', '0', moving === 0),
  ];
}
