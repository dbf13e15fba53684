import { expect, it } from 'vitest';
import { parseStatusText } from './status-text.ts';

it.each([
  ['', ''],
  ['  in a lecture until 11 ', 'in a lecture until 11'],
  ['在实验室', '在实验室'],
  ['e\u0301tude', 'étude'],
  ['👩\u200d🔬 lab', '👩\u200d🔬 lab'],
  ['x'.repeat(80), 'x'.repeat(80)],
  ['😀'.repeat(64), '😀'.repeat(64)],
])('[SV48] takes %j', (text, parsed) => {
  expect(parseStatusText(text)).toBe(parsed);
});

it.each([
  ['x'.repeat(81)],
  ['😀'.repeat(65)],
  ['two\nlines'],
  ['two\u2028lines'],
  ['bell\u0007'],
  ['right \u202eto left'],
  ['hidden\u200b'],
  ['joined\u200dletters'],
  ['half \ud83d'],
])('[SV48] refuses %j', (text) => {
  expect(parseStatusText(text)).toBeUndefined();
});
