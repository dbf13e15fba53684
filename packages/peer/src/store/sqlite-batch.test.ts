import type Sqlite from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { BOB, incoming, messageId, PROFILE, textTo, wall } from '../../../../test/contract/peer-store-samples.ts';
import { type CallReply, type CallRequest, SqliteBatch } from './sqlite-batch.ts';
import { createCalls } from './sqlite-calls.ts';
import { openDatabase } from './sqlite-open.ts';
import type { Committed } from './store.ts';
import type { SyncCalls } from './store-call-names.ts';

describe('group commit', () => {
  let db: Sqlite.Database;
  let calls: SyncCalls;
  let batch: SqliteBatch;
  beforeEach(() => {
    db = openDatabase(':memory:');
    calls = createCalls(db);
    batch = new SqliteBatch(db, calls);
    calls.saveProfile(PROFILE);
  });

  it('runs requests that wait together in one transaction, and reads in it see the writes before them', () => {
    let commits = 0;
    const counted = new SqliteBatch(
      countCommits(db, () => commits++),
      calls,
    );
    const replies = counted.run([send(1, 'a'), { id: 2, name: 'lastChange', args: [] }, send(3, 'b')]);
    expect(replies.map((r) => r.id)).toEqual([1, 2, 3]);
    expect(replies[1]).toEqual({ id: 2, ok: true, value: 1 });
    expect(commits).toBe(1);
  });

  it('brings a burst of messages in both directions to disk with one sync', () => {
    let commits = 0;
    const counted = new SqliteBatch(
      countCommits(db, () => commits++),
      calls,
    );
    const requests = Array.from({ length: 100 }, (_, n): readonly CallRequest[] => [
      send(2 * n, 'x'),
      { id: 2 * n + 1, name: 'commitIncoming', args: [[incoming(n + 1)], wall(1)] },
    ]).flat();
    expect(counted.run(requests).every(({ ok }) => ok)).toBe(true);
    expect(commits).toBe(1);
    expect(calls.messages({ chat: BOB, limit: 1_000 })).toHaveLength(200);
  });

  it('undoes only the request that fails', () => {
    const broken: CallRequest = { id: 2, name: 'commitIncoming', args: [[incoming(1), { chat: BOB }], wall(1)] };
    const replies = batch.run([send(1, 'a'), broken, send(3, 'b')]);
    expect(replies.map((r) => r.ok)).toEqual([true, false, true]);
    expect(replies[1]).toMatchObject({ code: 'internal' });
    expect(calls.undelivered(BOB, 10)).toHaveLength(2);
    expect(calls.receivedUpTo(BOB)).toEqual([]);
  });

  it('on a full disk refuses what does not fit, keeps what does, and goes on when there is room', () => {
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages + 4}`);
    const replies = batch.run([send(1, 'small'), send(2, 'x'.repeat(60_000)), send(3, 'small')]);
    expect(replies.map((r) => r.ok)).toEqual([true, false, true]);
    expect(replies[1]).toMatchObject({ code: 'full' });
    expect(calls.undelivered(BOB, 10).map((m) => [m.sequence, m.id])).toEqual([
      [1, messageId(1)],
      [2, messageId(3)],
    ]);
    db.pragma('max_page_count = 100000');
    const [again] = batch.run([send(2, 'x'.repeat(60_000))]);
    expect((again as { value: Committed }).value.message.sequence).toBe(3);
  });

  it('never tells of a message that a full disk took back', () => {
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages}`);
    const requests: CallRequest[] = Array.from({ length: 40 }, (_, n) => send(n, 'y'.repeat(3_000)));
    const replies: readonly CallReply[] = batch.run([...requests, { id: 99, name: 'lastChange', args: [] }]);
    const kept = replies.slice(0, -1).filter((r) => r.ok).length;
    expect(kept).toBeLessThan(40);
    expect(replies.at(-1)).toEqual({ id: 99, ok: true, value: kept });
    expect(calls.undelivered(BOB, 100)).toHaveLength(kept);
  });
});

describe('the questions asked most', () => {
  const db = openDatabase(':memory:');
  createCalls(db).saveProfile(PROFILE);

  it('are answered from an index, never by walking the table or sorting it', () => {
    const plans = recordedStatements(db).map((sql) => ({ sql, plan: planOf(db, sql) }));
    expect(plans.length).toBeGreaterThan(40);
    const walks = plans.filter(({ plan }) => /SCAN (message|numbering|friend_numbering|mailed)\b(?! USING)/.test(plan));
    expect(walks).toEqual([]);
    // Who is owed receipts: so many of each device at most, which are put in order.
    const isBounded = (sql: string): boolean =>
      sql.includes('message_unread') || /AS untold\b[^)]*\)\s*LIMIT \?/.test(sql);
    const sorts = plans.filter(({ sql, plan }) => plan.includes('TEMP B-TREE') && !isBounded(sql));
    expect(sorts).toEqual([]);
  });
});

function send(n: number, text: string): CallRequest {
  return { id: n, name: 'commitOutgoing', args: [{ ...textTo(BOB, n), text }, wall(1)] };
}

/** The same database, telling of every transaction that it is asked to run. */
function countCommits(db: Sqlite.Database, onCommit: () => void): Sqlite.Database {
  return new Proxy(db, {
    get(target, property) {
      if (property === 'transaction') {
        return (body: (...args: unknown[]) => unknown) => {
          const run = target.transaction(body);
          const outermost = (...args: unknown[]): unknown => {
            onCommit();
            return run.immediate(...args);
          };
          return Object.assign((...args: unknown[]) => run(...args), { immediate: outermost });
        };
      }
      const value = Reflect.get(target, property) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Every statement on messages that the calls prepare, except those that write. */
function recordedStatements(db: Sqlite.Database): readonly string[] {
  const recorded: string[] = [];
  const recorder = new Proxy(db, {
    get(target, property) {
      if (property !== 'prepare') return Reflect.get(target, property) as unknown;
      return (sql: string) => {
        recorded.push(sql);
        return target.prepare(sql);
      };
    },
  });
  createCalls(recorder);
  return recorded.filter(
    (sql) => /^\s*(SELECT|DELETE|UPDATE)/.test(sql) && /message|numbering|mailed/.test(sql) && !sql.includes('@'),
  );
}

function planOf(db: Sqlite.Database, sql: string): string {
  const parameters = [...sql.matchAll(/\?/g)].map(() => 0);
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { readonly detail: string }[];
  return rows.map((row) => row.detail).join('; ');
}
