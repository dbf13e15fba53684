import { describe, expect, it } from 'vitest';
import { isImeEvent } from './ime.ts';

describe('keys that belong to an input method', () => {
  it('are those of a composition, and the key that ends one', () => {
    expect(isImeEvent({ isComposing: true, keyCode: 13 })).toBe(true);
    expect(isImeEvent({ isComposing: false, keyCode: 229 })).toBe(true);
  });

  it('are no others', () => {
    expect(isImeEvent({ isComposing: false, keyCode: 13 })).toBe(false);
  });
});
