import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import { logItems, newestOwn, rowIds } from './log-items.ts';

describe('the lines of a conversation', () => {
  it('put messages of one sender within five minutes under one time, and begin anew after that', () => {
    const items = lines([
      row('a', 0),
      row('b', 299),
      row('c', 700),
      row('d', 701, { from: '10001', direction: 'out' }),
    ]);
    expect(messages(items).map(({ key, first, last }) => [key, first, last])).toEqual([
      ['a', true, false],
      ['b', false, true],
      ['c', true, true],
      ['d', true, true],
    ]);
  });

  it('put a day before the first message of each day, and break groups there', () => {
    const items = lines([row('a', 86_399), row('b', 86_401)]);
    expect(items.map((item) => item.type)).toEqual(['day', 'message', 'day', 'message']);
    expect(messages(items).map(({ first }) => first)).toEqual([true, true]);
  });

  it('put the unread line before its row and break the group there', () => {
    const items = lines([row('a', 0), row('b', 1)], 'b');
    expect(items.map((item) => item.type)).toEqual(['day', 'message', 'unread', 'message']);
    expect(messages(items).map(({ first, last }) => [first, last])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it('keep nudges and lines of the system outside of groups, and leave out what has no line', () => {
    const items = lines([row('a', 0), row('n', 1, { kind: 'nudge' }), row('v', 2, { kind: 'void' }), row('b', 3)]);
    expect(items.map((item) => item.type)).toEqual(['day', 'message', 'nudge', 'message']);
    expect(rowIds(items)).toEqual(['a', 'n', 'b']);
    expect(messages(items).map(({ first }) => first)).toEqual([true, true]);
  });

  it('name a road only where it begins, and neither break groups by it nor forget it over rows without one', () => {
    const relay = { kind: 'relay', lan: false, rttMs: 40 } as const;
    const direct = { kind: 'direct', lan: false, rttMs: 2 } as const;
    const items = lines([
      row('a', 0, { path: relay }),
      row('b', 1, { path: relay }),
      row('c', 2),
      row('d', 3, { path: relay }),
      row('e', 4, { path: direct }),
    ]);
    expect(messages(items).map(({ roadBegins }) => roadBegins)).toEqual([
      'relay',
      undefined,
      undefined,
      undefined,
      'direct',
    ]);
    expect(messages(items).filter(({ first }) => first)).toHaveLength(1);
  });

  it('show what is pending behind the rows, as the same object each time', () => {
    const pending = [{ id: 'p', text: 'hi', replyTo: null, at: at(5), error: undefined }];
    const [once, again] = [0, 0].map(() =>
      messages(logItems([row('a', 0)], pending, undefined, '10002', '10001', day)),
    );
    expect(once?.at(-1)?.message).toMatchObject({ id: 'p', state: 'queued', direction: 'out', from: '10001' });
    expect(again?.at(-1)?.message).toBe(once?.at(-1)?.message);
    expect(newestOwn(once ?? [])).toBe('p');
  });
});

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
const day = (time: string): string => time.slice(0, 10);
const lines = (rows: readonly MessageJson[], divider?: string) => logItems(rows, [], divider, '10002', '10001', day);
const messages = (items: ReturnType<typeof lines>) => items.filter((item) => item.type === 'message');

function row(id: string, seconds: number, patch: Partial<MessageJson> = {}): MessageJson {
  return {
    id,
    chat: '10002',
    from: '10002',
    direction: 'in',
    at: at(seconds),
    counter: 0,
    kind: 'text',
    text: id,
    replyTo: null,
    target: null,
    editedAt: null,
    recalled: false,
    reactions: [],
    pendingChanges: 0,
    returned: false,
    state: 'delivered',
    reason: null,
    expiresAt: null,
    path: null,
    device: '',
    incarnation: '',
    sequence: 0,
    ...patch,
  };
}
