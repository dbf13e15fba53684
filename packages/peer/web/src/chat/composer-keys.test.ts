import { describe, expect, it } from 'vitest';
import { bytesLeft, type ComposerKey, composerAction, sendableText } from './composer-keys.ts';

describe('the keys of the composer', () => {
  it('send with Enter, or with Ctrl+Enter when that was chosen', () => {
    expect(composerAction(key('Enter'), 'enter', false)).toBe('send');
    expect(composerAction(key('Enter', { shiftKey: true }), 'enter', false)).toBe('none');
    expect(composerAction(key('Enter', { ctrlKey: true }), 'enter', false)).toBe('new-line');
    expect(composerAction(key('Enter'), 'ctrl-enter', false)).toBe('none');
    expect(composerAction(key('Enter', { ctrlKey: true }), 'ctrl-enter', false)).toBe('send');
    expect(composerAction(key('Enter', { metaKey: true }), 'ctrl-enter', false)).toBe('send');
  });

  it('do nothing while an input method composes', () => {
    for (const name of ['Enter', 'Escape', 'ArrowUp', 'PageUp']) {
      expect(composerAction(key(name, { isComposing: true }), 'enter', true)).toBe('none');
      expect(composerAction(key(name, { keyCode: 229 }), 'enter', true)).toBe('none');
    }
  });

  it('edit the last message by Up in an empty field only', () => {
    expect(composerAction(key('ArrowUp'), 'enter', true)).toBe('edit-last');
    expect(composerAction(key('ArrowUp'), 'enter', false)).toBe('none');
    expect(composerAction(key('ArrowUp', { altKey: true }), 'enter', true)).toBe('none');
  });

  it('scroll the log by page keys whatever is written', () => {
    expect(composerAction(key('PageUp'), 'enter', false)).toBe('page-up');
    expect(composerAction(key('PageDown'), 'enter', false)).toBe('page-down');
    expect(composerAction(key('PageUp', { shiftKey: true }), 'enter', false)).toBe('none');
    expect(composerAction(key('End', { ctrlKey: true }), 'enter', true)).toBe('to-end');
    expect(composerAction(key('End', { ctrlKey: true }), 'enter', false)).toBe('none');
  });
});

describe('the length of a message', () => {
  it('is counted in bytes of UTF-8 near the end only', () => {
    expect(bytesLeft('好'.repeat(1_000))).toBeUndefined();
    expect(bytesLeft('x'.repeat(65_536))).toBe(0);
    expect(bytesLeft('好'.repeat(21_845))).toBe(1);
    expect(bytesLeft('好'.repeat(21_846))).toBe(-2);
  });

  it('ends where the words end, and holds whole characters only', () => {
    expect(sendableText('  a\n b \n\n')).toBe('  a\n b');
    expect(sendableText(' \n ')).toBe('');
    expect(sendableText('a\ud800')).toBe('a\ufffd');
  });
});

function key(name: string, patch: Partial<ComposerKey> = {}): ComposerKey {
  const none = { isComposing: false, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
  return { key: name, keyCode: 0, ...none, ...patch };
}
