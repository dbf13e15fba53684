import { createInstance } from 'i18next';
import en from './locales/en.json' with { type: 'json' };
import zhCN from './locales/zh-CN.json' with { type: 'json' };

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];
/** The English catalogue is the list of keys; a test holds the others to it. */
export type TextKey = keyof typeof en;
export type TextValues = Readonly<Record<string, string | number>>;

export const CATALOGUES: Readonly<Record<Language, Readonly<Record<string, string>>>> = { en, 'zh-CN': zhCN };

export interface Translator {
  readonly language: Language;
  /** The sentence of a key; values fill `{{name}}` as they are, so the caller makes them safe for its face. */
  text(key: TextKey, values?: TextValues): string;
  has(key: string): key is TextKey;
}

/** Every sentence that a user sees comes from here, whichever face shows it. */
export function createTranslator(language: Language): Translator {
  const i18n = createInstance({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    interpolation: { escapeValue: false, skipOnVariables: true },
  });
  void i18n.init();
  return {
    language,
    text: (key, values) => i18n.t(key, { ...values }),
    has: (key): key is TextKey => Object.hasOwn(en, key),
  };
}

/** A language tag as people and systems write it (`zh_CN.UTF-8`, `zh-Hans`, `en`); undefined when it is neither. */
export function parseLanguage(tag: string): Language | undefined {
  if (/^zh([-_.@]|$)/i.test(tag)) return 'zh-CN';
  return /^en([-_.@]|$)/i.test(tag) ? 'en' : undefined;
}

/**
 * The first that is set decides: what the user asked for, MAGPIE_LANG, then the POSIX order of the locale
 * (LC_ALL, LC_MESSAGES, LANG). Anything that is not Chinese is shown in English.
 */
export function chooseLanguage(asked: string | undefined, env: Readonly<Record<string, string | undefined>>): Language {
  const tag = asked || env.MAGPIE_LANG || env.LC_ALL || env.LC_MESSAGES || env.LANG || 'en';
  return parseLanguage(tag) ?? 'en';
}
