import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { type Content, decodeContent, encodeContent } from '@magpie/common/content/content.ts';
import { describe, expect, it } from 'vitest';
import { goldenValue, loadGolden } from './golden.ts';

const goldens = loadGolden('content');
/** Typed so that a new content type does not compile until it stands here, and then fails until it has golden bytes. */
const everyType: Record<Content['type'], true> = {
  text: true,
  void: true,
  edit: true,
  recall: true,
  reaction: true,
  nudge: true,
  receipt: true,
  'refused-content': true,
  opening: true,
  typing: true,
  'cannot-open': true,
  tail: true,
  resend: true,
  'give-back': true,
  'given-back': true,
  copy: true,
  'copy-receipt': true,
};

describe('golden bytes of message contents', () => {
  it('are there for every content type', () => {
    expect(new Set(goldens.map((golden) => golden.type))).toEqual(new Set(Object.keys(everyType)));
  });

  for (const [index, golden] of goldens.entries()) {
    it(`${golden.type} (${index}) is written as exactly these bytes, and read back`, () => {
      const content = goldenValue(golden) as Content;
      expect(toHex(encodeContent(content))).toBe(golden.hex);
      expect(decodeContent(fromHex(golden.hex))).toEqual({ ok: true, value: content });
    });
  }

  it('an unknown type is unsupported and names its code, since a newer version may have sent it', () => {
    expect(decodeContent(Uint8Array.of(0x3f, 1, 2))).toEqual({ ok: false, error: { kind: 'unsupported', code: 0x3f } });
  });

  it('[DL15] an unknown code of those that are numbered has its number, whatever follows', () => {
    const nudge = goldens.find((golden) => golden.type === 'nudge')!;
    for (const code of [0x07, 0x0f]) {
      const bytes = fromHex(`${nudge.hex}c0ffee`);
      bytes[0] = code;
      const fields = { messageId: '01992f3a5b007abc8def0123456789ab', sequence: 7, incarnation: '0011223344556677' };
      expect(decodeContent(bytes)).toMatchObject({ ok: true, value: { type: 'unsupported', code, ...fields } });
      expect(decodeContent(bytes.subarray(0, 36))).toMatchObject({ ok: false, error: { kind: 'truncated' } });
    }
    expect(decodeContent(Uint8Array.of(0, 1, 2))).toEqual({ ok: false, error: { kind: 'unsupported', code: 0 } });
  });

  it('a content that is cut anywhere is an error', () => {
    for (const golden of goldens) {
      const bytes = fromHex(golden.hex);
      for (let length = 0; length < bytes.length; length++) {
        expect(decodeContent(bytes.subarray(0, length)).ok, `${golden.type}, ${length} bytes`).toBe(false);
      }
    }
  });
});
