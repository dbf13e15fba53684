/** Codes that people copy by hand: more than their own letters twice over is no code. */
const TYPED_CHARACTERS_MAX = 128;
const GROUP_CHARACTERS = 4;

/** `abcd-efgh-ij` */
export function inGroups(letters: string): string {
  return letters.match(new RegExp(`.{1,${GROUP_CHARACTERS}}`, 'g'))?.join('-') ?? '';
}

/** What was typed without white space and dashes; undefined when it is far too long to be looked at. */
export function ungrouped(text: string): string | undefined {
  return text.length > TYPED_CHARACTERS_MAX ? undefined : text.replace(/[\s\p{Pd}]+/gu, '');
}
