import type { Language } from '@magpie/common/i18n/translator.ts';
import enUrl from 'emoji-picker-element-data/en/emojibase/data.json?url';
import zhUrl from 'emoji-picker-element-data/zh/emojibase/data.json?url';

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
  /** All that finds it, folded to lower case: names and tags of the page's language and of English. */
  readonly words: string;
  readonly group: number;
}

/** Groups of Unicode's list as people look for them; 2 holds only parts of emoji. */
export const EMOJI_GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
export type EmojiGroup = (typeof EMOJI_GROUPS)[number];

const LOADED = new Map<Language, Promise<readonly Emoji[]>>();

/** Fetched from the daemon itself when the emoji are first opened. Chinese pages find them by English words too. */
export function loadEmoji(language: Language): Promise<readonly Emoji[]> {
  const known = LOADED.get(language);
  if (known) return known;
  const loading = fetchEmoji(language);
  LOADED.set(language, loading);
  loading.catch(() => LOADED.delete(language));
  return loading;
}

async function fetchEmoji(language: Language): Promise<readonly Emoji[]> {
  if (language === 'en') return (await fetchEntries(enUrl)).map((entry) => emojiOf(entry, undefined));
  const [chinese, english] = await Promise.all([fetchEntries(zhUrl), fetchEntries(enUrl)]);
  const byEmoji = new Map(english.map((entry) => [entry.emoji, entry]));
  return chinese.map((entry) => emojiOf(entry, byEmoji.get(entry.emoji)));
}

/** As the data files have it; they are part of the page. */
interface Entry {
  readonly emoji: string;
  readonly annotation: string;
  readonly tags?: readonly string[];
  readonly shortcodes?: readonly string[];
  readonly emoticon?: string | readonly string[];
  readonly group: number;
  /** Of the Emoji standard that brought it. */
  readonly version: number;
}

/** Fonts take a year or two to know newer ones; until then they would be empty boxes. */
const VERSION_MAX = 15;

async function fetchEntries(url: string): Promise<readonly Entry[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`emoji data: ${answer.status}`);
  const entries = (await answer.json()) as readonly Entry[];
  return entries.filter(({ version }) => version <= VERSION_MAX);
}

function emojiOf(entry: Entry, other: Entry | undefined): Emoji {
  const words = [entry, other].flatMap((each) =>
    each ? [each.annotation, ...(each.tags ?? []), ...(each.shortcodes ?? []), each.emoticon ?? ''].flat() : [],
  );
  return { emoji: entry.emoji, name: entry.annotation, words: fold(words.join('\n')), group: entry.group };
}

/** Every word of the query must occur; those whose name begins with it come first. */
export function searchEmoji(all: readonly Emoji[], query: string): readonly Emoji[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const found = all.filter((each) => words.every((word) => each.words.includes(word)));
  const start = words[0] ?? '';
  const isFirst = (each: Emoji): boolean => fold(each.name).startsWith(start);
  return [...found.filter(isFirst), ...found.filter((each) => !isFirst(each))];
}

function fold(text: string): string {
  return text.normalize('NFKC').toLocaleLowerCase().replaceAll('_', ' ').trim();
}
