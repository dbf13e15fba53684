import type { ChatJson, ContactJson, DraftJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import { chatRows, foundPeople, friendRows, groupNames, requestRows, toggled } from './roster-order.ts';

const collator = new Intl.Collator('en', { numeric: true });

describe('the list of chats', () => {
  it('has the newest first, and a chat that holds only a draft', () => {
    const chats = mapOf([
      chat('1', '2026-05-01T00:00:00.000Z'),
      chat('2', '2026-05-03T00:00:00.000Z'),
      chat('9', null),
    ]);
    const drafts = mapOf([draft('3', 'half a', '2026-05-02T00:00:00.000Z'), draft('4', '', null)].map(byChat));
    expect(chatRows(chats, new Map(), drafts).map(({ id }) => id)).toEqual(['2', '3', '1']);
  });

  it('gives a draft no place of its own while its chat may be one that is still to come', () => {
    const chats = mapOf([chat('1', '2026-05-01T00:00:00.000Z')]);
    const drafts = mapOf(['1', '3'].map((id) => draft(id, 'half a', '2026-05-02T00:00:00.000Z')).map(byChat));
    const rows = chatRows(chats, new Map(), drafts, false);
    expect(rows.map(({ id, draft: written }) => [id, written?.text])).toEqual([['1', 'half a']]);
  });

  it('keeps a chat whose contact is gone', () => {
    const rows = chatRows(mapOf([chat('7', '2026-05-01T00:00:00.000Z')]), new Map(), new Map());
    expect(rows).toMatchObject([{ id: '7', contact: undefined, draft: undefined }]);
  });
});

describe('the list of friends', () => {
  const contacts = mapOf([
    contact('1', { displayName: 'Zoe', presence: 'online' }),
    contact('2', { displayName: 'Adam' }),
    contact('3', { displayName: 'Carl', group: 'work', presence: 'away' }),
    contact('4', { displayName: 'Bea', group: 'class', presence: 'offline' }),
    contact('5', { displayName: 'Bad', state: 'blocked' }),
    contact('6', { displayName: 'Asks', state: 'asking' }),
    contact('7', { displayName: 'Waits', state: 'asked' }),
    contact('8', { displayName: 'Gone', state: 'removed' }),
    contact('9', { displayName: 'Bert', presence: 'busy' }),
  ]);
  const words = (folded: readonly string[]) =>
    friendRows(contacts, folded, collator).map((row) =>
      row.type === 'friend' ? row.contact.displayName : `${row.id} ${row.online}/${row.total}`,
    );

  it('stands by group with online and total, who is online first, blocked people last and folded', () => {
    expect(words([])).toEqual([
      'none 2/3',
      'Zoe',
      'Bert',
      'Adam',
      'group/class 0/1',
      'Bea',
      'group/work 1/1',
      'Carl',
      'blocked 0/1',
    ]);
  });

  it('folds and unfolds any group, the blocked ones too', () => {
    const folded = toggled('blocked', toggled('group/class', toggled('none', [])));
    expect(words(folded)).toEqual(['none 2/3', 'group/class 0/1', 'group/work 1/1', 'Carl', 'blocked 0/1', 'Bad']);
    expect(toggled('none', toggled('none', []))).toEqual([]);
  });

  it('keeps a group named like one of ours apart from it', () => {
    const odd = mapOf([contact('1', { group: 'none' }), contact('2', { group: 'blocked' }), contact('3', {})]);
    expect(friendRows(odd, [], collator).filter(({ type }) => type === 'group')).toHaveLength(3);
  });

  it('names each group once', () => {
    expect(groupNames(contacts, collator)).toEqual(['class', 'work']);
  });

  it('finds friends before strangers, and names that begin with what was typed before others', () => {
    expect(foundPeople(contacts, 'b', collator).map(({ displayName }) => displayName)).toEqual(['Bea', 'Bert', 'Bad']);
    expect(foundPeople(contacts, 'gone', collator)).toEqual([]);
  });

  it('has the requests of both directions', () => {
    const { incoming, outgoing } = requestRows(contacts, collator);
    expect([incoming.map(({ id }) => id), outgoing.map(({ id }) => id)]).toEqual([['6'], ['7']]);
  });
});

function contact(id: string, patch: Partial<ContactJson>): ContactJson {
  return {
    id,
    name: `n${id}`,
    displayName: '',
    alias: null,
    group: null,
    state: 'member',
    presence: 'offline',
    statusText: '',
    signatureLine: '',
    lastSeen: null,
    path: null,
    unread: 0,
    text: '',
    keyChanged: false,
    listBroken: false,
    verified: false,
    neverDirect: false,
    missing: 0,
    typing: false,
    ...patch,
  };
}

function chat(id: string, at: string | null): ChatJson {
  const last = at && {
    id: 'm',
    at,
    direction: 'in' as const,
    kind: 'text' as const,
    text: 'x',
    recalled: false,
    state: 'read' as const,
    reason: null,
  };
  return { id, last: last || null, unread: 0, firstUnread: null };
}

function draft(of: string, text: string, at: string | null): DraftJson {
  return { chat: of, text, replyTo: null, at };
}

function byChat(each: DraftJson): DraftJson & { readonly id: string } {
  return { ...each, id: each.chat };
}

function mapOf<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}
