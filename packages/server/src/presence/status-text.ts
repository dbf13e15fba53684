import { SHORT_TEXT_CODE_POINTS_MAX, STATUS_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { parsePlainLine } from '@magpie/common/plain-line.ts';

const MAX = { codePoints: SHORT_TEXT_CODE_POINTS_MAX, bytes: STATUS_TEXT_BYTES_MAX };

/** @returns the text as friends get it (may be empty), undefined when it is too long or hides something */
export function parseStatusText(text: string): string | undefined {
  return parsePlainLine(text, MAX);
}
