import { describe, expect, it } from 'vitest';
import { excerpt, foldText, isBigEmoji, textParts } from './rich-text.ts';

describe('the text of a message', () => {
  it('knows code, fences, bold and links, and takes everything else as it is', () => {
    expect(textParts('see `a*b*` and **really**: https://example.com/x，好')).toEqual([
      { type: 'text', text: 'see ' },
      { type: 'code', text: 'a*b*' },
      { type: 'text', text: ' and ' },
      { type: 'bold', text: 'really' },
      { type: 'text', text: ': ' },
      { type: 'link', text: 'https://example.com/x', href: 'https://example.com/x', mixedScript: false },
      { type: 'text', text: '，好' },
    ]);
    expect(textParts('before\n```ts\nconst a = `b`;\n\nhttps://x.org\n```\nafter')).toEqual([
      { type: 'text', text: 'before\n' },
      { type: 'block', text: 'const a = `b`;\n\nhttps://x.org' },
      { type: 'text', text: 'after' },
    ]);
  });

  it('leaves what only looks like a mark alone', () => {
    for (const text of ['2 ** 3 ** 4', '``', '** no **', '```', '<b>&amp;</b>', 'a`b\nc`d', '***']) {
      expect(textParts(text)).toEqual([{ type: 'text', text }]);
    }
  });

  it('is taken apart within a moment, also the longest and most hostile', () => {
    const hostile = ['`', '**a ', '```\n', '```a\nb', '** *', 'https://', '\n'].map((part) =>
      part.repeat(65_536 / part.length),
    );
    for (const text of hostile) {
      const startedAt = performance.now();
      textParts(text);
      foldText(text);
      isBigEmoji(text);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });

  it('shows one to three emoji large, and nothing else', () => {
    for (const text of ['👍', '👩‍👩‍👧‍👦 🏳️‍🌈', '❤️❤️❤️', ' 🇨🇳 ']) expect([text, isBigEmoji(text)]).toEqual([text, true]);
    for (const text of ['', '  ', '1', '#', '👍👍👍👍', '👍!', '好'])
      expect([text, isBigEmoji(text)]).toEqual([text, false]);
  });

  it('folds texts of many lines or characters, and never by a few', () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`).join('\n');
    expect(foldText(lines).split('\n')).toHaveLength(20);
    const words = 'word '.repeat(1_000);
    expect(foldText(words).length).toBeLessThanOrEqual(1_500);
    expect(foldText(words)).toMatch(/word$/);
    expect(foldText('好'.repeat(1_600))).toHaveLength(1_600);
    const nearly = Array.from({ length: 22 }, () => 'x').join('\n');
    expect(foldText(nearly)).toBe(nearly);
    expect(foldText(`${'x'.repeat(1_499)}😀${'y'.repeat(1_000)}`)).toBe('x'.repeat(1_499));
  });

  it('gives one line for a quote, without half characters', () => {
    expect(excerpt(' a\n\n b ')).toBe('a b');
    expect(excerpt('try **this**:\n```\nlet a = `1`;\n```\nworks?')).toBe('try this: let a = `1`; works?');
    expect(excerpt(`${'x'.repeat(9)}😀 and more`, 10)).toBe(`${'x'.repeat(9)}…`);
  });
});
