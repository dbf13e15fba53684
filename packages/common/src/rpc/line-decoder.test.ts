import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineDecoder } from './line-decoder.ts';

describe('lines of the local API (R29)', () => {
  it('puts lines together from pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((text) => `x${text.replaceAll('\n', ' ')}`),
          { maxLength: 20 },
        ),
        fc.integer({ min: 1, max: 9 }),
        (lines, step) => {
          const decoder = new LineDecoder();
          const bytes = encoded(lines.map((line) => `${line}\n`).join(''));
          const found: string[] = [];
          for (let at = 0; at < bytes.length; at += step) found.push(...linesOf(decoder, bytes.slice(at, at + step)));
          expect(found).toEqual(lines);
        },
      ),
    );
  });

  it('[R29] refuses a line over the limit before its end has come, and stays refused', () => {
    const decoder = new LineDecoder(8);
    expect(linesOf(decoder, encoded('12345678\n'))).toEqual(['12345678']);
    expect(decoder.handleBytes(encoded('123456789'))).toEqual({ ok: false, error: 'line-too-long' });
    expect(decoder.handleBytes(encoded('a\n'))).toEqual({ ok: false, error: 'line-too-long' });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(new LineDecoder().handleBytes(new Uint8Array([0xff, 0x0a]))).toEqual({ ok: false, error: 'not-utf8' });
  });

  it('keeps its own copy of the bytes it was given', () => {
    const decoder = new LineDecoder();
    const piece = encoded('abc');
    decoder.handleBytes(piece);
    piece.fill(0x21);
    expect(linesOf(decoder, encoded('\n'))).toEqual(['abc']);
  });
});

function linesOf(decoder: LineDecoder, bytes: Uint8Array): readonly string[] {
  const lines = decoder.handleBytes(bytes);
  return lines.ok ? lines.value : [];
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
