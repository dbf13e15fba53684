import { wordsOnly } from './rich-text.ts';

/** Part of a text around what was searched for. */
export interface SnippetPart {
  readonly text: string;
  readonly marked: boolean;
}

const BEFORE_CHARACTERS = 36;
const SNIPPET_CHARACTERS_MAX = 180;

/**
 * Where a text has the words that were searched for. The daemon decides what matches (full width, accents, parts of
 * words); what it found by other rules than these is shown without marks.
 */
export function snippetOf(text: string, query: string): readonly SnippetPart[] {
  const flat = wordsOnly(text);
  const words = [...new Set(fold(query).split(/\s+/).filter(Boolean))];
  const folded = fold(flat);
  // Folding may change the length; then places in one are not places in the other.
  const haystack = folded.length === flat.length ? folded : flat.toLowerCase();
  if (haystack.length !== flat.length || words.length === 0) return [{ text: cut(flat, 0), marked: false }];

  const first = Math.min(...words.map((word) => haystack.indexOf(word)).filter((at) => at >= 0));
  const from = Number.isFinite(first) ? startOf(flat, first - BEFORE_CHARACTERS) : 0;
  const shown = cut(flat, from);
  const parts: SnippetPart[] = from > 0 ? [{ text: '…', marked: false }] : [];
  const inShown = haystack.slice(from, from + shown.length);
  let at = 0;
  while (at < shown.length) {
    const next = nextMark(inShown, words, at);
    if (!next) break;
    if (next.start > at) parts.push({ text: shown.slice(at, next.start), marked: false });
    parts.push({ text: shown.slice(next.start, next.end), marked: true });
    at = next.end;
  }
  if (at < shown.length) parts.push({ text: shown.slice(at), marked: false });
  if (from + shown.length < flat.length) parts.push({ text: '…', marked: false });
  return parts;
}

function nextMark(text: string, words: readonly string[], from: number): { start: number; end: number } | undefined {
  let best: { start: number; end: number } | undefined;
  for (const word of words) {
    const start = text.indexOf(word, from);
    if (start < 0) continue;
    if (!best || start < best.start || (start === best.start && start + word.length > best.end)) {
      best = { start, end: start + word.length };
    }
  }
  return best;
}

/** At a word's beginning if one is near; never within a surrogate pair. */
function startOf(text: string, wanted: number): number {
  if (wanted <= 0) return 0;
  const space = text.indexOf(' ', wanted);
  const start = space >= 0 && space - wanted < 12 ? space + 1 : wanted;
  return /[\udc00-\udfff]/.test(text.charAt(start)) ? start + 1 : start;
}

function cut(text: string, from: number): string {
  return text.slice(from, from + SNIPPET_CHARACTERS_MAX).replace(/[\ud800-\udbff]$/, '');
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
