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

const wordsByFirst = Map.groupBy(new Set(COMMON_WORDS), (word) => word[0]!);

/** A part of a password that counts as one guess among 2 to `bits`. */
interface Piece {
  readonly length: number;
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
  const unitExtra = unit.length < password.length ? CHANGE_BITS.repeated : 0;
  const single = unit.filter((character, i) => character !== unit[i - 1]);
  const singleUnit = unitOf(single);
  return Math.min(
    coverBits(password, accountName),
    coverBits(unit, accountName) + unitExtra,
    coverBits(singleUnit, accountName) + unitExtra + CHANGE_BITS.doubled,
  );
}

/** The shortest beginning that the whole is a repetition of; the last one may be cut off. */
function unitOf(password: readonly string[]): readonly string[] {
  for (let length = 1; length < password.length; length++) {
    if (password.every((character, i) => character === password[i % length])) return password.slice(0, length);
  }
  return password;
}

/** The cheapest way to put the password together from pieces and single characters. */
function coverBits(password: readonly string[], accountName: string): number {
  const cheapest = [0, ...Array<number>(password.length).fill(Number.POSITIVE_INFINITY)];
  for (let at = 0; at < password.length; at++) {
    const single: Piece = { length: 1, bits: characterBits(password[at]!) };
    for (const { length, bits } of [single, ...piecesAt(password, at, accountName)]) {
      cheapest[at + length] = Math.min(cheapest[at + length]!, cheapest[at]! + bits);
    }
  }
  return cheapest[password.length]!;
}

function characterBits(character: string): number {
  if (/[0-9]/.test(character)) return BITS.digit;
  if (/[a-z]/.test(character)) return BITS.letter;
  return character <= '~' ? BITS.sign : BITS.beyondAscii;
}

function piecesAt(password: readonly string[], at: number, accountName: string): readonly Piece[] {
  return [
    ...runsAt(password, at),
    ...walksAt(password, at),
    ...wordsAt(password, at, accountName),
    ...daysAt(password, at),
  ];
}

function runsAt(password: readonly string[], at: number): readonly Piece[] {
  let length = 1;
  while (password[at + length] === password[at]) length++;
  return piecesUpTo(length, characterBits(password[at]!) + CHANGE_BITS.run);
}

function walksAt(password: readonly string[], at: number): readonly Piece[] {
  let longest = 0;
  for (const walk of WALKS) {
    for (let from = walk.indexOf(password[at]!); from >= 0; from = walk.indexOf(password[at]!, from + 1)) {
      let length = 1;
      while (from + length < walk.length && walk[from + length] === password[at + length]) length++;
      longest = Math.max(longest, length);
    }
  }
  return piecesUpTo(longest, BITS.walk);
}

function piecesUpTo(length: number, bits: number): readonly Piece[] {
  const count = Math.max(0, length - WALK_LENGTH_MIN + 1);
  return Array.from({ length: count }, (_, i) => ({ length: WALK_LENGTH_MIN + i, bits }));
}

function wordsAt(password: readonly string[], at: number, accountName: string): readonly Piece[] {
  const first = password[at]!;
  const words = [first, ...(SPELLINGS[first] ?? '')].flatMap((letter) => wordsByFirst.get(letter) ?? []);
  const pieces = words.map((word) => wordPiece(password, at, word, BITS.word));
  return [...pieces, wordPiece(password, at, accountName, BITS.ownName)].filter((piece) => piece !== undefined);
}

function wordPiece(password: readonly string[], at: number, word: string, bits: number): Piece | undefined {
  let respelled = 0;
  for (let i = 0; i < word.length; i++) {
    const character = password[at + i];
    if (character === word[i]) continue;
    if (character === undefined || !SPELLINGS[character]?.includes(word[i]!)) return undefined;
    respelled = CHANGE_BITS.respelled;
  }
  return { length: word.length, bits: bits + respelled };
}

const YEAR = /^(?:19|20)[0-9]{2}/;
const DATE = /^(?:(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]|[0-3][0-9][0-3][0-9](?:19|20)[0-9]{2})/;

function daysAt(password: readonly string[], at: number): readonly Piece[] {
  const text = password.slice(at, at + 8).join('');
  const pieces: Piece[] = [];
  if (YEAR.test(text)) pieces.push({ length: 4, bits: BITS.year });
  if (DATE.test(text)) pieces.push({ length: 8, bits: BITS.date });
  return pieces;
}
