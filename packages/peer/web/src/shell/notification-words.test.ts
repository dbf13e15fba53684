import { describe, expect, it } from 'vitest';
import type { Text } from '../text/text.tsx';
import { notificationWords, previewOf } from './notification-words.ts';

const t: Text['t'] = (key, values) => (values?.who === undefined ? key : `${key} ${values.who}`);
const HELLO = { kind: 'text', text: 'the bridge\nstands' } as const;

describe('what the desktop shows of a message', () => {
  it('is neither name nor text when nothing is to be shown', () => {
    const words = JSON.stringify(notificationWords('nothing', 'Bob', HELLO, t));
    expect(words).not.toMatch(/Bob|bridge/);
  });

  it('is the name alone, or name and text on one line', () => {
    expect(notificationWords('name', 'Bob', HELLO, t)).toEqual({ title: 'Bob', body: 'shell.notification.new' });
    expect(notificationWords('text', 'Bob', HELLO, t)).toEqual({ title: 'Bob', body: 'the bridge stands' });
  });

  it('tells of a nudge in words, and of what it cannot show as of a new message', () => {
    expect(previewOf({ kind: 'nudge', text: '' }, 'Bob', t)).toBe('shell.nudged Bob');
    expect(previewOf({ kind: 'unsupported', text: '' }, 'Bob', t)).toBe('shell.notification.new');
  });

  it('cuts a long text between characters', () => {
    const words = previewOf({ kind: 'text', text: '🐦'.repeat(500) }, 'Bob', t);
    expect([...words]).toHaveLength(161);
    expect(words.endsWith('🐦…')).toBe(true);
  });
});
