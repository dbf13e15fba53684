import { describe, expect, it } from 'vitest';
import { isPlainLine, parsePlainLine } from './plain-line.ts';

const MAX = { codePoints: 8, bytes: 24 };

describe('a plain line', () => {
  it.each([
    ['is trimmed and in normal form C', '  e\u0301  ', 'é'],
    ['may be empty', ' \t', ''],
    ['may join the parts of an emoji', '👩\u200d🔬', '👩\u200d🔬'],
    ['may have as many code points as it may', '一二三四五六七八', '一二三四五六七八'],
  ])('%s', (_what, text, line) => {
    expect(parsePlainLine(text, MAX)).toBe(line);
  });

  it.each([
    ['a line feed inside', 'a\nb'],
    ['a direction override', 'a\u202eb'],
    ['a joiner between letters', 'a\u200db'],
    ['a lone surrogate', 'a\ud800'],
    ['a line separator', 'a\u2028b'],
    ['a code point too many', '123456789'],
    ['a byte too many', '👍👍👍👍👍👍👍'],
  ])('has not %s', (_what, text) => {
    expect(parsePlainLine(text, MAX)).toBeUndefined();
  });

  it('is judged as it stands where its length does not matter', () => {
    expect([isPlainLine('x'.repeat(1_000)), isPlainLine('x\u200by')]).toEqual([true, false]);
  });
});
