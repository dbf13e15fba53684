import {
  DISPLAY_NAME_BYTES_MAX,
  DISPLAY_NAME_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MIN,
} from '@magpie/common/limits.ts';
import { isGuessable } from './guessable-password.ts';

/**
 * Control and format characters (the invisible ones, and those that turn the writing direction around), lone
 * surrogates, line separators, and the Hangul fillers, which are letters that show nothing.
 */
const NOT_IN_NAMES = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/u;
/** The one format character that people type: the joiner between the parts of an emoji. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)\u200d(?=\p{Extended_Pictographic})/gu;
/** A blank Braille pattern is a symbol by its category only. */
const VISIBLE = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/** @returns what is wrong with a password (R25), undefined when it will do */
export function passwordFault(password: string, accountName: string): string | undefined {
  const codePoints = [...password];
  if (codePoints.length < PASSWORD_CODE_POINTS_MIN) return `shorter than ${PASSWORD_CODE_POINTS_MIN} characters`;
  if (codePoints.length > PASSWORD_CODE_POINTS_MAX) return `longer than ${PASSWORD_CODE_POINTS_MAX} characters`;
  if (isGuessable(password, accountName)) return 'too easy to guess';
  return undefined;
}

/** @returns the display name as it is stored (trimmed, normal form C), undefined when it is too long, hides characters or shows none */
export function parseDisplayName(text: string): string | undefined {
  const name = text.normalize('NFC').trim();
  const codePoints = [...name].length;
  if (codePoints === 0 || codePoints > DISPLAY_NAME_CODE_POINTS_MAX) return undefined;
  if (Buffer.byteLength(name) > DISPLAY_NAME_BYTES_MAX) return undefined;
  if (NOT_IN_NAMES.test(name.replace(EMOJI_JOINER, '')) || !VISIBLE.test(name)) return undefined;
  return name;
}
