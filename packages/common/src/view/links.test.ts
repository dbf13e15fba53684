import { describe, expect, it } from 'vitest';
import { TEXT_BYTES_MAX } from '../limits.ts';
import { LINKS_MAX } from './limits.ts';
import { splitLinks } from './links.ts';

describe('links in a text', () => {
  it('are found right behind and before Chinese', () => {
    expect(linksOf('看https://example.com，好的')).toEqual(['https://example.com']);
    expect(linksOf('看https://example.com好的')).toEqual(['https://example.com']);
    expect(linksOf('（https://example.com/a?b=c#d）')).toEqual(['https://example.com/a?b=c#d']);
    expect(linksOf('一http://a.example/x二https://b.example/y')).toEqual([
      'http://a.example/x二',
      'https://b.example/y',
    ]);
    expect(linksOf('写信mailto:bob@example.com。')).toEqual(['mailto:bob@example.com']);
  });

  it('keep Chinese in their path and in their host', () => {
    expect(linksOf('https://zh.wikipedia.org/wiki/中文')).toEqual(['https://zh.wikipedia.org/wiki/中文']);
    const [link] = splitLinks('https://例子.com/');
    expect(link).toEqual({
      type: 'link',
      text: 'https://例子.com/',
      href: 'https://xn--fsqu00a.com/',
      mixedScript: false,
    });
  });

  it('lose nothing of the text', () => {
    const text = 'a https://example.com/x, b https://例子.com c';
    expect(
      splitLinks(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
    expect(splitLinks('')).toEqual([]);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<script>1</script>',
    'file:///etc/passwd',
    'vbscript:x',
    'ftp://example.com',
    '//example.com',
    'readme.md',
    'example.com',
    'bob@example.com',
    'https://',
    'https:///x',
    'http://[',
  ])('are none of %s', (text) => {
    expect(linksOf(text)).toEqual([]);
  });

  it('show a host that mixes alphabets as it is really asked for', () => {
    expect(splitLinks('https://аpple.com/')[0]).toEqual({
      type: 'link',
      text: 'https://xn--pple-43d.com/',
      href: 'https://xn--pple-43d.com/',
      mixedScript: true,
    });
    expect(splitLinks('https://пример.рф')[0]).toMatchObject({ text: 'https://пример.рф', mixedScript: false });
    expect(splitLinks('https://ουτοπία.com')[0]).toMatchObject({ mixedScript: true });
    expect(splitLinks('https://例え.jp')[0]).toMatchObject({ mixedScript: false });
  });

  it.each([
    ['a stroke that is no slash', 'https://bank.example\u2044login.evil.example/'],
    ['another', 'https://bank.example\u2215login.evil.example/'],
    ['a line of a box', 'https://bank.example\u2571login.evil.example/'],
    ['a stroke through a letter', 'https://bank.example\u0338evil.example/'],
    ['a colon that is none', 'https://bank.example\ua789evil.example/'],
    ['a click letter', 'https://bank.example\u01c3evil.example/'],
    ['a letter of phonetics', 'https://\u0261oogle.example/'],
  ])('show a host as it is really asked for when it holds %s', (_what, text) => {
    const [link] = splitLinks(text);
    expect(link).toMatchObject({ type: 'link', mixedScript: true });
    expect(link?.text).toBe(link?.type === 'link' ? link.href : '');
    expect(link?.text).toContain('xn--');
  });

  it.each([
    ['https://2130706433/x', 'https://127.0.0.1/x'],
    ['https://0x7f.1/x', 'https://127.0.0.1/x'],
    ['https://[0:0:0:0:0:0:0:1]:8/x', 'https://[::1]:8/x'],
    ['https://ｂａｎｋ.example/x', 'https://bank.example/x'],
    ['https://\u2178.example/x', 'https://ix.example/x'],
    ['https://BANK.example:443/x', 'https://BANK.example:443/x'],
  ])('show %s as %s: who reads it must know where it leads', (text, shown) => {
    expect(splitLinks(text)).toEqual([expect.objectContaining({ type: 'link', text: shown, mixedScript: false })]);
  });

  it.each(['https://スーパー.example/', 'https://bücher.example/', 'https://ąćęłńóśźż.example/'])(
    'show the letters of an honest host: %s',
    (text) => expect(splitLinks(text)).toEqual([expect.objectContaining({ type: 'link', text })]),
  );

  it.each(['\u00ad', '\u3164', '\u115f', '\u2060', '\ufe0f'])(
    'show no host with something unseen in it: %j',
    (unseen) => {
      for (const part of splitLinks(`https://bank.example${unseen}.evil.example/${unseen}x`)) {
        if (part.type === 'link') expect(part.text).not.toContain(unseen);
      }
    },
  );

  it('show nothing that turns or hides their letters', () => {
    const [link] = splitLinks('https://example.com/\u202egnp.exe');
    expect(link?.text).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
  });

  it('never take a name before an @ for the host', () => {
    for (const part of splitLinks('https://bank.example@evil.example/')) {
      if (part.type === 'link') expect(new URL(part.href).username).toBe('');
    }
  });

  it('are found in bounded time in the longest text', () => {
    const nasty = ['https://', 'https://a.', 'mailto:', 'https://a.aa', '((((', 'https://a.b/(', '.aa', 'x@'];
    for (const each of nasty) {
      const text = each.repeat(Math.floor(TEXT_BYTES_MAX / each.length));
      const started = performance.now();
      expect(splitLinks(text).filter(({ type }) => type === 'link').length).toBeLessThanOrEqual(LINKS_MAX);
      expect(performance.now() - started, each).toBeLessThan(1_000);
    }
    const host = `https://a.${'a'.repeat(TEXT_BYTES_MAX - 20)}`;
    splitLinks(host);
  });
});

function linksOf(text: string): readonly string[] {
  return splitLinks(text).flatMap((part) => (part.type === 'link' ? [part.text] : []));
}
