import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ERASED_ONE_BY_ONE_MAX } from './limits.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { openDatabase } from './sqlite-open.ts';
import { APPLICATION_ID, MIGRATIONS } from './sqlite-schema.ts';
import { defineSearchTerms, SqliteSearch } from './sqlite-search.ts';
import { openSqlitePeerStore } from './sqlite-store.ts';
import type { IncomingContent } from './store.ts';

const CHAT = 10_002 as AccountNumber;
const DEVICE = 'b0'.repeat(16) as DeviceId;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-history-'));
  path = join(folder, 'profile.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('history in SQLite', () => {
  it.each([2, ERASED_ONE_BY_ONE_MAX + 10])('keeps no byte of %i messages that were deleted', async (count) => {
    const store = await openSqlitePeerStore(path);
    const texts = Array.from({ length: count }, (_, n) => incoming(n + 1, `plantedmarker${n} 藏起来的话`));
    await store.commitIncoming([...texts, incoming(count + 1, 'keptmarker 留下的话')], 1 as WallMs);
    expect(filesWith('plantedmarker')).not.toEqual([]);
    const ids = texts.map(({ content }) => content.messageId);
    expect(await store.deleteMessages(CHAT, ids)).toBe(count);
    for (const gone of ['plantedmarker', 'plantedm', '藏起来', '藏起', '藏'])
      expect([gone, filesWith(gone)]).toEqual([gone, []]);
    for (const kept of ['keptmarker', '留下']) expect(filesWith(kept)).toEqual(['profile.db']);
    await store.close();
    expect(filesWith('plantedmarker')).toEqual([]);
  });

  it('keeps no byte of a recalled message for longer than a second or two', async () => {
    const store = await openSqlitePeerStore(path);
    for (const n of [1, 3, 5]) {
      const said = incoming(n, `plantedmarker${n} 藏起来的话`);
      await store.commitIncoming([said], 1 as WallMs);
      expect(filesWith('plantedmarker')).not.toEqual([]);
      await store.commitIncoming([recallOf(said, n + 1)], 1 as WallMs);
    }
    await vi.waitFor(() => expect(filesWith('plantedmarker')).toEqual([]), 2_500);
    for (const gone of ['藏起来', '藏']) expect([gone, filesWith(gone)]).toEqual([gone, []]);
    await store.close();
  });

  it('goes on after a restart with taking out of the index what was only marked', async () => {
    await (await openSqlitePeerStore(path)).close();
    const db = openDatabase(path);
    const count = ERASED_ONE_BY_ONE_MAX + 10;
    for (let n = 1; n <= count; n++) insertRow(db, n, `plantedmarker${n} 藏`);
    expect(db.transaction(() => new SqliteHistory(db).deleteChat(CHAT, undefined))()).toBe(count);
    expect(db.prepare('SELECT count(*) FROM search_tidy').pluck().get()).toBe(1);
    db.close();
    const store = await openSqlitePeerStore(path);
    await vi.waitFor(() => expect(filesWith('lantedmarker')).toEqual([]), 2_500);
    await store.commitIncoming([incoming(1, 'more tea')], 1 as WallMs);
    expect(await store.search({ text: 'tea', limit: 9 })).toHaveLength(1);
    await store.close();
    const after = openDatabase(path);
    expect(after.prepare('SELECT count(*) FROM search_tidy').pluck().get()).toBe(0);
    after.exec("INSERT INTO message_search (message_search) VALUES ('integrity-check')");
    after.close();
  });

  it('builds the index for what is there when an older database is opened', () => {
    const old = new Sqlite(path);
    defineSearchTerms(old);
    for (const sql of MIGRATIONS.slice(0, 3)) old.exec(sql);
    old.pragma(`application_id = ${APPLICATION_ID}`);
    old.pragma('user_version = 3');
    for (let n = 1; n <= 50; n++) insertRow(old, n, n % 5 === 0 ? '' : `旧消息 number${n}`);
    old.close();
    const db = openDatabase(path);
    const search = new SqliteSearch(db);
    const found = (text: string) => search.search({ text, limit: 100, since: 1 as WallMs }).map((m) => m.sequence);
    expect(found('旧消')).toHaveLength(40);
    expect(found('number7')).toEqual([7]);
    insertRow(db, 51, '新消息');
    expect(found('消息').slice(0, 2)).toEqual([51, 49]);
    expect(new SqliteHistory(db).rows(0, 100, CHAT)).toHaveLength(51);
    db.close();
  });

  it('has an index that says what the texts say, after any changes', () => {
    const db = openDatabase(path);
    for (let n = 1; n <= 12; n++) insertRow(db, n, '');
    const update = db.prepare('UPDATE message SET text = ? WHERE position = ?');
    const search = new SqliteSearch(db);
    const word = fc.constantFrom(
      '吃饭',
      '饭吃',
      'report',
      'Rep',
      '我',
      'café',
      '"',
      '👍',
      'a'.repeat(60),
      '한국어',
      '',
    );
    const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), text), { maxLength: 30 }), (changes) => {
        for (const [position, next] of changes) update.run(next, position);
        for (const query of ['饭', '吃饭', 'rep', '我 cafe', 'a'.repeat(60), '국어']) {
          const found = search.search({ text: query, limit: 100 }).map((m) => m.sequence);
          const texts = db.prepare<[], { sequence: number; text: string }>('SELECT sequence, text FROM message').all();
          const wanted = texts.filter((row) => matches(row.text, query)).map((row) => row.sequence);
          expect(found.sort((a, b) => a - b)).toEqual(wanted);
        }
      }),
      { numRuns: 30 },
    );
    db.exec("INSERT INTO message_search (message_search) VALUES ('integrity-check')");
    db.close();
  });

  it('looks only between the positions of the days that were asked for', () => {
    const db = openDatabase(path);
    const DAY_MS = 86_400_000;
    for (let n = 1; n <= 40; n++) insertRow(db, n, 'tea', n * DAY_MS);
    insertRow(db, 41, 'tea', 3 * DAY_MS);
    const search = new SqliteSearch(db);
    const between = (since: number, until: number) =>
      search
        .search({ text: 'tea', limit: 9, since: (since * DAY_MS) as WallMs, until: (until * DAY_MS) as WallMs })
        .map((m) => m.sequence);
    expect(between(2, 5)).toEqual([41, 4, 3, 2]);
    expect(between(39, 99)).toEqual([40, 39]);
    expect(between(50, 99)).toEqual([]);
    expect(db.prepare('SELECT first, last FROM search_day WHERE day = 3').get()).toEqual({ first: 3, last: 41 });
    db.close();
  });

  it('says how much of the disk it takes, its log included', async () => {
    const store = await openSqlitePeerStore(path);
    await store.commitIncoming([incoming(1, 'x'.repeat(60_000))], 1 as WallMs);
    const sizes = ['profile.db', 'profile.db-wal'].map((name) => readFileSync(join(folder, name)).length);
    expect(await store.storage()).toEqual({ messages: 1, bytes: sizes[0]! + sizes[1]! });
    await store.close();
  });
});

