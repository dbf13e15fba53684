/** What people write as `code` and **bold**, each within one line; the words are in the first or the second group. */
export const MARKS = /`([^`\n]+)`|\*\*(?=\S)([^\n*]*[^\s*])\*\*/g;

const FENCES = /^```[^\n`]*$/gm;

/** One line, without the signs that a conversation shows as code and emphasis. */
export function withoutMarks(text: string): string {
  return text.replace(FENCES, ' ').replace(MARKS, '$1$2').replace(/\s+/g, ' ').trim();
}
