import { err, ok, type Result } from '@magpie/common/result.ts';
import type { CommandError } from './command-error.ts';

/** Nothing that moves the cursor or ends the line; what else may stand in public texts is for the server to judge. */
const NOT_IN_A_LINE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/**
 * One line as a person typed it: trimmed, in normal form C.
 * @param max in code points, and in bytes of UTF-8
 */
export function shortText(
  text: string,
  max: { readonly codePoints: number; readonly bytes: number },
): Result<string, CommandError> {
  // Four times the bytes that can fit are refused before they are worked on.
  if (text.length > max.bytes * 4) return err({ code: 'TEXT_TOO_LARGE' });
  const line = text.normalize('NFC').trim();
  if (!text.isWellFormed() || NOT_IN_A_LINE.test(line)) return err({ code: 'BAD_TEXT' });
  const fits = [...line].length <= max.codePoints && Buffer.byteLength(line) <= max.bytes;
  return fits ? ok(line) : err({ code: 'TEXT_TOO_LARGE' });
}
