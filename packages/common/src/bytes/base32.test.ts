import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase32, toBase32 } from './base32.ts';

describe('base32 (RFC 4648 section 6)', () => {
  it('writes the test vectors of RFC 4648 section 10, without padding', () => {
    const vectors = ['', 'my', 'mzxq', 'mzxw6', 'mzxw6yq', 'mzxw6ytb', 'mzxw6ytboi'];
    expect(vectors.map((_, length) => toBase32(Buffer.from('foobar').subarray(0, length)))).toEqual(vectors);
  });

  it('reads back what it wrote, in either case', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fromBase32(toBase32(bytes).toUpperCase(), bytes.length)).toEqual(bytes);
      }),
    );
  });

  it.each([
    ['a digit that is none of it', 'mzxw6yt0oi', 6],
    ['a character too few', 'mzxw6ytbo', 6],
    ['a character too many', 'mzxw6ytboia', 6],
    ['left-over bits that are not zero', 'mz', 1],
  ])('refuses %s', (_what, text, length) => {
    expect(fromBase32(text, length)).toBeUndefined();
  });
});
