import type { Content } from '@magpie/common/content/content.ts';
import type { NumberingProgress } from '../store/store.ts';
import { SAYS_MAX } from './limits.ts';
import { replacementKey } from './message-content.ts';

/** An answer to a device that is no receipt. What lies in the slot goes into the next one, too: it takes its place. */
export interface Say {
  content: Content;
  state: 'waiting' | 'under-way' | 'in-slot';
  readonly onTold: (() => void) | undefined;
}

/**
 * With one more, which replaces what is older of its kind and numbering; the oldest make room. What could not be opened
 * makes none: questions are asked again, and refusals said again, but this is said once.
 */
export function withSay(says: readonly Say[], fresh: Say): Say[] {
  const key = replacementKey(fresh.content);
  const others = says.filter(({ content }) => key === undefined || replacementKey(content) !== key);
  const all = [...others, fresh];
  const oldest = all.length > SAYS_MAX ? all.find(({ content }) => content.type !== 'cannot-open') : undefined;
  return all.filter((say) => say !== oldest);
}

/** What was asked for has come, or has begun to: whoever asks for the rest says it anew. Or what was refused was taken. */
export function isAnswered(content: Content, received: readonly NumberingProgress[]): boolean {
  if (content.type !== 'resend' && content.type !== 'refused-content') return false;
  const first = content.type === 'resend' ? content.from : content.sequence;
  return received.some((one) => one.incarnation === content.incarnation && one.deliveredUpTo >= first);
}
