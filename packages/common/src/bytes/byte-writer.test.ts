import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

describe('byte writer', () => {
  it('grows at any field, and what was written reads back', () => {
    for (let before = 0; before < 12; before++) {
      const writer = new ByteWriter(before);
      writer.zeros(before);
      writer.u8(0xfe);
      writer.u16(0xfedc);
      writer.u32(0xfedcba98);
      writer.u48(2 ** 48 - 2);
      writer.u64(Number.MAX_SAFE_INTEGER);
      for (const value of [0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, Number.MAX_SAFE_INTEGER]) {
        writer.varint(value);
      }
      writer.text('喜鹊');
      const reader = new ByteReader(writer.finish());
      reader.bytes(before);
      expect([reader.u8(), reader.u16(), reader.u32(), reader.u48(), reader.u64()]).toEqual([
        0xfe,
        0xfedc,
        0xfedcba98,
        2 ** 48 - 2,
        Number.MAX_SAFE_INTEGER,
      ]);
      const varints = Array.from({ length: 8 }, () => reader.varint());
      expect(varints).toEqual([0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, Number.MAX_SAFE_INTEGER]);
      expect(reader.text(16)).toBe('喜鹊');
      expect(reader.error).toBeUndefined();
      expect(reader.remaining).toBe(0);
    }
  });
});
