import { join } from 'node:path';
import type { AccountName, AccountNumber, Incarnation } from '@magpie/common/ids.ts';
import type { ContactJson, MessageJson } from '@magpie/common/rpc/schemas.ts';
import { openDatabase } from '@magpie/peer/store/sqlite-open.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';

/** Made accounts are counted from here, far from what a server of a test gives out. */
export const FIRST_MADE = 20_001;

const THEIR_DEVICE = Buffer.alloc(16, 0xb0);
const OWN_DEVICE = Buffer.alloc(16, 0x0a);
const THEIR_INCARNATION = Buffer.alloc(8, 0xf0);
const OWN_INCARNATION: Incarnation = 'a9'.repeat(8) as Incarnation;

/** Somebody in the list of a profile who is nowhere else. */
export interface PlantedContact {
  readonly number: number;
  readonly name: string;
  readonly displayName: string;
  readonly state?: ContactJson['state'];
  /** What they wrote with their request. */
  readonly text?: string;
  readonly signatureLine?: string;
  readonly group?: string;
  /** What is the matter with their key: another one than the one known here, or a list of devices that does not follow. */
  readonly trouble?: 'key-changed' | 'list-broken';
}

export interface PlantedMessage {
  readonly chat: number;
  readonly direction: MessageJson['direction'];
  readonly text: string;
  readonly wallMs: number;
  readonly state: MessageJson['state'];
  readonly reason?: string;
}

/**
 * Gives a profile whose daemon does not run people and messages. The people are written as of the roster's version that
 * is there, so that the server has nothing to say against them.
 */
export async function plantProfile(
  folder: string,
  contacts: readonly PlantedContact[],
  messages: Iterable<PlantedMessage>,
): Promise<void> {
  const path = join(folder, 'profile.db');
  const store = await openSqlitePeerStore(path);
  const profile = await store.profile();
  if (!profile) throw new Error('the profile has no account');
  await store.applyRoster(contacts.map(rosterEntry), profile.rosterVersion);
  await store.close();
  const db = openDatabase(path);
  db.pragma('synchronous = OFF');
  const place = db.prepare('UPDATE known SET contact_group = ? WHERE account = ?');
  const otherKey = db.prepare('UPDATE known SET pinned_key = ? WHERE account = ?');
  const breakList = db.prepare('UPDATE known SET list_broken = 1 WHERE account = ?');
  const insert = db.prepare(`
    INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text, state,
      reason, change, born, owed, committed_ms)
    VALUES (@id, @chat, @direction, @device, @incarnation, @n, @wallMs, 0, 'text', 1, @text, @state, @reason, @n, @n, 0,
      @wallMs)`);
  const before = db.prepare('SELECT coalesce(max(change), 0) FROM message').pluck().get() as number;
  db.transaction(() => {
    for (const { number, group, trouble } of contacts) {
      if (group !== undefined) place.run(group, number);
      if (trouble === 'key-changed') otherKey.run(Buffer.alloc(32, 0xee), number);
      if (trouble === 'list-broken') breakList.run(number);
    }
    let n = 0;
    for (const message of messages) {
      n += 1;
      const isOut = message.direction === 'out';
      const id = Buffer.alloc(16, 0x01);
      id.writeUInt32BE(n, 12);
      insert.run({
        ...message,
        id,
        device: isOut ? OWN_DEVICE : THEIR_DEVICE,
        incarnation: isOut ? Buffer.from(OWN_INCARNATION, 'hex') : THEIR_INCARNATION,
        n: before + n,
        reason: message.reason ?? '',
      });
    }
  })();
  db.close();
}

/**
 * As if something of a friend had come ahead of two others, in a profile whose daemon does not run: these are shown as
 * missing as long as no device of theirs can be asked.
 */
export function plantGap(folder: string, friend: string): void {
  const db = openDatabase(join(folder, 'profile.db'));
  db.prepare(`
    INSERT INTO held (chat, device, incarnation, sequence, content, road)
    SELECT chat, device, ?, 3, '{}', '{}' FROM friend_device WHERE chat = ?`).run(THEIR_INCARNATION, Number(friend));
  db.close();
}

/**
 * Moves all that has happened in a profile whose daemon does not run to a time of its own, message after message, a
 * minute between two: what a page shows of it is then the same in every run.
 */
export function settleTimes(folder: string, lastMs: number): void {
  const db = openDatabase(join(folder, 'profile.db'));
  const ids = db.prepare('SELECT position FROM message ORDER BY wall_ms, counter, position').pluck().all() as number[];
  const move = db.prepare(`
    UPDATE message SET wall_ms = @at, counter = 0, committed_ms = @at,
      edited_ms = CASE WHEN edited_ms IS NULL THEN NULL ELSE @at + 20000 END WHERE position = @position`);
  db.transaction(() => {
    for (const [n, position] of ids.entries()) move.run({ position, at: lastMs - (ids.length - 1 - n) * 60_000 });
    db.prepare('UPDATE notice SET at_ms = ?').run(lastMs - 3_600_000);
  })();
  db.close();
}

function rosterEntry({ number, name, displayName, state = 'member', text = '', signatureLine = '' }: PlantedContact) {
  return {
    account: number as AccountNumber,
    name: name as AccountName,
    displayName,
    state,
    version: 1,
    accountKey: new Uint8Array(32).fill(1 + (number % 200)),
    deviceList: new Uint8Array(),
    text,
    signatureLine,
  };
}
