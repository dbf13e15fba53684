import type { Translator } from '@magpie/common/i18n/translator.ts';
import { printable } from './printable.ts';

/** Groups of codes whose words are in the catalogues, as `group.code`. */
export type CodeGroup = 'session' | 'path-state' | 'path-reason' | 'message-reason' | 'link-error' | 'problem';

/** A code of the daemon in the user's language; one that no catalogue knows is shown as it came. */
export function codeText(translator: Translator, group: CodeGroup, code: string, cause = ''): string {
  const key = `${group}.${code}`;
  return translator.has(key) ? translator.text(key, { cause: printable(cause) }) : printable(cause || code);
}

/** Why the link to the server is down: codes of a command, those of the server, our own, or the system's. */
export function linkErrorText(translator: Translator, code: string): string {
  const refusal = `refusal.${code}`;
  if (translator.has(refusal)) return translator.text(refusal);
  const failure = `error.${code}`;
  if (translator.has(failure)) return translator.text(failure, { because: '', who: '' });
  return codeText(translator, 'link-error', code);
}
