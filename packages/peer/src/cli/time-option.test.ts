import { describe, expect, it } from 'vitest';
import { CliError } from './cli-error.ts';
import { timeOption } from './time-option.ts';

const NOW = new Date('2026-03-10T12:00:00Z');

describe('a time as typed', () => {
  it('takes a day as it begins here, a time of day, and any zone', () => {
    expect(timeOption('2026-03-01')).toBe(new Date(2026, 2, 1).toISOString());
    expect(timeOption('2026-03-01 14:30')).toBe(new Date(2026, 2, 1, 14, 30).toISOString());
    expect(timeOption('2026-03-01T14:30:05+08:00')).toBe('2026-03-01T06:30:05.000Z');
  });

  it('takes how long ago', () => {
    expect(timeOption('90m', NOW)).toBe('2026-03-10T10:30:00.000Z');
    expect(timeOption('7d', NOW)).toBe('2026-03-03T12:00:00.000Z');
  });

  it.each(['', 'yesterday', '2026-13-01', '2026-03-01T25:00', '99999w', '1', '2026'])('refuses %j', (text) => {
    expect(() => timeOption(text, NOW)).toThrow(CliError);
  });

  it('gives nothing for nothing', () => {
    expect(timeOption(undefined)).toBeUndefined();
  });
});
