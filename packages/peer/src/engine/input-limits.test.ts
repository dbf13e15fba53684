import { describe, expect, it } from 'vitest';
import { fittingLabel } from './input-limits.ts';

describe('what a device is called', () => {
  it('is cut to its field between characters, and is well-formed', () => {
    expect(fittingLabel(undefined)).toBe('');
    expect(fittingLabel('  work laptop ')).toBe('work laptop');
    expect(fittingLabel('x'.repeat(100))).toBe('x'.repeat(64));
    expect(fittingLabel('鹊'.repeat(30))).toBe('鹊'.repeat(21));
    expect(fittingLabel('🐦'.repeat(30))).toBe('🐦'.repeat(16));
    expect(fittingLabel('a\ud800b').isWellFormed()).toBe(true);
  });
});
