import { expect, it } from 'vitest';
import { KEY_MAP, keyWords } from './key-map.ts';

it('writes keys as they stand on the keyboard', () => {
  expect(keyWords('Ctrl+Shift+F', false)).toBe('Ctrl+Shift+F');
  expect(keyWords('Ctrl+Shift+F', true)).toBe('⌘⇧F');
  expect(keyWords('Ctrl+F6', true)).toBe('⌃F6');
});

it('gives no key two meanings', () => {
  const keys = KEY_MAP.flatMap((entry) => entry.keys as readonly string[]);
  expect(new Set(keys).size).toBe(keys.length);
});
