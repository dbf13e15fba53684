import { describe, expect, it } from 'vitest';
import { PAGE_EN } from './page-texts-en.ts';
import { PAGE_ZH_CN } from './page-texts-zh-cn.ts';
import { createPageTranslator } from './page-translator.ts';

const en: Readonly<Record<string, string>> = PAGE_EN;
const zh: Readonly<Record<string, string>> = PAGE_ZH_CN;

describe('the catalogues of the page (D12)', () => {
  it('have the same keys and, in each sentence, the same placeholders', () => {
    // Chinese has one plural form, which i18next calls `_other`.
    expect(
      Object.keys(zh)
        .filter((key) => !key.endsWith('_one'))
        .sort(),
    ).toEqual(
      Object.keys(en)
        .filter((key) => !key.endsWith('_one'))
        .sort(),
    );
    for (const key of Object.keys(zh)) expect([key, placeholders(zh[key]!)]).toEqual([key, placeholders(en[key]!)]);
  });

  it('leave no sentence empty and none untranslated', () => {
    for (const [key, sentence] of Object.entries(zh)) {
      const words = en[key]!.replaceAll(
        /\{\{\w+\}\}|magpie|account|login|contact|daemon|start|Ctrl|Alt|Shift|Enter|Esc/g,
        '',
      );
      if (/[a-z]{3}/.test(words)) expect([key, /\p{Script=Han}/u.test(sentence)]).toEqual([key, true]);
    }
  });

  it('fill values in as they are, and choose the plural by count', () => {
    const { text } = createPageTranslator('en', {
      ...en,
      'x.rows_one': '{{count}} row',
      'x.rows_other': '{{count}} rows',
    });
    expect(text('road.ms', { ms: '{{shell.loading}} <b>' })).toBe('{{shell.loading}} <b> ms');
    expect(text('x.rows' as 'road.ms', { count: 1 })).toBe('1 row');
    expect(text('x.rows' as 'road.ms', { count: 2 })).toBe('2 rows');
  });

  it.each([
    ['en', en],
    ['zh-CN', zh],
  ] as const)(
    'are asked in %s whether they have a sentence, also when that has plural forms',
    (language, catalogue) => {
      const { has } = createPageTranslator(language, catalogue);
      const keys = ['road.ms', 'sign-in.next.rate-limited', 'sign-in.next.nothing-of-the-kind', 'toString'];
      expect(keys.map(has)).toEqual([true, true, false, false]);
    },
  );
});

function placeholders(sentence: string): string[] {
  return [...new Set(sentence.match(/\{\{\w+\}\}/g))].sort();
}
