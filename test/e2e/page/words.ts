import { PAGE_EN } from '@magpie/common/i18n/page-texts-en.ts';
import { PAGE_ZH_CN } from '@magpie/common/i18n/page-texts-zh-cn.ts';
import { createPageTranslator, type PageKey } from '@magpie/common/i18n/page-translator.ts';
import type { Language, TextValues } from '@magpie/common/i18n/translator.ts';

const translators = {
  en: createPageTranslator('en', PAGE_EN),
  'zh-CN': createPageTranslator('zh-CN', PAGE_ZH_CN),
} as const;

/** The sentences of the page in one language: elements are found by what people read, never by what the code calls them. */
export type Words = (key: PageKey, values?: TextValues) => string;

export function wordsIn(language: Language): Words {
  return translators[language].text;
}

export const en = wordsIn('en');

/** A sentence that holds values that are not known beforehand, or stands beside something else. */
export function pattern(words: Words, key: PageKey): RegExp {
  const [first = '', ...others] = words(key).split(/\{\{\w+\}\}/);
  return new RegExp([first, ...others].map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*'));
}
