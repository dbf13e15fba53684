import { SHORT_TEXT_CODE_POINTS_MAX, STATUS_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';

/** Control and format characters, lone surrogates and line separators: the text is one line and shows all it holds. */
const NOT_IN_STATUS = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
/** The one format character that people type: the joiner between the parts of an emoji. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)\u200d(?=\p{Extended_Pictographic})/gu;

/** @returns the text as friends get it (trimmed, normal form C; may be empty), undefined when it is too long or hides something */
export function parseStatusText(text: string): string | undefined {
  if (text === '') return text;
  const line = text.normalize('NFC').trim();
  if (Buffer.byteLength(line) > STATUS_TEXT_BYTES_MAX || [...line].length > SHORT_TEXT_CODE_POINTS_MAX)
    return undefined;
  return NOT_IN_STATUS.test(line.replace(EMOJI_JOINER, '')) ? undefined : line;
}
