import { describe, expect, it } from 'vitest';
import { readServerInput, withPin } from './server-input.ts';

describe('what is pasted as the server', () => {
  it('is an address as it stands, without what surrounds it', () => {
    expect(readServerInput(' chat.example.org:10000#abc\n')).toEqual({
      address: 'chat.example.org:10000#abc',
      invite: undefined,
    });
    expect(readServerInput('  ')).toBeUndefined();
  });

  it('is taken out of an invitation, with its pin and its code', () => {
    expect(readServerInput('magpie://chat.example.org:10000/join?pin=abc&invite=c-1')).toEqual({
      address: 'chat.example.org:10000#abc',
      invite: 'c-1',
    });
    expect(readServerInput('Magpie://[::1]:10000/friend?pin=abc&number=10001&name=bob&key=k')).toEqual({
      address: '[::1]:10000#abc',
      invite: undefined,
    });
  });

  it('is nothing when a link is not one of ours, or lacks the pin that makes it that server', () => {
    expect(readServerInput('magpie://chat.example.org:10000/join?invite=c')).toBeUndefined();
    expect(readServerInput('magpie://chat.example.org:10000/other?pin=abc')).toBeUndefined();
    expect(readServerInput('magpie:')).toBeUndefined();
  });

  it('gets the accepted key in place of any other', () => {
    expect(withPin('chat.example.org:10000', 'new')).toBe('chat.example.org:10000#new');
    expect(withPin('chat.example.org:10000#old', 'new')).toBe('chat.example.org:10000#new');
  });
});
