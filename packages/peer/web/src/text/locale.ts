import type { Language } from '@magpie/common/i18n/translator.ts';

/**
 * How times, dates and numbers are written. A region of the page's language that the browser wants says it (en-GB has
 * 24 hours, en-US twelve); else the language alone.
 * @param wanted languages of the browser, the dearest first
 * @returns a BCP 47 tag
 */
export function localeOf(language: Language, wanted: readonly string[] = navigator.languages): string {
  const [spoken] = language.split('-');
  return wanted.find((each) => each.split('-')[0]?.toLowerCase() === spoken) ?? language;
}
