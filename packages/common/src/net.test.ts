import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './bytes/codec.ts';
import { endpointCodec, endpointText, familyOf, normalizeAddress } from './net.ts';
import {
  decodeReflectAnswer,
  decodeReflectQuestion,
  encodeReflectAnswer,
  encodeReflectQuestion,
} from './packets/reflect.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6());

describe('endpoints (wire types)', () => {
  it.each([
    ['192.0.2.7', '00000000000000000000ffffc00002072710'],
    ['::1', '000000000000000000000000000000012710'],
    ['2001:db8::1:0:0:1', '20010db80000000000010000000000012710'],
    ['fe80::', 'fe8000000000000000000000000000002710'],
    ['1:2:3:4:5:6:7:8', '000100020003000400050006000700082710'],
    ['::', '000000000000000000000000000000002710'],
  ])('writes %s as 18 bytes and reads it back in its one spelling', (text, hex) => {
    const bytes = encode(endpointCodec, { address: text, port: 10_000 });
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    expect(decode(endpointCodec, bytes)).toEqual({ ok: true, value: { address: text, port: 10_000 } });
  });

  it('takes an IPv4 address inside IPv6, dotted or not, for the IPv4 address', () => {
    for (const text of ['::ffff:192.0.2.7', '::ffff:c000:207']) {
      const bytes = encode(endpointCodec, { address: text, port: 1 });
      expect(decode(endpointCodec, bytes)).toEqual({ ok: true, value: { address: '192.0.2.7', port: 1 } });
    }
  });

  it('keeps what any address means, however it is spelled', () => {
    fc.assert(
      fc.property(address, fc.nat(65_535), (text, port) => {
        const bytes = encode(endpointCodec, { address: text, port });
        const read = decode(endpointCodec, bytes);
        expect(read.ok).toBe(true);
        if (read.ok) expect(encode(endpointCodec, read.value)).toEqual(bytes);
      }),
    );
  });

  it('does not write what is no address, for that is a mistake of ours', () => {
    expect(() => encode(endpointCodec, { address: 'example.org', port: 1 })).toThrow(RangeError);
  });

  it('says truncated when bytes are missing, without throwing', () => {
    expect(decode(endpointCodec, new Uint8Array(17)).ok).toBe(false);
  });

  it('names endpoints with brackets where colons would be ambiguous', () => {
    expect(endpointText({ address: '192.0.2.7', port: 5 })).toBe('192.0.2.7:5');
    expect(endpointText({ address: '::1', port: 5 })).toBe('[::1]:5');
    expect(familyOf({ address: '::1', port: 5 })).toBe(6);
    expect(familyOf({ address: '192.0.2.7', port: 5 })).toBe(4);
  });

  it('drops zones and the mapped form that dual-stack sockets report', () => {
    expect(normalizeAddress('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(normalizeAddress('fe80::1%eth0')).toBe('fe80::1');
  });
});

describe('reflector datagrams (SV53)', () => {
  const question = { token: new Uint8Array(32).fill(7), txid: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const answer = { txid: question.txid, observed: { address: '192.0.2.7', port: 4_711 } };

  it('[SV53] never answers with more bytes than were asked with', () => {
    expect(encodeReflectAnswer(answer).length).toBeLessThan(encodeReflectQuestion(question).length);
  });

  it('reads back what it wrote', () => {
    expect(decodeReflectQuestion(encodeReflectQuestion(question))).toEqual(question);
    expect(decodeReflectAnswer(encodeReflectAnswer(answer))).toEqual(answer);
  });

  it('takes no other length and no other first byte', () => {
    const [asked, answered] = [encodeReflectQuestion(question), encodeReflectAnswer(answer)];
    expect(decodeReflectQuestion(asked.subarray(1))).toBeUndefined();
    expect(decodeReflectQuestion(answered)).toBeUndefined();
    expect(decodeReflectAnswer(answered.subarray(0, 47))).toBeUndefined();
    expect(decodeReflectAnswer(asked)).toBeUndefined();
    answered[0] = 0x44;
    expect(decodeReflectAnswer(answered)).toBeUndefined();
  });
});
