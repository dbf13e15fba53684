import { splitLinks } from '@magpie/common/view/links.ts';
import { MARKS } from '../text/marks.ts';

export type TextPart =
  | { readonly type: 'text' | 'bold' | 'code' | 'block'; readonly text: string }
  | { readonly type: 'link'; readonly text: string; readonly href: string; readonly mixedScript: boolean };

/** A longer text shows its beginning first: about a screen. */
const LINES_SHOWN_MAX = 20;
const CHARACTERS_SHOWN_MAX = 1_500;
/** A little more than that is shown all the same: folding must be worth its button. */
const LINES_SPARED = 4;
const CHARACTERS_SPARED = 200;
const BIG_EMOJI_MAX = 3;

const FENCE_OPENS = /^```[^\n`]*\n/gm;
const FENCE_CLOSES = /^```[ \t]*$/gm;

/** What a text consists of; within code nothing else is looked for. Takes time in proportion to the text, whatever it is. */
export function textParts(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  const closes = [...text.matchAll(FENCE_CLOSES)];
  let close = 0;
  let from = 0;
  for (const open of text.matchAll(FENCE_OPENS)) {
    if (open.index < from) continue;
    const start = open.index + open[0].length;
    while ((closes[close]?.index ?? start) < start) close++;
    const end = closes[close];
    if (!end) break;
    addMarked(parts, text.slice(from, open.index));
    parts.push({ type: 'block', text: text.slice(start, Math.max(start, end.index - 1)) });
    from = end.index + end[0].length;
    // The block has a line of its own already.
    if (text[from] === '\n') from += 1;
  }
  addMarked(parts, text.slice(from));
  return parts;
}

function addMarked(parts: TextPart[], text: string): void {
  let from = 0;
  for (const match of text.matchAll(MARKS)) {
    addPlain(parts, text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) parts.push({ type: 'code', text: match[1] });
    else parts.push({ type: 'bold', text: match[2] ?? '' });
  }
  addPlain(parts, text.slice(from));
}

function addPlain(parts: TextPart[], text: string): void {
  if (text !== '') parts.push(...splitLinks(text));
}

/** The beginning of a long text, cut between words; the text itself when it is not long. */
export function foldText(text: string): string {
  const isLong = text.length > CHARACTERS_SHOWN_MAX + CHARACTERS_SPARED;
  if (!isLong && endOfLines(text, LINES_SHOWN_MAX + LINES_SPARED) === text.length) return text;
  const end = Math.min(endOfLines(text, LINES_SHOWN_MAX), CHARACTERS_SHOWN_MAX);
  const cut = text.slice(0, end);
  const space = cut.search(/\s\S*$/);
  const kept = space > end * 0.8 ? cut.slice(0, space) : cut;
  // Half of a surrogate pair would be shown as a replacement character.
  return kept.replace(/[\ud800-\udbff]$/, '').trimEnd();
}

function endOfLines(text: string, lines: number): number {
  let at = -1;
  for (let line = 0; line < lines; line++) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text.length;
  }
  return at;
}

const EMOJI = /^(\p{RGI_Emoji}|\s)+$/v;

/** One to three emoji and nothing else are shown large. */
export function isBigEmoji(text: string): boolean {
  if (text.length > 64 || !EMOJI.test(text)) return false;
  const count = [...new Intl.Segmenter().segment(text)].filter(({ segment }) => segment.trim() !== '').length;
  return count > 0 && count <= BIG_EMOJI_MAX;
}

/** All of it on one line, without the marks of code and bold. */
export function wordsOnly(text: string): string {
  const words = textParts(text).map((part) => (part.type === 'block' ? ` ${part.text} ` : part.text));
  return words.join('').replace(/\s+/g, ' ').trim();
}

/** More than any excerpt shows; what comes after need not be looked through. */
const EXCERPT_FROM_CHARACTERS = 4_000;

/** The first line or so, for a quote. */
export function excerpt(text: string, charactersMax = 160): string {
  const line = wordsOnly(text.slice(0, EXCERPT_FROM_CHARACTERS));
  if (line.length <= charactersMax) return line;
  return `${line.slice(0, charactersMax).replace(/[\ud800-\udbff]$/, '')}…`;
}
