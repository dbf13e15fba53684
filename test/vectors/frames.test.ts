import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { decodeFrame, encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import { FRAME_TABLE } from '@magpie/common/frames/frame-table.ts';
import { describe, expect, it } from 'vitest';
import { goldenValue, loadGolden } from './golden.ts';

const goldens = loadGolden('frames');

describe('golden bytes of frames', () => {
  it('are there for every frame of the table', () => {
    expect(new Set(goldens.map((golden) => golden.type))).toEqual(new Set(Object.keys(FRAME_TABLE)));
  });

  for (const [index, golden] of goldens.entries()) {
    it(`${golden.type} (${index}) is written as exactly these bytes, and read back`, () => {
      const frame = goldenValue(golden) as Frame;
      const rule = FRAME_TABLE[frame.type];
      expect(toHex(encodeFrame(frame))).toBe(golden.hex);
      const from = rule.sentBy === 'either' ? 'client' : rule.sentBy;
      const decoded = decodeFrame(fromHex(golden.hex), from, rule.legalIn[0]!);
      expect(decoded).toEqual({ ok: true, value: frame });
    });
  }

  it('[FR7] bytes that a newer version appends are ignored, except behind a field that takes the rest', () => {
    const takesRest = new Set(['relay', 'relayed']);
    for (const golden of goldens) {
      const frame = goldenValue(golden) as Frame;
      const rule = FRAME_TABLE[frame.type];
      if (takesRest.has(frame.type) || rule.bytesMax < golden.hex.length / 2) continue;
      const longer = fromHex(`${golden.hex}00`);
      const from = rule.sentBy === 'either' ? 'client' : rule.sentBy;
      expect(decodeFrame(longer, from, rule.legalIn[0]!), golden.type).toEqual({ ok: true, value: frame });
    }
  });

  it('a frame from the wrong side or in the wrong state is named as such', () => {
    for (const golden of goldens) {
      const { sentBy, legalIn } = FRAME_TABLE[golden.type as Frame['type']];
      const error = { ok: false, error: { kind: 'out-of-state', type: golden.type } };
      const bytes = fromHex(golden.hex);
      if (sentBy !== 'either') {
        expect(decodeFrame(bytes, sentBy === 'client' ? 'server' : 'client', legalIn[0]!)).toEqual(error);
      }
      for (const state of ['anonymous', 'authenticated'] as const) {
        if (legalIn.some((legal) => legal === state)) continue;
        expect(decodeFrame(bytes, sentBy === 'server' ? 'server' : 'client', state)).toEqual(error);
      }
    }
  });

  it('a frame that is cut anywhere inside its fields is malformed, never something else', () => {
    for (const golden of goldens) {
      const { sentBy, legalIn } = FRAME_TABLE[golden.type as Frame['type']];
      const bytes = fromHex(golden.hex);
      const fixed = 'packet' in golden.fields && golden.type.startsWith('relay') ? 17 : bytes.length;
      for (let length = 0; length < fixed; length++) {
        const decoded = decodeFrame(bytes.subarray(0, length), sentBy === 'server' ? 'server' : 'client', legalIn[0]!);
        expect(decoded, `${golden.type}, ${length} bytes`).toMatchObject({ ok: false, error: { kind: 'malformed' } });
      }
    }
  });
});
