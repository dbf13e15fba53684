import { describe, expect, it } from 'vitest';
import { leadsTo, parseFriendLink } from './friend-link.ts';

const link = 'magpie://127.0.0.1:10000/friend?pin=abcd&number=10002&name=bob&key=xyz';

describe('an invitation link, before anybody is asked', () => {
  it('names whom it invites to', () => {
    expect(parseFriendLink(`  ${link}\n`)).toEqual({ kind: 'friend', number: '10002', name: 'bob', pin: 'abcd' });
  });

  it('is told from a name or a number, from an invitation to a server, and from a damaged one', () => {
    for (const text of ['bob', '10002', '小明', '']) expect(parseFriendLink(text)).toBeUndefined();
    expect(parseFriendLink('magpie://h:1/join?pin=a&invite=b')).toEqual({ kind: 'join' });
    for (const bad of [
      'magpie:',
      link.slice(0, 40),
      link.replace('10002', '1'),
      link.replace('&key=xyz', ''),
      `${link} x`,
      `${link}&more=${'x'.repeat(1_024)}`,
    ]) {
      expect([bad, parseFriendLink(bad)]).toEqual([bad, { kind: 'bad' }]);
    }
  });

  it('leads to the own server when the pin is that of the own server, whatever it is called', () => {
    expect(leadsTo({ pin: 'abcd' }, 'other-name:10000#ABCD')).toBe(true);
    expect(leadsTo({ pin: 'abcd' }, '127.0.0.1:10000#efgh')).toBe(false);
  });
});
