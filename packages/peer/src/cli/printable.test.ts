import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDurationMs } from './duration.ts';
import { printable, printableLines } from './printable.ts';

describe('text of others on a terminal', () => {
  it('leaves ordinary text of every script alone', () => {
    for (const text of ['plain', '喜鹊 🐦‍⬛', 'עברית', 'e\u0301']) expect(printable(text)).toBe(text);
  });

  it('lets no control, direction or unpaired character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(/\p{Cc}|[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/u);
      }),
    );
  });

  it('keeps line breaks apart for the text of a message', () => {
    expect(printableLines('a\r\nb\u001b[31m\nc')).toEqual(['a', 'b\u241b[31m', 'c']);
  });
});

describe('durations', () => {
  it('reads units, and seconds without one', () => {
    expect(['500ms', '10s', '2m', '1h', '3', '0.5s'].map(parseDurationMs)).toEqual([
      500, 10_000, 120_000, 3_600_000, 3_000, 500,
    ]);
  });

  it.each(['', '0', '-1s', '10 s', '1d', '1e3', '99h', 'Infinity'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});
