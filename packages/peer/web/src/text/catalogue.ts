import type { Language } from '@magpie/common/i18n/translator.ts';

/** Only the language that is shown is loaded; the browser keeps what it has. */
export async function loadCatalogue(language: Language): Promise<Readonly<Record<string, string>>> {
  return language === 'zh-CN'
    ? (await import('@magpie/common/i18n/page-texts-zh-cn.ts')).PAGE_ZH_CN
    : (await import('@magpie/common/i18n/page-texts-en.ts')).PAGE_EN;
}
