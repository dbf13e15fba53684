import { describe, expect, it } from 'vitest';
import { REFUSAL_CODES } from '../refusal.ts';
import { LOCAL_ERROR_CODES } from '../rpc/rpc-message.ts';
import { CATALOGUES, chooseLanguage, createTranslator, LANGUAGES, parseLanguage } from './translator.ts';

describe('the catalogues of both languages (D12)', () => {
  it('have the same keys and, in each sentence, the same placeholders', () => {
    const { en, 'zh-CN': zh } = CATALOGUES;
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en)) expect([key, placeholders(zh[key]!)]).toEqual([key, placeholders(en[key]!)]);
  });

  it('leave no sentence empty and none untranslated', () => {
    for (const [key, sentence] of Object.entries(CATALOGUES['zh-CN'])) {
      expect([key, sentence.trim()]).not.toEqual([key, '']);
      const words = CATALOGUES.en[key]!.replaceAll(/\{\{\w+\}\}|magpie|account|login|contact|daemon|start/g, '');
      if (/[a-z]{3}/.test(words)) expect([key, /\p{Script=Han}/u.test(sentence)]).toEqual([key, true]);
    }
  });

  it.each(LANGUAGES)('say in %s what is wrong and what to do next for every refusal and local error', (language) => {
    const catalogue = CATALOGUES[language];
    for (const code of REFUSAL_CODES) {
      expect([code, catalogue[`refusal.${code}`], catalogue[`hint.refusal.${code}`]]).not.toContain(undefined);
    }
    for (const code of LOCAL_ERROR_CODES) {
      expect([code, catalogue[`error.${code}`], catalogue[`hint.${code}`]]).not.toContain(undefined);
    }
  });
});

describe('the translator', () => {
  it('fills values in as they are, and never looks for placeholders inside them', () => {
    const { text } = createTranslator('en');
    expect(text('contact.accepted', { who: '<b>$t(help.usage) {{magpie}}</b>' })).toBe(
      '<b>$t(help.usage) {{magpie}}</b> is now your friend.',
    );
  });

  it('speaks both languages side by side', () => {
    expect(createTranslator('en').text('help.usage')).toBe('Usage:');
    expect(createTranslator('zh-CN').text('help.usage')).toBe('用法：');
  });

  it('chooses by option, MAGPIE_LANG, LC_ALL, LC_MESSAGES, LANG, then English', () => {
    expect(chooseLanguage('zh', { MAGPIE_LANG: 'en' })).toBe('zh-CN');
    expect(chooseLanguage(undefined, { MAGPIE_LANG: 'zh-CN', LC_ALL: 'en_US.UTF-8' })).toBe('zh-CN');
    expect(chooseLanguage(undefined, { LC_ALL: 'zh_TW.UTF-8', LANG: 'en_US.UTF-8' })).toBe('zh-CN');
    expect(chooseLanguage(undefined, { LC_MESSAGES: 'en_GB', LANG: 'zh_CN.UTF-8' })).toBe('en');
    expect(chooseLanguage(undefined, { LANG: 'zh_CN.UTF-8' })).toBe('zh-CN');
    expect(chooseLanguage(undefined, { LANG: 'C' })).toBe('en');
    expect(chooseLanguage(undefined, {})).toBe('en');
    expect(parseLanguage('zhuang')).toBeUndefined();
  });
});

function placeholders(sentence: string): string[] {
  return [...new Set(sentence.match(/\{\{\w+\}\}/g))].sort();
}
