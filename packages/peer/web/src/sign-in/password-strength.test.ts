import { describe, expect, it } from 'vitest';
import { passwordStrength } from './password-strength.ts';

describe('the strength of a password', () => {
  it('is too short below ten characters and too long above 128, however they are encoded', () => {
    expect(passwordStrength('Tr0ub4dor')).toBe('short');
    expect(passwordStrength('喜鹊搭桥七夕相会')).toBe('short');
    expect(passwordStrength('x'.repeat(129))).toBe('long');
  });

  it('is weak where characters repeat or count on', () => {
    expect(passwordStrength('aaaaaaaaaaaaaaaaaaaa')).toBe('weak');
    expect(passwordStrength('abcdefghijklmnop')).toBe('weak');
    expect(passwordStrength('1234567890')).toBe('weak');
    expect(passwordStrength('abababababab')).toBe('weak');
  });

  it('grows with length and variety', () => {
    expect(passwordStrength('k7#pQz!m2x')).toBe('fair');
    expect(passwordStrength('seven magpies built a bridge')).toBe('strong');
  });
});