/** Told apart from the product's way on purpose: whole texts, folded, and what people would call a word. */
function matches(text: string, query: string): boolean {
  const folded = text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase();
  return query.split(' ').every((term) => {
    const isLatin = /^[a-z]/.test(term);
    return isLatin ? folded.split(/[^a-z]+/).some((word) => word.startsWith(term)) : folded.includes(term);
  });
}

function incoming(sequence: number, text: string): IncomingContent {
  const messageId = sequence.toString(16).padStart(32, 'f') as MessageId;
  const incarnation = 'f1'.repeat(8) as Incarnation;
  const stamp = { wallMs: sequence as WallMs, counter: 0 };
  const content = {
    type: 'text',
    messageId,
    conversation: 0,
    incarnation,
    sequence,
    stamp,
    text,
    replyTo: undefined,
  } as const;
  return { chat: CHAT, device: DEVICE, content, road: { kind: 'relay', lan: false, rttMs: 1 }, hold: false };
}

function recallOf({ content: said, ...rest }: IncomingContent, sequence: number): IncomingContent {
  const { conversation, incarnation, stamp, messageId: target } = said;
  const messageId = sequence.toString(16).padStart(32, 'f') as MessageId;
  return { ...rest, content: { type: 'recall', messageId, conversation, incarnation, sequence, stamp, target } };
}

function insertRow(db: Sqlite.Database, n: number, text: string, wallMs = n): void {
  db.prepare(
    `INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text, state,
       reason, change, born, owed, committed_ms)
     VALUES (randomblob(16), @chat, 'in', zeroblob(16), zeroblob(8), @n, @wallMs, 0, 'text', 1, @text, 'read', '', @n, @n, 0, 1)`,
  ).run({ chat: CHAT, n, text, wallMs });
}

function filesWith(text: string): string[] {
  return readdirSync(folder)
    .filter((name) => readFileSync(join(folder, name)).includes(text))
    .sort();
}
