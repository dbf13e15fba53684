/**
 * Text of other people as a terminal may be given it: control characters and those that turn the direction of
 * writing are shown, not obeyed, so that no name or message can move the cursor, set colours or look like another.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNSAFE, visible);
}

/** As `printable`, but keeps line breaks; for the text of a message. */
export function printableLines(text: string): string[] {
  return text.split(/\r\n|\n/).map(printable);
}

/** C0, DEL, C1; Arabic letter mark, directional marks, embeddings and isolates; line and paragraph separators; tags. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to catch
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

function visible(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}
