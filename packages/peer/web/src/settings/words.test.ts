import { describe, expect, it } from 'vitest';
import { momentText, numberText, sizeText } from './words.ts';

describe('numbers for people', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [1_250, '1.3 kB'],
    [99_949, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [12_400_000, '12 MB'],
    [3e15, '3,000 TB'],
  ])('say %i bytes as %s', (bytes, text) => {
    expect(sizeText(bytes, 'en')).toBe(text);
  });

  it('say nothing of a time that is none', () => {
    expect(momentText('never', 'en')).toBe('');
    expect(momentText('2026-05-03T06:02:00.000Z', 'zh-CN')).toMatch(/^2026年5月3日/);
  });

  it('group digits', () => {
    expect(numberText(1_234_567, 'en')).toBe('1,234,567');
  });
});
