import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look } from '../page-stage.ts';
import { sceneStage } from '../scene-stage.ts';
import { walkScenes } from '../scene-walk.ts';
import type { Proof } from './proof.ts';

/** 200 % of 1280 x 800 is half as many CSS pixels of twice the size. */
const NARROW: readonly (Look & { readonly id: string })[] = [
  { id: '320-en', language: 'en', viewport: { width: 320, height: 640 } },
  { id: '320-zh-CN', language: 'zh-CN', viewport: { width: 320, height: 640 } },
  { id: 'zoomed-en', language: 'en', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
  { id: 'zoomed-zh-CN', language: 'zh-CN', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
];
const TARGET_PX_MIN = 24;
/** What is shorter is not seen as motion. */
const MOTION_MS_MAX = 10;

/**
 * The page itself, or a part of it, that scrolls sideways; and what reaches over the edge of the window, where nothing
 * scrolls to it at all.
 */
const SIDEWAYS = `(() => {
  const wide = document.documentElement.clientWidth;
  const name = (element) => \`\${element.tagName.toLowerCase()}.\${element.className.baseVal ?? element.className}\`;
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const isHidden = (element) => getComputedStyle(element).clipPath !== 'none' || element.closest('.visually-hidden') !== null;
  const found = document.documentElement.scrollWidth > wide ? [\`the page is \${document.documentElement.scrollWidth} wide\`] : [];
  for (const element of document.body.querySelectorAll('*')) {
    if (!isSeen(element) || isHidden(element)) continue;
    const { overflowX } = getComputedStyle(element);
    if (/auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
      found.push(\`\${name(element)} scrolls sideways, \${element.scrollWidth} in \${element.clientWidth}\`);
    const { left, right, width } = element.getBoundingClientRect();
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim() !== '');
    if (width > 1 && (isText || element.matches('button, input, textarea, svg')) && (right > wide + 0.5 || left < -0.5))
      found.push(\`\${name(element)} "\${element.textContent.slice(0, 30)}" reaches from \${left} to \${right}\`);
  }
  return found.slice(0, 4);
})()`;

/** Buttons, tabs and labels whose words do not fit into them; a presence dot may stand over the edge of a picture. */
const CLIPPED = `[...document.querySelectorAll('button, [role="tab"], [role="menuitem"], label')]
  .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 || node.ariaHidden !== 'true'))
  .filter((element) => element.checkVisibility() && element.textContent.trim() !== '' && !element.matches('[data-row]'))
  .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
  .map((element) => \`"\${element.textContent.slice(0, 40)}" needs \${element.scrollWidth} of \${element.clientWidth} px\`)`;

/** WCAG 2.5.8, without its exceptions for links within a text. */
const SMALL = `[...document.querySelectorAll('button, [role="tab"], [role^="menuitem"], [role="option"], input, select, summary')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden'))
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1)
  .filter(([element, box]) => Math.min(box.width, box.height) < ${TARGET_PX_MIN} - 0.5 && !element.closest('label'))
  .map(([element, box]) =>
    \`\${element.tagName} "\${(element.getAttribute('aria-label') ?? element.textContent).slice(0, 40)}" \${box.width} x \${box.height}\`)`;

/** Notes whatever begins to move, from the first document on; what moved is over long before somebody looks. */
const NOTE_MOTION = `globalThis.moved = new Set();
globalThis.noteMotion = () => {
  for (const animation of document.getAnimations()) {
    const { duration } = animation.effect.getComputedTiming();
    if (duration <= ${MOTION_MS_MAX}) continue;
    const { target, pseudoElement } = animation.effect;
    moved.add(\`\${target?.tagName}.\${target?.className} \${pseudoElement ?? ''} \${animation.animationName ?? animation.transitionProperty} \${duration} ms\`);
  }
};
for (const type of ['animationstart', 'transitionrun']) addEventListener(type, noteMotion, true);`;
const MOVED = `(() => { noteMotion(); const all = [...moved]; moved.clear(); return all; })()`;

/** Narrow windows, large letters, and people who asked for no motion. */
export async function layoutRows({ page, picturesFolder, say }: Proof): Promise<readonly Row[]> {
  const people = await sceneStage(page);
  const found = { sideways: 0, clipped: 0, small: 0, moving: 0 };
  let scenes = 0;
  const count = async (what: keyof typeof found, where: string, shown: Page, script: string): Promise<void> => {
    const findings = await shown.evaluate<readonly string[]>(script);
    for (const each of findings) say(`  ${where}: ${each}`);
    found[what] += findings.length;
  };
  for (const look of NARROW) {
    await walkScenes(people, look, async (scene, shown) => {
      scenes += 1;
      await shown.screenshot({ path: join(picturesFolder, `${scene}-${look.id}.png`), animations: 'disabled' });
      const where = `${scene} ${look.id}`;
      await count('sideways', where, shown, SIDEWAYS);
      await count('clipped', where, shown, CLIPPED);
      await count('small', where, shown, SMALL);
    });
  }
  const still = { language: 'en', reducedMotion: 'reduce', initScript: NOTE_MOTION } as const;
  await walkScenes(people, still, (scene, shown) => count('moving', `${scene} reduced motion`, shown, MOVED));
  const each = `on ${scenes / NARROW.length} screens in ${NARROW.length} looks`;
  return [
    row(
      'reflow',
      `320 px wide and at 200 %: what scrolls sideways or is cut off, ${each}`,
      found.sideways,
      '',
      '0',
      met(found.sideways),
    ),
    row('clipped', `buttons whose words do not fit, ${each}`, found.clipped, '', '0', met(found.clipped)),
    row('targets', `targets under ${TARGET_PX_MIN} px, ${each}`, found.small, '', '0', met(found.small)),
    row(
      'reduced-motion',
      `motion of over ${MOTION_MS_MAX} ms when reduced motion is asked for`,
      found.moving,
      '',
      '0',
      met(found.moving),
    ),
  ];

  function met(count: number): boolean {
    return count === 0 && scenes > 0;
  }
}
