import { describe, expect, it } from 'vitest';
import { chatsByNewest, neighbourChat } from './chat-order.ts';

const ORDER = ['10001', '10002', '10003', '10004'];

describe('the order of conversations for the keyboard', () => {
  it('puts the newest row first and leaves out conversations without rows', () => {
    const chats = new Map<string, { readonly id: string; readonly last: ReturnType<typeof chat>['last'] | null }>([
      ['10001', chat('10001', '2026-01-01T00:00:00.000Z')],
      ['10002', { id: '10002', last: null }],
      ['10003', chat('10003', '2026-01-02T00:00:00.000Z')],
    ]);
    expect(chatsByNewest(chats)).toEqual(['10003', '10001']);
  });

  it('goes to the neighbour and around the end', () => {
    expect(neighbourChat(ORDER, '10002', 1, undefined)).toBe('10003');
    expect(neighbourChat(ORDER, '10002', -1, undefined)).toBe('10001');
    expect(neighbourChat(ORDER, '10004', 1, undefined)).toBe('10001');
    expect(neighbourChat(ORDER, '10001', -1, undefined)).toBe('10004');
  });

  it('begins at either end when nothing is open', () => {
    expect(neighbourChat(ORDER, undefined, 1, undefined)).toBe('10001');
    expect(neighbourChat(ORDER, undefined, -1, undefined)).toBe('10004');
  });

  it('skips conversations that were read when asked for unread ones', () => {
    const contacts = new Map(ORDER.map((id) => [id, { id, unread: id === '10001' ? 2 : 0 }]));
    expect(neighbourChat(ORDER, '10002', 1, contacts)).toBe('10001');
    expect(neighbourChat(ORDER, '10001', 1, contacts)).toBeUndefined();
  });

  it('knows no neighbour of the only one, nor in an empty list', () => {
    expect(neighbourChat(['10001'], '10001', 1, undefined)).toBeUndefined();
    expect(neighbourChat([], undefined, 1, undefined)).toBeUndefined();
  });
});

function chat(id: string, at: string) {
  const last = {
    id: '',
    at,
    direction: 'in',
    kind: 'text',
    text: '',
    recalled: false,
    state: 'delivered',
    reason: null,
  } as const;
  return { id, last };
}
