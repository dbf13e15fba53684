import { describe, expect, it } from 'vitest';
import { fromHex } from './bytes/hex.ts';
import { parsePin } from './channel/pin.ts';
import type { AccountName, AccountNumber } from './ids.ts';
import {
  INVITATION_CHARACTERS_MAX,
  type Invitation,
  invitationText,
  isInvitation,
  parseInvitation,
} from './invitation.ts';

const PIN = 'abcdefghijklmnopqrstuvwxya';
const KEY = 'ab'.repeat(32);
const KEY_TEXT = 'vov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvovq';
const FRIEND = `magpie://chat.example.org:10000/friend?pin=${PIN}&number=10001&name=alice&key=${KEY_TEXT}`;
const JOIN = `magpie://[2001:db8::1]:443/join?pin=${PIN}&invite=Ab-9_`;

describe('invitation links (ID11)', () => {
  it('[ID11] of a friend carry server, pin, number, name and account key', () => {
    const invitation: Invitation = {
      kind: 'friend',
      server: { host: 'chat.example.org', port: 10_000, pin: parsePin(PIN)! },
      account: 10_001 as AccountNumber,
      name: 'alice' as AccountName,
      accountKey: fromHex(KEY),
    };
    expect(invitationText(invitation)).toBe(FRIEND);
    expect(parseInvitation(FRIEND)).toEqual(invitation);
  });

  it('[ID11] to join carry server, pin and code', () => {
    const invitation: Invitation = {
      kind: 'join',
      server: { host: '2001:db8::1', port: 443, pin: parsePin(PIN)! },
      invite: 'Ab-9_',
    };
    expect(invitationText(invitation)).toBe(JOIN);
    expect(parseInvitation(JOIN)).toEqual(invitation);
  });

  it('[ID11] are read in any order of parameters, with unknown ones and blanks around', () => {
    const [head, query] = FRIEND.split('?') as [string, string];
    const turned = `  MAGPIE${head.slice(6)}?later=1&${query.split('&').reverse().join('&')}\n`;
    expect(parseInvitation(turned)).toEqual(parseInvitation(FRIEND));
  });

  it.each([
    ['a parameter twice', `${FRIEND}&number=10001`],
    ['an unknown parameter twice', `${FRIEND}&x=1&x=2`],
    ['no pin', FRIEND.replace(`pin=${PIN}&`, '')],
    ['a pin of another length', FRIEND.replace(PIN, PIN.slice(1))],
    ['no number', FRIEND.replace('number=10001&', '')],
    ['a number below the first', FRIEND.replace('10001', '10000')],
    ['a name that is none', FRIEND.replace('name=alice', 'name=a')],
    ['a key that is too short', FRIEND.slice(0, -2)],
    ['a key with bits left over', `${FRIEND.slice(0, -1)}b`],
    ['an escape', FRIEND.replace('alice', '%61lice')],
    ['a fragment', `${FRIEND}#x`],
    ['a second question mark', FRIEND.replace('&name', '?name')],
    ['another path', FRIEND.replace('/friend', '/enemy')],
    ['a user before the host', FRIEND.replace('//chat', '//me@chat')],
    ['a port that is none', FRIEND.replace(':10000', ':70000')],
    ['another scheme', FRIEND.replace('magpie:', 'https:')],
    ['an empty parameter', `${FRIEND}&`],
    ['a code that is empty', JOIN.replace('Ab-9_', '')],
    ['a code that is too long', JOIN.replace('Ab-9_', 'a'.repeat(65))],
    ['more characters than a link has', `${FRIEND}&x=${'a'.repeat(INVITATION_CHARACTERS_MAX)}`],
  ])('[ID11] are refused with %s', (_what, link) => {
    expect(parseInvitation(link)).toBeUndefined();
  });

  it('are told from names and numbers by their beginning', () => {
    expect(isInvitation('magpie://nonsense')).toBe(true);
    expect(isInvitation(' MAGPIE://x ')).toBe(true);
    expect(isInvitation('magpie')).toBe(false);
    expect(isInvitation('10001')).toBe(false);
  });
});
