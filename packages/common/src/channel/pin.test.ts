import { describe, expect, it } from 'vitest';
import { type Pin, parsePin, parseServerAddress, pinOf, serverAddressText } from './pin.ts';

const key = new Uint8Array(32).fill(1);
const pin = pinOf(key);

describe('pin [R10]', () => {
  it('is base32 of BLAKE2b-128 of the server key', () => {
    // b2sum -l 128 of the same 32 bytes, through base32.
    expect(pin).toBe('ya27qu742dyfrhrqzhrnygqpk4');
    expect(pinOf(new Uint8Array(32).fill(2))).not.toBe(pin);
  });

  it('reads back in either case, and nothing that no key could have', () => {
    expect(parsePin(pin)).toBe(pin);
    expect(parsePin(pin.toUpperCase())).toBe(pin);
    for (const bad of [
      '',
      pin.slice(1),
      `${pin}a`,
      `${pin.slice(0, 25)}b`,
      `1${pin.slice(1)}`,
      `${pin.slice(0, 25)}=`,
    ]) {
      expect(parsePin(bad), bad).toBeUndefined();
    }
  });
});

describe('server address', () => {
  it('reads names, IPv4 and IPv6, with and without port and pin', () => {
    expect(parseServerAddress('chat.example.org:10000')).toEqual({ host: 'chat.example.org', port: 10_000 });
    expect(parseServerAddress(` Chat.Example.org:1#${pin.toUpperCase()} `)).toEqual({
      host: 'chat.example.org',
      port: 1,
      pin,
    });
    expect(parseServerAddress('127.0.0.1:65535')).toEqual({ host: '127.0.0.1', port: 65_535 });
    expect(parseServerAddress(`[::1]:10000#${pin}`)).toEqual({ host: '::1', port: 10_000, pin });
    expect(parseServerAddress('localhost')).toEqual({ host: 'localhost', port: 10_000 });
  });

  it('refuses everything else', () => {
    for (const bad of [
      '',
      ':10000',
      'host:',
      'host:0',
      'host:65536',
      'host:port',
      'host:1:2',
      '::1:10000',
      '[::1',
      '[::g]:1',
      '[1.2.3.4]:1',
      '1.2.3:10000',
      '1.2.3.400:10000',
      '12345:1',
      '-host:1',
      'a..b:1',
      'ho st:1',
      'host:1#',
      `host:1#${pin}x`,
      `host:1#${pin}#${pin}`,
      'user@host:1',
      'http://host:1',
      `${'a'.repeat(64)}:1`,
      `${'a.'.repeat(160)}a:1`,
    ]) {
      expect(parseServerAddress(bad), bad).toBeUndefined();
    }
  });

  it('writes what it reads', () => {
    for (const text of ['host:1', `[2001:db8::1]:10000#${pin}`, '10.0.0.1:443']) {
      expect(serverAddressText(parseServerAddress(text)!)).toBe(text);
    }
    expect(serverAddressText({ host: '::1', port: 5, pin: pin as Pin })).toBe(`[::1]:5#${pin}`);
  });
});
