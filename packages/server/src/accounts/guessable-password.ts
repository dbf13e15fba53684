import { COMMON_WORDS } from './common-words.ts';

/**
 * A password that is found within 2 to this power guesses (67 million) is refused. One account allows 118 wrong tries a
 * day, so what this keeps out is the few passwords that are tried on very many accounts, and lists run on a stolen hash.
 */
const GUESSABLE_BITS = 26;

/** log2 of how many there are of each, roughly, in the order in which people choose them. */
const BITS = { digit: 3.3, letter: 4.7, sign: 5, beyondAscii: 10, word: 9, ownName: 2, walk: 6, year: 6, date: 14 };
/** What it costs to try a common change as well: a letter written as a digit, a run, a doubling, a repeated whole. */
const CHANGE_BITS = { respelled: 1, run: 2, repeated: 2, doubled: 3, interleaved: 1 };

/** Neighbours in an alphabet, on a keyboard or on a pad of digits; read in either direction. */
const WALKS: readonly string[] = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  '02468',
  '13579',
  '`1234567890-=',
  '~!@#$%^&*()_+',
  'qwertyuiop[]\\',
  "asdfghjkl;'",
  'zxcvbnm,./',
  'qwertzuiopü+',
  'yxcvbnm,.-',
  'azertyuiop',
  'qsdfghjklm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1qazxsw23edcvfr45tgbnhy67ujm',
  'qazwsxedcrfvtgbyhnujmikolp',
  '147258369',
  '741852963',
  '7894561230',
  '159357',
].flatMap((line) => [line, [...line].reverse().join('')]);
const WALK_LENGTH_MIN = 3;

/** What a character may stand for. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'il', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '!': 'i', '+': 't', '€': 'e' },
};

/** Where each character stands in the walks. */
const walksThrough = Map.groupBy(
  WALKS.flatMap((walk) => [...walk].map((character, at) => ({ character, walk: [...walk], at }))),
  ({ character }) => character,
);

/** The common words by their letters, so that a look at one place of a password meets only words that begin there. */
interface WordTree {
  readonly next: Map<string, WordTree>;
  isWord: boolean;
}

const wordTree: WordTree = { next: new Map(), isWord: false };
for (const word of COMMON_WORDS) {
  let node = wordTree;
  for (const letter of word) {
    const next = node.next.get(letter) ?? { next: new Map(), isWord: false };
    node.next.set(letter, next);
    node = next;
  }
  node.isWord = true;
}

/** A part of a password, of any of these lengths, that counts as one guess among 2 to `bits`. */
interface Piece {
  readonly lengthMin: number;
  readonly lengthMax: number;
  readonly bits: number;
}

/** Whether a password is among the first that a guesser tries who knows the account's name. Case does not count. */
export function isGuessable(password: string, accountName: string): boolean {
  return guessBits([...password.toLowerCase()], accountName) < GUESSABLE_BITS;
}

function guessBits(password: readonly string[], accountName: string): number {
  const evens = password.filter((_, i) => i % 2 === 0);
  const odds = password.filter((_, i) => i % 2 === 1);
  const interleaved = shortenedBits(evens, accountName) + shortenedBits(odds, accountName) + CHANGE_BITS.interleaved;
  return Math.min(shortenedBits(password, accountName), interleaved);
}

/** The password itself, or what it is a repetition of: 123123123, 112233. */
function shortenedBits(password: readonly string[], accountName: string): number {
  const unit = unitOf(password);
  const single = unit.filter((character, i) => character !== unit[i - 1]);
  const singleUnit = unitOf(single);
  const unitExtra = unit.length < password.length ? CHANGE_BITS.repeated : 0;
  let bits = coverBits(password, accountName);
  if (unit.length < password.length) bits = Math.min(bits, coverBits(unit, accountName) + unitExtra);
  if (singleUnit.length === unit.length) return bits;
  return Math.min(bits, coverBits(singleUnit, accountName) + unitExtra + CHANGE_BITS.doubled);
}

/** The shortest beginning that the whole is a repetition of; the last one may be cut off (Knuth, Morris and Pratt). */
function unitOf(password: readonly string[]): readonly string[] {
  /** By length of a beginning: how much of it both begins and ends it. */
  const borders = [0, 0];
  let border = 0;
  for (let at = 1; at < password.length; at++) {
    while (border > 0 && password[at] !== password[border]) border = borders[border]!;
    if (password[at] === password[border]) border++;
    borders.push(border);
  }
  return password.slice(0, password.length - border);
}

