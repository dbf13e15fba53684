import { join } from 'node:path';
import type { Language } from '@magpie/common/i18n/translator.ts';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look } from '../page-stage.ts';
import { openScenes, type Scene, sceneStage } from '../scenes.ts';
import { axeViolations } from './axe.ts';
import type { Proof } from './proof.ts';

interface NamedLook extends Look {
  readonly id: string;
  readonly language: Language;
}

const COLOURS = [
  { id: 'light', colorScheme: 'light' },
  { id: 'dark', colorScheme: 'dark' },
  { id: 'forced', colorScheme: 'light', forcedColors: 'active' },
] as const satisfies readonly (Look & { readonly id: string })[];

const LOOKS: readonly NamedLook[] = COLOURS.flatMap((colours) =>
  (['en', 'zh-CN'] as const).map((language) => ({ ...colours, id: `${colours.id}-${language}`, language })),
);

/** axe-core on every screen in every look, and a picture of each. */
export async function accessRows({ page, picturesFolder, say }: Proof): Promise<readonly Row[]> {
  const people = await sceneStage(page);
  const scenes = new Set<string>();
  let violations = 0;
  const judge = async (look: NamedLook): Promise<void> => {
    const check = async (scene: Scene, shown: Parameters<Scene['show']>[0]): Promise<void> => {
      scenes.add(scene.name);
      await shown.screenshot({ path: join(picturesFolder, `${scene.name}-${look.id}.png`), animations: 'disabled' });
      for (const { rule, help, where } of await axeViolations(shown)) {
        violations += where.length;
        say(`  ${scene.name} ${look.id}: ${rule} (${help})\n    ${where.join('\n    ')}`);
      }
    };
    await openScenes(page, people, look, check);
  };
  // Two at a time: axe is busy in the page, pictures in the browser.
  for (let n = 0; n < LOOKS.length; n += 2) await Promise.all(LOOKS.slice(n, n + 2).map(judge));
  const what = `axe-core on ${scenes.size} screens in ${LOOKS.length} looks`;
  return [row('axe', what, violations, 'violations', '0', violations === 0 && scenes.size > 0)];
}
