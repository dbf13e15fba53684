import { createInstance } from 'i18next';
import type { PAGE_EN } from './page-texts-en.ts';
import type { Language, TextValues } from './translator.ts';

/** The English catalogue is the list of keys; a test holds the Chinese one to it. Words with a plural have `_one`, `_other`. */
export type PageKey = keyof typeof PAGE_EN extends infer Key
  ? Key extends `${infer Stem}_${'one' | 'other'}`
    ? Stem
    : Key
  : never;

export interface PageTranslator {
  readonly language: Language;
  /** `count` among the values chooses the plural. */
  text(key: PageKey, values?: TextValues): string;
  has(key: string): key is PageKey;
}

/** One language at a time, so that the page loads only the catalogue it shows. */
export function createPageTranslator(language: Language, catalogue: Readonly<Record<string, string>>): PageTranslator {
  const i18n = createInstance({
    lng: language,
    resources: { [language]: { translation: catalogue } },
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    interpolation: { escapeValue: false, skipOnVariables: true },
  });
  void i18n.init();
  // Most sentences have no gap to be filled, and a list says hundreds of them.
  const whole = new Map(Object.entries(catalogue).filter(([, sentence]) => !/\{\{|\$t\(/.test(sentence)));
  return {
    language,
    text: (key, values) => whole.get(key) ?? i18n.t(key, { ...values }),
    // Every language has the plural form `_other`.
    has: (key): key is PageKey => Object.hasOwn(catalogue, key) || Object.hasOwn(catalogue, `${key}_other`),
  };
}
