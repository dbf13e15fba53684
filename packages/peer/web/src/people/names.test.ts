import { describe, expect, it } from 'vitest';
import { displayNameOf, matchesSearch, typedNameOf } from './names.ts';

const bob = { id: '10002', name: 'bob', displayName: 'Bob Müller', alias: null };

describe('names of people', () => {
  it('prefer the remark, then the display name, the account name, the number', () => {
    expect(displayNameOf({ ...bob, alias: '小明' })).toBe('小明');
    expect(displayNameOf(bob)).toBe('Bob Müller');
    expect(displayNameOf({ ...bob, displayName: '' })).toBe('bob');
    expect(displayNameOf({ ...bob, displayName: '', name: '' })).toBe('10002');
  });

  it('turn no sentence around in which they stand', () => {
    expect(displayNameOf({ ...bob, displayName: '\u202eboB\u2066\u0007' })).toBe('boB');
    expect(displayNameOf({ ...bob, displayName: '\u202e\u200f' })).toBe('bob');
    expect(displayNameOf({ ...bob, displayName: '', name: '\u202ebob' })).toBe('bob');
    expect(displayNameOf({ ...bob, displayName: '👨‍👩‍👧 שלום नमस्ते ཨོཾ' })).toBe('👨‍👩‍👧 שלום नमस्ते ཨོཾ');
  });

  it('are no commands of their own where they stand in one', () => {
    expect(typedNameOf(bob)).toBe('bob');
    for (const name of ['', 'Bob', 'bob;id', '$(id)', 'bob\nid', '-rf', '小明'])
      expect(typedNameOf({ ...bob, name })).toBe('10002');
  });

  it('are found by remark, names and number, whatever the case or width of the letters', () => {
    const remarked = { ...bob, alias: '小明' };
    for (const query of ['', '小', 'BOB', 'müll', 'ＢＯＢ', '1000', 'bob 小明', '  bob ']) {
      expect([query, matchesSearch(remarked, query)]).toEqual([query, true]);
    }
    for (const query of ['小红', 'bob carol', '10003']) {
      expect([query, matchesSearch(remarked, query)]).toEqual([query, false]);
    }
  });
});
