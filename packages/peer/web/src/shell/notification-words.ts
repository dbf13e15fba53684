import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Text } from '../text/text.tsx';
import type { Preferences } from './preferences.ts';

/** Desktops show two or three lines. */
const BODY_CHARS_MAX = 160;

interface Words {
  readonly title: string;
  readonly body: string;
}

/** What the desktop may show of a message, by the privacy that was asked for: nothing of it, who it is from, or all. */
export function notificationWords(
  level: Exclude<Preferences['notifications'], 'off'>,
  who: string,
  message: Pick<MessageJson, 'kind' | 'text'>,
  t: Text['t'],
): Words {
  if (level === 'nothing') return { title: 'Magpie', body: t('shell.notification.new') };
  return { title: who, body: level === 'text' ? previewOf(message, who, t) : t('shell.notification.new') };
}

/** One line of a message, for toasts and notifications. */
export function previewOf({ kind, text }: Pick<MessageJson, 'kind' | 'text'>, who: string, t: Text['t']): string {
  if (kind === 'nudge') return t('shell.nudged', { who });
  if (kind !== 'text') return t('shell.notification.new');
  const characters = [
    ...text
      .slice(0, 4 * BODY_CHARS_MAX)
      .replace(/\s+/g, ' ')
      .trim(),
  ];
  return characters.length > BODY_CHARS_MAX ? `${characters.slice(0, BODY_CHARS_MAX).join('')}…` : characters.join('');
}
