import { Corpus } from '../../bench/history-corpus.ts';
import { FIRST_MADE, type PlantedContact, type PlantedMessage, plantProfile } from './planted-profile.ts';

export interface Filling {
  readonly friends: number;
  readonly messages: number;
  /** A conversation of its own that has these; the others share the rest, unevenly. */
  readonly longest: { readonly chat: string; readonly messages: number };
}

const GROUPS = ['Classmates', '实验室', 'Family', ''];
const SURNAMES = [...'王李张刘陈杨赵黄周吴'];
const GIVEN_NAMES = ['小明', '丽', '伟', '静', '思远', '雨桐'];
const LATIN_NAMES = ['Ada', 'Grace', 'Linus', 'Margaret', 'Dennis', 'Barbara', 'Ken', 'Radia'];

const BETWEEN_MS = 60_000;

/** Gives a profile whose daemon does not run many friends, in groups, and a long history with them. */
export function fillProfile(folder: string, filling: Filling): Promise<void> {
  const friends = Array.from({ length: filling.friends }, (_, n) => friend(n));
  return plantProfile(folder, friends, history(filling));
}

function* history({ friends, messages, longest }: Filling): Iterable<PlantedMessage> {
  const corpus = new Corpus(messages);
  const endsMs = Date.now() - BETWEEN_MS;
  for (let n = 1; n <= messages; n++) {
    const isOut = corpus.chance() < 0.5;
    // Squared: some conversations are much longer than others.
    const other = FIRST_MADE + Math.floor(friends * corpus.chance() ** 2);
    yield {
      chat: n <= longest.messages ? Number(longest.chat) : other,
      direction: isOut ? 'out' : 'in',
      text: corpus.message(),
      wallMs: endsMs - (messages - n) * BETWEEN_MS,
      state: isOut ? 'delivered' : 'read',
    };
  }
}

/** What a filled profile calls its nth friend. */
export function nameOfFriend(n: number): string {
  if (n % 2 === 0) return `${SURNAMES[n % SURNAMES.length]}${GIVEN_NAMES[n % GIVEN_NAMES.length]} ${n}`;
  return `${LATIN_NAMES[n % LATIN_NAMES.length]} ${n}`;
}

function friend(n: number): PlantedContact {
  return {
    number: FIRST_MADE + n,
    name: `friend_${n}`,
    displayName: nameOfFriend(n),
    signatureLine: n % 3 === 0 ? '天天向上' : '',
    group: GROUPS[n % GROUPS.length]!,
  };
}
