import { createTranslator, LANGUAGES, type TextKey } from '@magpie/common/i18n/translator.ts';

/** Refusals that a person may run into by opening an address; all others are met by programs. */
const SENTENCES: Readonly<Record<string, TextKey>> = {
  host: 'page-server.wrong-host',
  'sec-fetch-site': 'page-server.foreign-link',
};

/** A page in both languages, for nobody knows who reads it. */
export function refusalPage(because: string): string | undefined {
  const key = SENTENCES[because];
  if (key === undefined) return undefined;
  const paragraphs = LANGUAGES.map((language) => `<p lang="${language}">${createTranslator(language).text(key)}</p>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Magpie</title><body>${paragraphs.join('')}</body></html>\n`;
}
