import { expect, it } from 'vitest';
import { parseEmoji } from './emoji.ts';

it.each(['👍', '👍🏽', '👨‍👩‍👧‍👦', '🇨🇳', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🐦‍⬛'])('takes %s as one emoji', (emoji) => {
  expect(parseEmoji(emoji)).toBe(emoji);
});

it('gives a character with a plain form its picture, so that both sides mean the same', () => {
  expect(parseEmoji(' ❤ ')).toBe('❤️');
  expect(parseEmoji('❤️')).toBe('❤️');
});

it.each(['', 'a', '1', '好', '👍👍', '👍a', ':+1:', '\u200d', '\ud83d', '👍'.repeat(20)])(
  'takes %j as none',
  (text) => {
    expect(parseEmoji(text)).toBeUndefined();
  },
);
