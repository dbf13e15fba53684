import { describe, expect, it } from 'vitest';
import { SEARCH_TERMS_MAX } from './limits.ts';
import { indexTerms, searchTerms } from './search-text.ts';

describe('search text', () => {
  it('indexes Chinese by characters and pairs, words by themselves and their first letters', () => {
    expect(indexTerms('去吃饭 Report.pdf').split(' ')).toEqual(
      ['去', '吃', '饭', '去吃', '吃饭', 'r', 're', 'rep', 'repo', 'report'].concat(['p', 'pd', 'pdf']),
    );
  });

  it('finds one, two and more Chinese characters, and only in their order', () => {
    for (const found of ['饭', '吃饭', '一起去吃']) expect(isFound(found, '我们一起去吃饭吧')).toBe(true);
    for (const missed of ['饭吃', '去一起', '一吃', '我们吃']) expect(isFound(missed, '我们一起去吃饭吧')).toBe(false);
  });

  it('does not take a phrase for found where only its pairs stand', () => {
    expect(isFound('一起去', '起去了一起')).toBe(false);
    expect(isFound('吃饭', '吃，饭')).toBe(false);
  });

  it('finds words by their beginning, in any order, all of them', () => {
    const text = '请上传 quarterly Report';
    for (const found of ['上传 rep', 'rep 上传', 'r', 'quart', 'quarterly', 'QUARTERLY report']) {
      expect(isFound(found, text)).toBe(true);
    }
    for (const missed of ['port', 'reports', 'quarterlyx', '上传 repx', 'uarterly'])
      expect(isFound(missed, text)).toBe(false);
  });

  it('does not tell apart width, case and diacritics', () => {
    expect(isFound('hello', 'ＨＥＬＬＯ')).toBe(true);
    expect(isFound('ＨＥＬ', 'hello')).toBe(true);
    expect(isFound('cafe', 'un café')).toBe(true);
    expect(isFound('CAFÉ', 'cafe\u0301s')).toBe(true);
    expect(isFound('ガ', 'ｶﾞﾗｽ')).toBe(true);
    expect(isFound('カ', 'ガラス')).toBe(false);
    expect(isFound('한국', '한국어를')).toBe(true);
  });

  it('cuts a word where the script changes', () => {
    expect(isFound('iph', '我的iPhone手机')).toBe(true);
    expect(isFound('手机', '我的iPhone手机')).toBe(true);
    expect(isFound('的手', '我的iPhone手机')).toBe(false);
  });

  it('finds emoji, however they are drawn', () => {
    expect(isFound('❤️', 'I ❤ it')).toBe(true);
    expect(isFound('👍', 'ok 👍🏽')).toBe(true);
  });

  it('compares the rest of what is longer than a term', () => {
    const link = 'a'.repeat(60);
    expect(isFound(`${link}b`, `${link}bc`)).toBe(true);
    expect(isFound(`${link}d`, `${link}bc`)).toBe(false);
    const many = Array.from({ length: SEARCH_TERMS_MAX + 9 }, (_, n) => String.fromCodePoint(0x4e00 + n)).join('，');
    expect(searchTerms(many)?.exact.length).toBe(SEARCH_TERMS_MAX);
    expect(isFound(many, many)).toBe(true);
    expect(isFound(many, many.slice(0, -1))).toBe(false);
  });

  it('has nothing to look for in punctuation', () => {
    for (const text of ['', ' ', '"', '*', '()', '%_', '，。']) expect(searchTerms(text)).toBeUndefined();
  });

  it('makes no term that could mean anything to the index but itself', () => {
    const hostile = `a" OR b* NEAR(c, 2) {terms}: -d ^e 'f' "" \\ § §in §10002 x\0y\u2028z \ud800`;
    const terms = searchTerms(hostile);
    for (const term of [...(terms?.exact ?? []), ...(terms?.heads ?? [])])
      expect(term).toMatch(/^[\p{L}\p{N}\p{M}]+$/u);
    expect(indexTerms(hostile)).not.toContain('§');
  });
});

/** As the index answers: all terms are there, and a look at the text where the terms alone do not tell. */
function isFound(query: string, text: string): boolean {
  const terms = searchTerms(query);
  if (!terms) return false;
  const present = indexTerms(text).split(' ');
  const named =
    terms.exact.every((term) => present.includes(term)) &&
    terms.heads.every((head) => present.some((term) => term.startsWith(head)));
  const found = named && (!terms.needsLook || terms.matches(text));
  expect(found).toBe(terms.matches(text));
  return found;
}
