import { PASSWORD_CODE_POINTS_MAX, PASSWORD_CODE_POINTS_MIN } from '@magpie/common/limits.ts';

export type PasswordStrength = 'short' | 'long' | 'weak' | 'fair' | 'strong';

/** Guesses, as powers of two: below the first somebody with the server's disk finds it soon, above the other never. */
const FAIR_BITS = 42;
const STRONG_BITS = 70;
/** What one more character adds at most: people choose words, not dice. */
const BITS_PER_CHARACTER_MAX = 4.7;

/**
 * A rough estimate from length and variety alone. It promises little on purpose: it knows no dictionary, and the server
 * refuses the common ones besides.
 */
export function passwordStrength(password: string): PasswordStrength {
  const characters = [...password];
  if (characters.length < PASSWORD_CODE_POINTS_MIN) return 'short';
  if (characters.length > PASSWORD_CODE_POINTS_MAX) return 'long';
  const bits = surprisingCount(characters) * Math.min(BITS_PER_CHARACTER_MAX, bitsOfVariety(characters));
  if (bits < FAIR_BITS) return 'weak';
  return bits < STRONG_BITS ? 'fair' : 'strong';
}

/** Characters that do not simply repeat the one before, or go on counting from it. */
function surprisingCount(characters: readonly string[]): number {
  let count = 0;
  let stepBefore: number | undefined;
  characters.forEach((character, index) => {
    const before = characters[index - 1];
    const step = before === undefined ? undefined : character.codePointAt(0)! - before.codePointAt(0)!;
    const isExpected = step !== undefined && Math.abs(step) <= 1 && (step === 0 || step === stepBefore);
    if (!isExpected) count += 1;
    stepBefore = step;
  });
  return count;
}

/** From how many different ones it is made: `aaaabbbb` tells less than its length. */
function bitsOfVariety(characters: readonly string[]): number {
  return Math.log2(1 + 2 * new Set(characters).size);
}
