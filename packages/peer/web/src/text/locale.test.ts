import { describe, expect, it } from 'vitest';
import { localeOf } from './locale.ts';

describe('localeOf', () => {
  it('takes the first region of the language of the page', () => {
    expect(localeOf('en', ['zh-TW', 'en-GB', 'en-US'])).toBe('en-GB');
    expect(localeOf('zh-CN', ['en-GB', 'zh-SG'])).toBe('zh-SG');
  });

  it('is the language itself when the browser speaks another one', () => {
    expect(localeOf('en', ['de-DE'])).toBe('en');
    expect(localeOf('zh-CN', [])).toBe('zh-CN');
  });
});
