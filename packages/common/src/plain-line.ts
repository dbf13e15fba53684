/** Control and format characters (the invisible ones, and those that turn the writing direction around), lone surrogates, line separators. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
/** The one format character that people type: the joiner between the parts of an emoji. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)\u200d(?=\p{Extended_Pictographic})/gu;

/** Whether a text is one line that shows all it holds. */
export function isPlainLine(text: string): boolean {
  return !HIDDEN.test(text.replace(EMOJI_JOINER, ''));
}

/**
 * What people say in one line, as everybody gets it: trimmed, in normal form C; may be empty.
 * @param max in code points, and in bytes of UTF-8
 * @returns undefined when it is too long or hides something
 */
export function parsePlainLine(
  text: string,
  max: { readonly codePoints: number; readonly bytes: number },
): string | undefined {
  const line = text.normalize('NFC').trim();
  if ([...line].length > max.codePoints || Buffer.byteLength(line) > max.bytes) return undefined;
  return isPlainLine(line) ? line : undefined;
}
