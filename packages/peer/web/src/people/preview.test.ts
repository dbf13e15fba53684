import { PAGE_EN } from '@magpie/common/i18n/page-texts-en.ts';
import { PAGE_ZH_CN } from '@magpie/common/i18n/page-texts-zh-cn.ts';
import { createPageTranslator } from '@magpie/common/i18n/page-translator.ts';
import type { ChatJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import { previewOf } from './preview.ts';

type Last = NonNullable<ChatJson['last']>;

describe('the preview of a chat', () => {
  it('is one line, and says whose it is when it is the own one', () => {
    expect(words({ text: 'a\n  b\tc' })).toBe('a b c');
    expect(words({ text: 'a', direction: 'out' })).toBe('You: a');
    expect(words({ text: 'a', direction: 'out' }, 'zh-CN')).toBe('我：a');
  });

  it('shows what somebody wrote as it is, placeholders and markup too', () => {
    expect(words({ text: '{{who}} <b>x</b> $t(people.tab.chats)', direction: 'out' })).toBe(
      'You: {{who}} <b>x</b> $t(people.tab.chats)',
    );
  });

  it('leaves out the signs of code and emphasis, and only those', () => {
    expect(words({ text: 'in `runs/0717`, **please**' })).toBe('in runs/0717, please');
    expect(words({ text: 'try\n```sh\nmagpie ui\n```\nnow' })).toBe('try magpie ui now');
    expect(words({ text: '2 ** 3 ` 4' })).toBe('2 ** 3 ` 4');
  });

  it('has words for what is no text', () => {
    expect(words({ kind: 'nudge', text: '' })).toContain('Bob');
    expect(words({ recalled: true, text: '' })).toContain('Bob');
    expect(words({ kind: 'system', text: 'friends' })).toBe('You and Bob are friends now.');
    expect(words({ kind: 'system', text: 'of-a-newer-version' })).toBe('');
    expect(words({ kind: 'unsupported', text: '' })).not.toBe('');
    expect(words({ kind: 'void', text: '' })).toBe('');
  });
});

function words(patch: Partial<Last>, language: 'en' | 'zh-CN' = 'en'): string {
  const { text: t, has } = createPageTranslator(language, language === 'en' ? PAGE_EN : PAGE_ZH_CN);
  const last: Last = {
    id: 'm',
    at: '2026-05-03T06:02:00.000Z',
    direction: 'in',
    kind: 'text',
    text: '',
    recalled: false,
    state: 'read',
    reason: null,
    ...patch,
  };
  return previewOf(last, 'Bob', { t, has });
}
