import { READ_AFTER_MS } from '@magpie/common/view/limits.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReadCursor } from './read-cursor.ts';

/** Rows of one height, and how many of them the view reaches. */
const ROWS = ['a', 'b', 'c', 'd'];
let reached: number;
let hasFocus: boolean;
let read: string[];
let cursor: ReadCursor;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible', hasFocus: () => hasFocus });
  vi.stubGlobal('document', page);
  hasFocus = true;
  reached = 0;
  read = [];
  const log = { lastSeen: () => ROWS[reached - 1], isSeen: (id: string) => ROWS.indexOf(id) < reached };
  cursor = new ReadCursor(log, (id) => read.push(id));
  cursor.start();
});

afterEach(() => {
  cursor.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('what counts as read', () => {
  it('is a row that was in view for a while, also when one goes on to the next', () => {
    scrollTo(2);
    vi.advanceTimersByTime(300);
    scrollTo(3);
    vi.advanceTimersByTime(READ_AFTER_MS - 200);
    expect(read).toEqual(['b']);
    vi.advanceTimersByTime(READ_AFTER_MS);
    expect(read).toEqual(['b', 'c']);
  });

  it('is nothing that was only passed over, until it is in view again', () => {
    scrollTo(1);
    vi.advanceTimersByTime(2 * READ_AFTER_MS);
    scrollTo(4);
    vi.advanceTimersByTime(READ_AFTER_MS / 2);
    scrollTo(1);
    vi.advanceTimersByTime(4 * READ_AFTER_MS);
    expect(new Set(read)).toEqual(new Set(['a']));
    scrollTo(4);
    vi.advanceTimersByTime(2 * READ_AFTER_MS);
    expect(read.at(-1)).toBe('d');
  });

  it('is nothing in a window that lost the focus meanwhile', () => {
    scrollTo(4);
    vi.advanceTimersByTime(READ_AFTER_MS / 2);
    hasFocus = false;
    window.dispatchEvent(new Event('blur'));
    vi.advanceTimersByTime(4 * READ_AFTER_MS);
    expect(read).toEqual([]);
    hasFocus = true;
    window.dispatchEvent(new Event('focus'));
    vi.advanceTimersByTime(2 * READ_AFTER_MS);
    expect(read).toEqual(['d']);
  });
});

function scrollTo(rows: number): void {
  reached = rows;
  cursor.look();
}
