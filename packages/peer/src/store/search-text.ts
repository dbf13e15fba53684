import type { AccountNumber } from '@magpie/common/ids.ts';
import { SEARCH_TERMS_MAX } from './limits.ts';

/**
 * How text becomes searchable, for the index of SQLite and for the memory store alike.
 *
 * Text is folded (NFKC, lower case, no diacritics) and cut into words of letters, digits and signs. Scripts that put no
 * blanks between words (Chinese, Japanese, Korean, Thai …) are indexed by every character and every pair of neighbours,
 * so that one character is found as fast as a sentence; all other words by themselves and by their first letters. Every
 * term is a token of its own in FTS5's `ascii` tokenizer, which cuts at ASCII punctuation only: what separates words is
 * decided here and nowhere else, and no two Unicode tables have to agree. A change here needs a new migration that builds the
 * index anew, because a term is erased by naming it again.
 */

/** Beginnings of this many letters are terms of their own; longer ones are found among the words. */
const HEAD_LETTERS_MAX = 4;
/** No word of a language is longer; of what is (keys, links) the beginning is indexed, and the rest compared. */
const WORD_LETTERS_MAX = 48;

const WORDS = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*|\p{Extended_Pictographic}/gu;
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]+/u;
const RUNS = new RegExp(`${UNSPACED.source}|[^${UNSPACED.source.slice(1, -2)}]+`, 'gu');
/** Combining marks of Latin, Greek and Cyrillic, and what only chooses how a sign is drawn. */
const DIACRITICS = /[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]+/g;
const ASCII_ONLY = /^[\0-\x7f]*$/;

interface Run {
  readonly text: string;
  readonly unspaced: boolean;
}

/** What a search looks for; made once, then held against many texts. */
export interface SearchTerms {
  /** Terms that every match has, to be looked up as they are. */
  readonly exact: readonly string[];
  /** Beginnings of terms that every match has. */
  readonly heads: readonly string[];
  /** Whether a text with all these terms may still be none: then it has to be asked by `matches`. */
  readonly needsLook: boolean;
  /** Whether the text has everything that was asked for. */
  matches(text: string): boolean;
}

/** All terms of a text, separated by blanks. */
export function indexTerms(text: string): string {
  const terms = new Set<string>();
  for (const run of runsOf(text)) {
    if (run.unspaced) addCharacters(terms, run.text);
    else addWord(terms, run.text);
  }
  return [...terms].join(' ');
}

/** The term of all messages of a chat. No text has it: it begins with what is no letter. */
export function chatTerm(chat: AccountNumber): string {
  return `§${chat}`;
}

export function directionTerm(direction: 'in' | 'out'): string {
  return `§${direction}`;
}

/** @returns undefined when the text has nothing that could be looked for */
export function searchTerms(text: string): SearchTerms | undefined {
  const runs = distinct(runsOf(text));
  if (runs.length === 0) return undefined;
  const exact = new Set<string>();
  const heads = new Set<string>();
  let needsLook = false;
  for (const run of runs) {
    const letters = [...run.text];
    if (run.unspaced) {
      if (letters.length === 1) exact.add(run.text);
      for (const pair of pairs(letters)) exact.add(pair);
      needsLook ||= letters.length > 2;
    } else if (letters.length <= HEAD_LETTERS_MAX) {
      exact.add(run.text);
    } else {
      heads.add(letters.slice(0, WORD_LETTERS_MAX).join(''));
      needsLook ||= letters.length > WORD_LETTERS_MAX;
    }
  }
  needsLook ||= exact.size > SEARCH_TERMS_MAX || heads.size > SEARCH_TERMS_MAX;
  return {
    exact: [...exact].slice(0, SEARCH_TERMS_MAX),
    heads: [...heads].slice(0, SEARCH_TERMS_MAX),
    needsLook,
    matches: (other) => hasAll(runsOf(other), runs),
  };
}

/** Every run asked for: within a run of the same kind, or as the beginning of a word. */
function hasAll(present: readonly Run[], wanted: readonly Run[]): boolean {
  return wanted.every(({ text, unspaced }) =>
    present.some(
      (run) => run.unspaced === unspaced && (unspaced ? run.text.includes(text) : run.text.startsWith(text)),
    ),
  );
}

function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  for (const [word] of folded(text).matchAll(WORDS)) {
    for (const [run] of word.matchAll(RUNS)) runs.push({ text: run, unspaced: UNSPACED.test(run) });
  }
  return runs;
}

function folded(text: string): string {
  const lower = text.normalize('NFKC').toLowerCase();
  return ASCII_ONLY.test(lower) ? lower : lower.normalize('NFD').replace(DIACRITICS, '').normalize('NFC');
}

function addCharacters(terms: Set<string>, run: string): void {
  const letters = [...run];
  for (const letter of letters) terms.add(letter);
  for (const pair of pairs(letters)) terms.add(pair);
}

function addWord(terms: Set<string>, word: string): void {
  const letters = [...word];
  for (let length = 1; length <= Math.min(HEAD_LETTERS_MAX, letters.length); length++) {
    terms.add(letters.slice(0, length).join(''));
  }
  terms.add(letters.length > WORD_LETTERS_MAX ? letters.slice(0, WORD_LETTERS_MAX).join('') : word);
}

function pairs(letters: readonly string[]): string[] {
  return letters.slice(1).map((letter, at) => `${letters[at]}${letter}`);
}

function distinct(runs: readonly Run[]): readonly Run[] {
  return [...new Map(runs.map((run) => [run.text, run])).values()];
}
