import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { type Content, decodeContent, encodeContent } from '@magpie/common/content/content.ts';
import { describe, expect, it } from 'vitest';
import { goldenValue, loadGolden } from './golden.ts';

const goldens = loadGolden('content');
/** Typed so that a new content type does not compile until it stands here, and then fails until it has golden bytes. */
const everyType: Record<Content['type'], true> = {
  text: true,
  void: true,
  receipt: true,
  'refused-content': true,
  opening: true,
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

  it('a content that is cut anywhere is an error', () => {
    for (const golden of goldens) {
      const bytes = fromHex(golden.hex);
      for (let length = 0; length < bytes.length; length++) {
        expect(decodeContent(bytes.subarray(0, length)).ok, `${golden.type}, ${length} bytes`).toBe(false);
      }
    }
  });
});
