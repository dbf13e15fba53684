import type { PageKey } from '@magpie/common/i18n/page-translator.ts';
import type { ChatJson } from '@magpie/common/rpc/schemas.ts';
import { withoutMarks } from '../text/marks.ts';
import type { Text } from '../text/text.tsx';

/** More than any list is wide. */
const CHARACTERS_MAX = 1_000;

/** What a list says of the newest row of a chat, in one line. */
export function previewOf(
  last: NonNullable<ChatJson['last']>,
  who: string,
  { t, has }: Pick<Text, 't' | 'has'>,
): string {
  const side = last.direction === 'out' ? 'out' : 'in';
  if (last.recalled) return t(`people.preview.recalled-${side}`, { who });
  switch (last.kind) {
    case 'text':
    case 'edit': {
      const text = withoutMarks(last.text.slice(0, CHARACTERS_MAX));
      return side === 'out' ? t('people.preview.own', { text }) : text;
    }
    case 'nudge':
      return t(`people.preview.nudge-${side}`, { who });
    case 'system':
      return systemWords(`system.${last.text}`, who, t, has);
    case 'reaction':
    case 'recall':
    case 'void':
      return '';
    case 'unsupported':
      return t('people.preview.unsupported');
  }
}

function systemWords(key: string, who: string, t: Text['t'], has: Text['has']): string {
  return has(key) ? t(key as PageKey, { who }) : '';
}