/** The cheapest way to put the password together from pieces and single characters. */
function coverBits(password: readonly string[], accountName: string): number {
  const cheapest = [0, ...Array<number>(password.length).fill(Number.POSITIVE_INFINITY)];
  for (let at = 0; at < password.length; at++) {
    const before = cheapest[at]!;
    const single: Piece = { lengthMin: 1, lengthMax: 1, bits: characterBits(password[at]!) };
    for (const { lengthMin, lengthMax, bits } of [single, ...piecesAt(password, at, accountName)]) {
      for (let end = at + lengthMin; end <= at + lengthMax; end++) {
        if (before + bits < cheapest[end]!) cheapest[end] = before + bits;
      }
    }
  }
  return cheapest[password.length]!;
}

function characterBits(character: string): number {
  if (isDigit(character)) return BITS.digit;
  if (character >= 'a' && character <= 'z') return BITS.letter;
  return character <= '~' ? BITS.sign : BITS.beyondAscii;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function piecesAt(password: readonly string[], at: number, accountName: string): readonly Piece[] {
  const pieces: Piece[] = [];
  addRuns(pieces, password, at);
  addWalks(pieces, password, at);
  addWords(pieces, password, at, wordTree, at, BITS.word);
  addOwnName(pieces, password, at, accountName);
  if (isDigit(password[at]!)) addDays(pieces, password, at);
  return pieces;
}

function addRuns(pieces: Piece[], password: readonly string[], at: number): void {
  let length = 1;
  while (password[at + length] === password[at]) length++;
  addUpTo(pieces, length, characterBits(password[at]!) + CHANGE_BITS.run);
}

function addWalks(pieces: Piece[], password: readonly string[], at: number): void {
  let longest = 0;
  for (const { walk, at: from } of walksThrough.get(password[at]!) ?? []) {
    let length = 1;
    while (from + length < walk.length && walk[from + length] === password[at + length]) length++;
    longest = Math.max(longest, length);
  }
  addUpTo(pieces, longest, BITS.walk);
}

function addUpTo(pieces: Piece[], length: number, bits: number): void {
  if (length >= WALK_LENGTH_MIN) pieces.push({ lengthMin: WALK_LENGTH_MIN, lengthMax: length, bits });
}

/** @param node the words that what is between `at` and `end` is the beginning of */
function addWords(
  pieces: Piece[],
  password: readonly string[],
  at: number,
  node: WordTree,
  end: number,
  bits: number,
): void {
  if (node.isWord) pieces.push({ lengthMin: end - at, lengthMax: end - at, bits });
  const character = password[end];
  if (character === undefined) return;
  const same = node.next.get(character);
  if (same) addWords(pieces, password, at, same, end + 1, bits);
  for (const letter of SPELLINGS[character] ?? '') {
    const spelled = node.next.get(letter);
    if (spelled) addWords(pieces, password, at, spelled, end + 1, BITS.word + CHANGE_BITS.respelled);
  }
}

function addOwnName(pieces: Piece[], password: readonly string[], at: number, name: string): void {
  let respelled = 0;
  for (let i = 0; i < name.length; i++) {
    const character = password[at + i];
    if (character === name[i]) continue;
    if (character === undefined || !SPELLINGS[character]?.includes(name[i]!)) return;
    respelled = CHANGE_BITS.respelled;
  }
  pieces.push({ lengthMin: name.length, lengthMax: name.length, bits: BITS.ownName + respelled });
}

const YEAR = /^(?:19|20)[0-9]{2}/;
const DATE = /^(?:(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]|[0-3][0-9][0-3][0-9](?:19|20)[0-9]{2})/;

function addDays(pieces: Piece[], password: readonly string[], at: number): void {
  const text = password.slice(at, at + 8).join('');
  if (YEAR.test(text)) pieces.push({ lengthMin: 4, lengthMax: 4, bits: BITS.year });
  if (DATE.test(text)) pieces.push({ lengthMin: 8, lengthMax: 8, bits: BITS.date });
}
