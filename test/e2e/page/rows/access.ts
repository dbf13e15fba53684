import { join } from 'node:path';
import type { Language } from '@magpie/common/i18n/translator.ts';
import { type Row, row } from '../../../../scripts/report.ts';
import type { Look } from '../page-stage.ts';
import { sceneStage } from '../scene-stage.ts';
import { walkScenes } from '../scene-walk.ts';
import { judgeByAxe } from './axe.ts';
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
  let scenes = 0;
  let violations = 0;
  let excluded = 0;
  for (const look of LOOKS) {
    await walkScenes(people, look, async (scene, shown) => {
      scenes += 1;
      await shown.screenshot({ path: join(picturesFolder, `${scene}-${look.id}.png`), animations: 'disabled' });
      const judgement = await judgeByAxe(shown);
      excluded += judgement.excluded;
      for (const { rule, help, where } of judgement.violations) {
        violations += where.length;
        say(`  ${scene} ${look.id}: ${rule} (${help})\n    ${where.join('\n    ')}`);
      }
    });
  }
  const what = `axe-core on ${scenes / LOOKS.length} screens in ${LOOKS.length} looks; not asked: aria-hidden-focus of ${excluded} focus guards around menus`;
  return [row('axe', what, violations, 'violations', '0', violations === 0 && scenes > 0)];
}
