import type { WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { stampTooFarAhead, validateText } from './text.ts';

describe('what may be sent', () => {
  it.each(['a', '\0', ' x ', '\u200b', '👩‍👩‍👧‍👦', 'a\u0301', '\u{10ffff}', '\ufeffx'])('takes %j', (text) => {
    expect(validateText(text)).toEqual({ ok: true, value: undefined });
  });

  it.each(['', ' ', '\t\r\n', '\u3000\u00a0'])('refuses %j as empty', (text) => {
    expect(validateText(text)).toEqual({ ok: false, error: 'EMPTY_TEXT' });
  });

  it.each(['\ud800', 'a\udc00b', '\udc00\ud800'])('refuses the lone surrogate in %j', (text) => {
    expect(validateText(text)).toEqual({ ok: false, error: 'BAD_TEXT' });
  });

  it('[R13] counts UTF-8 bytes: 65,536 fit, one more does not', () => {
    expect(validateText('x'.repeat(65_536)).ok).toBe(true);
    expect(validateText('x'.repeat(65_537))).toEqual({ ok: false, error: 'TEXT_TOO_LARGE' });
    expect(validateText(`${'好'.repeat(21_845)}x`).ok).toBe(true);
    expect(validateText(`${'好'.repeat(21_845)}xx`)).toEqual({ ok: false, error: 'TEXT_TOO_LARGE' });
  });
});

describe('stamps of friends', () => {
  it('[R16] may be 24 h ahead and not a millisecond more', () => {
    const now = 1_000 as WallMs;
    const day = 86_400_000;
    expect(stampTooFarAhead({ wallMs: (now + day) as WallMs, counter: 9 }, now)).toBe(false);
    expect(stampTooFarAhead({ wallMs: (now + day + 1) as WallMs, counter: 0 }, now)).toBe(true);
    expect(stampTooFarAhead({ wallMs: 0 as WallMs, counter: 0 }, now)).toBe(false);
  });
});
