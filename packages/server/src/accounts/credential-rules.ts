import {
  DISPLAY_NAME_BYTES_MAX,
  DISPLAY_NAME_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MIN,
} from '@magpie/common/limits.ts';
import { isCommonPassword } from './common-passwords.ts';

/** Control characters, lone surrogates, and the characters that turn the writing direction around. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** @returns what is wrong with a password (R25), undefined when it will do */
export function passwordFault(password: string, accountName: string): string | undefined {
  const codePoints = [...password];
  if (codePoints.length < PASSWORD_CODE_POINTS_MIN) return `shorter than ${PASSWORD_CODE_POINTS_MIN} characters`;
  if (codePoints.length > PASSWORD_CODE_POINTS_MAX) return `longer than ${PASSWORD_CODE_POINTS_MAX} characters`;
  if (isCommonPassword(password)) return 'one of the best known passwords';
  if (new Set(codePoints).size === 1) return 'one character repeated';
  if (password.toLowerCase() === accountName) return 'the same as the name';
  return undefined;
}

/** @returns the display name as it is stored (trimmed, normal form C), undefined when it is empty, too long or hides characters */
export function parseDisplayName(text: string): string | undefined {
  const name = text.normalize('NFC').trim();
  const codePoints = [...name].length;
  if (codePoints === 0 || codePoints > DISPLAY_NAME_CODE_POINTS_MAX) return undefined;
  if (Buffer.byteLength(name) > DISPLAY_NAME_BYTES_MAX || NOT_IN_NAMES.test(name)) return undefined;
  return name;
}
