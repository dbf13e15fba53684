import { join } from 'node:path';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, Incarnation } from '@magpie/common/ids.ts';
import { openDatabase } from '@magpie/peer/store/sqlite-open.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import { Corpus } from '../../bench/history-corpus.ts';

export interface Filling {
  readonly friends: number;
  readonly messages: number;
  /** A conversation of its own that has these; the others share the rest, unevenly. */
  readonly longest: { readonly chat: string; readonly messages: number };
}

/** Made friends are counted from here, far from what a server of a test gives out. */
const FIRST_FRIEND = 20_001;
const GROUPS = ['Classmates', '实验室', 'Family', ''];
const SURNAMES = [...'王李张刘陈杨赵黄周吴'];
const GIVEN_NAMES = ['小明', '丽', '伟', '静', '思远', '雨桐'];
const LATIN_NAMES = ['Ada', 'Grace', 'Linus', 'Margaret', 'Dennis', 'Barbara', 'Ken', 'Radia'];

const THEIR_DEVICE = Buffer.alloc(16, 0xb0);
const OWN_DEVICE = Buffer.alloc(16, 0x0a);
const THEIR_INCARNATION = Buffer.alloc(8, 0xf0);
const OWN_INCARNATION: Incarnation = 'a9'.repeat(8) as Incarnation;
const BETWEEN_MS = 60_000;

/**
 * Gives a profile whose daemon does not run many friends, in groups, and a long history with them. The friends are
 * written as of the roster's version that is there, so that the server has nothing to say against them.
 */
export async function fillProfile(folder: string, { friends, messages, longest }: Filling): Promise<void> {
  const path = join(folder, 'profile.db');
  const store = await openSqlitePeerStore(path);
  const profile = await store.profile();
  if (!profile) throw new Error('the profile has no account');
  await store.applyRoster(
    Array.from({ length: friends }, (_, n) => friend(n)),
    profile.rosterVersion,
  );
  await store.close();
  const db = openDatabase(path);
  db.pragma('synchronous = OFF');
  const place = db.prepare('UPDATE known SET contact_group = ? WHERE account = ?');
  const insert = db.prepare(`
    INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text, state,
      reason, change, born, owed, committed_ms)
    VALUES (@id, @chat, @direction, @device, @incarnation, @n, @wallMs, 0, 'text', 1, @text, @state, '', @n, @n, 0,
      @wallMs)`);
  const corpus = new Corpus(messages);
  const before = db.prepare('SELECT coalesce(max(change), 0) FROM message').pluck().get() as number;
  const endsMs = Date.now() - BETWEEN_MS;
  db.transaction(() => {
    for (let n = 0; n < friends; n++) place.run(GROUPS[n % GROUPS.length], FIRST_FRIEND + n);
    for (let n = 1; n <= messages; n++) {
      const isOut = corpus.chance() < 0.5;
      const id = Buffer.alloc(16, 0x01);
      id.writeUInt32BE(n, 12);
      // Squared: some conversations are much longer than others.
      const other = FIRST_FRIEND + Math.floor(friends * corpus.chance() ** 2);
      insert.run({
        id,
        chat: n <= longest.messages ? Number(longest.chat) : other,
        direction: isOut ? 'out' : 'in',
        device: isOut ? OWN_DEVICE : THEIR_DEVICE,
        incarnation: isOut ? Buffer.from(OWN_INCARNATION, 'hex') : THEIR_INCARNATION,
        n: before + n,
        wallMs: endsMs - (messages - n) * BETWEEN_MS,
        text: corpus.message(),
        state: isOut ? 'delivered' : 'read',
      });
    }
  })();
  db.close();
}

/** What a filled profile calls its nth friend. */
export function nameOfFriend(n: number): string {
  if (n % 2 === 0) return `${SURNAMES[n % SURNAMES.length]}${GIVEN_NAMES[n % GIVEN_NAMES.length]} ${n}`;
  return `${LATIN_NAMES[n % LATIN_NAMES.length]} ${n}`;
}

function friend(n: number): RosterEntry {
  return {
    account: (FIRST_FRIEND + n) as AccountNumber,
    name: `friend_${n}` as AccountName,
    displayName: nameOfFriend(n),
    state: 'member',
    version: 1,
    accountKey: new Uint8Array(32).fill(1 + (n % 200)),
    deviceList: new Uint8Array(),
    text: '',
    signatureLine: n % 3 === 0 ? '天天向上' : '',
  };
}
