import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import { compare } from './friends.ts';

const SENT = ['one', 'two', 'three'];

describe('what was sent compared with what arrived', () => {
  it('is well when all of it arrived once, in order', () => {
    expect(compare(SENT, messages(SENT), messages(SENT))).toEqual({ lost: 0, doubled: 0, outOfOrder: 0 });
  });

  it('counts what arrived after something sent later, though the list is sorted', () => {
    expect(compare(SENT, messages(SENT), messages(SENT.toReversed())).outOfOrder).toBe(2);
    expect(compare(SENT, messages(SENT), messages(['one', 'three', 'two'])).outOfOrder).toBe(1);
  });

  it('counts what is not in the list, and what was never shown', () => {
    expect(compare(SENT, messages(['one', 'three']), messages(SENT)).lost).toBe(1);
    expect(compare(SENT, messages(SENT), messages(['one'])).lost).toBe(2);
  });

  it('counts what is in the list twice', () => {
    expect(compare(SENT, messages([...SENT, 'two']), messages(SENT)).doubled).toBe(1);
  });
});

function messages(texts: readonly string[]): readonly MessageJson[] {
  return texts.map((text, index) => ({
    ...{
      id: `id ${index}`,
      chat: '1',
      from: '1',
      direction: 'in',
      at: '',
      counter: 0,
      kind: 'text',
      text,
      state: 'delivered',
    },
    ...{ replyTo: null, target: null, editedAt: null, recalled: false, reactions: [], pendingChanges: 0 },
    ...{ returned: false, reason: null, expiresAt: null, path: null, device: '', incarnation: '', sequence: index + 1 },
  }));
}
