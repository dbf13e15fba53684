import type { HybridStamp } from '@magpie/common/content/content.ts';
import { TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { STAMP_AHEAD_MS_MAX } from './limits.ts';

export type TextError = 'EMPTY_TEXT' | 'TEXT_TOO_LARGE' | 'BAD_TEXT';

/**
 * Whether a user's text may become a message: any Unicode, NUL included, up to TEXT_BYTES_MAX bytes of UTF-8. Nothing
 * but white space is EMPTY_TEXT; a lone surrogate has no UTF-8 form and is BAD_TEXT rather than silently replaced.
 */
export function validateText(text: string): Result<void, TextError> {
  if (text.length > TEXT_BYTES_MAX) return err('TEXT_TOO_LARGE');
  if (!text.isWellFormed()) return err('BAD_TEXT');
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return err('TEXT_TOO_LARGE');
  return text.trim() === '' ? err('EMPTY_TEXT') : ok(undefined);
}

/** R16: such a message is answered `clock` and not committed. `wallNow` is server time when that is known. */
export function stampTooFarAhead(stamp: HybridStamp, wallNow: WallMs): boolean {
  return stamp.wallMs > wallNow + STAMP_AHEAD_MS_MAX;
}
