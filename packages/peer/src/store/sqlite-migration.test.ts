import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  BOBS_TABLET,
  INCARNATION_A,
  INCARNATION_B,
  incoming,
  messageId,
  OWN_DEVICE,
  THEIR_FIRST,
  textTo,
  theirId,
  wall,
} from '../../../../test/contract/peer-store-samples.ts';
import { APPLICATION_ID, MIGRATIONS } from './sqlite-schema.ts';
import { openSqlitePeerStore } from './sqlite-store.ts';
import type { PeerStore } from './store.ts';

describe('a profile of the second schema', () => {
  let folder: string;
  let store: PeerStore;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
    const path = join(folder, 'profile.db');
    writeSecondSchema(path);
    chmodSync(path, 0o600);
    store = await openSqlitePeerStore(path);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('keeps its messages, their states, their order and the cursor of events', async () => {
    const shown = await store.messages({ chat: BOB, limit: 10 });
    expect(shown.map((m) => [m.text, m.state, m.sequence])).toEqual([
      ['read one', 'read', 1],
      ['from bob', 'read', 1],
      ['their new one', 'delivered', 2],
      ['on its way', 'delivered', 2],
      ['waiting', 'queued', 1],
    ]);
    expect(shown[0]).toMatchObject({ road: { kind: 'relay', lan: false, rttMs: 40 }, reactions: [], returned: false });
    expect(await store.lastChange()).toBe(9);
    expect((await store.rows(0, 10)).map((m) => m.born)).toEqual([1, 2, 3, 4, 5]);
    expect((await store.contacts()).map((contact) => contact.unread)).toEqual([1]);
  });

  it('goes on counting, and owes what it owed', async () => {
    expect((await store.undelivered(BOB, 9)).map((m) => m.text)).toEqual(['waiting']);
    const { message } = await store.commitOutgoing(textTo(BOB, 9), wall(1));
    expect(message).toMatchObject({ incarnation: INCARNATION_B, sequence: 2, change: 10, born: 10 });
    expect(await store.commitIncoming([incoming(3)], wall(1))).toMatchObject([{ kind: 'committed', upTo: 3 }]);
    expect(await store.commitIncoming([incoming(1)], wall(1))).toEqual([{ kind: 'duplicate' }]);
  });

  it('knows for each device what it lacks, also where nothing was noted', async () => {
    expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 9)).map((m) => m.text)).toEqual(['waiting']);
    expect((await store.undeliveredTo(BOB, BOBS_TABLET, 9)).map((m) => m.text)).toEqual(['on its way', 'waiting']);
    expect(await store.openings(BOB, BOBS_TABLET)).toEqual([{ incarnation: INCARNATION_A, from: 2 }]);
    expect((await store.unmailedTo(BOB, BOBS_TABLET, 9)).map((m) => m.text)).toEqual(['on its way', 'waiting']);
    expect((await store.tails(BOB, BOBS_DEVICE, 9)).map((m) => m.upTo)).toEqual([1, 2]);
  });

  it('owes no receipts that went out with every session, and tells how far all is read', async () => {
    expect(await store.receiptsOwed()).toEqual([]);
    expect(await store.receivedUpTo(BOB)).toEqual([
      { device: BOBS_DEVICE, incarnation: THEIR_FIRST, deliveredUpTo: 2, readUpTo: 1 },
    ]);
    await store.markRead(BOB);
    expect(await store.receiptsOwed()).toMatchObject([{ readUpTo: 2 }]);
  });

  it('has the new settings as they are by default, and the index of its texts', async () => {
    expect(await store.settings()).toMatchObject({ statusText: 'busy', sendTyping: true, sendReadReceipts: true });
    expect((await store.search({ text: 'waiting', limit: 9 })).map((m) => m.id)).toEqual([messageId(3)]);
  });
});

/** Alice's: two numberings of her own, Bob's devices, of which the tablet came late. */
function writeSecondSchema(path: string): void {
  const db = new Sqlite(path);
  for (const sql of MIGRATIONS.slice(0, 2)) db.exec(sql);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('user_version = 2');
  db.exec(`
    INSERT INTO profile VALUES (1, 10001, 'alice', 'Alice', 'example.org', 10000, zeroblob(32), 1,
      x'${INCARNATION_B}', 3, 9, 1700, 1, '', 0);
    INSERT INTO contact VALUES (${BOB}, 'bob', 'Bob', 'member', 9, x'02', x'00', '', '');
    INSERT INTO settings VALUES (1, 0, 600000, 'online', 'busy');
    INSERT INTO conversation VALUES (${BOB}, 50, 0);
    INSERT INTO numbering VALUES (${BOB}, 'out', x'${OWN_DEVICE}', x'${INCARNATION_A}', 2),
      (${BOB}, 'out', x'${OWN_DEVICE}', x'${INCARNATION_B}', 1), (${BOB}, 'in', x'${BOBS_DEVICE}', x'${THEIR_FIRST}', 2);
    INSERT INTO friend_device VALUES (${BOB}, x'${BOBS_DEVICE}'), (${BOB}, x'${BOBS_TABLET}');
    INSERT INTO friend_numbering VALUES (${BOB}, x'${BOBS_DEVICE}', x'${INCARNATION_A}', 1, 2),
      (${BOB}, x'${BOBS_TABLET}', x'${INCARNATION_A}', 2, 1);`);
  const insert = db.prepare(`
    INSERT INTO message VALUES (@position, @id, ${BOB}, @direction, @device, @incarnation, @sequence, @wall, 0, 'text',
      @text, @state, '', @road, @lan, @rtt, @change, @owed, 1)`);
  const own = { direction: 'out', device: bytes(OWN_DEVICE), incarnation: bytes(INCARNATION_A), owed: 0 };
  const theirs = { direction: 'in', device: bytes(BOBS_DEVICE), incarnation: bytes(THEIR_FIRST), owed: 0 };
  const none = { road: null, lan: null, rtt: null };
  const relay = { road: 'relay', lan: 0, rtt: 40 };
  const rows = [
    { ...own, ...relay, id: 1, sequence: 1, wall: 1, text: 'read one', state: 'read', change: 7 },
    { ...theirs, ...none, id: theirId(1), sequence: 1, wall: 2, text: 'from bob', state: 'read', change: 8 },
    { ...own, ...none, id: 2, sequence: 2, wall: 40, text: 'on its way', state: 'delivered', change: 9 },
    { ...own, ...none, id: 3, sequence: 1, wall: 50, text: 'waiting', state: 'queued', change: 4, owed: 1 },
    { ...theirs, ...none, id: theirId(2), sequence: 2, wall: 30, text: 'their new one', state: 'delivered', change: 5 },
  ];
  rows.forEach((row, n) => {
    const id = bytes(typeof row.id === 'number' ? messageId(row.id) : row.id);
    const incarnation = row.text === 'waiting' ? bytes(INCARNATION_B) : row.incarnation;
    insert.run({ ...row, id, incarnation, position: n + 1 });
  });
  db.close();
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
