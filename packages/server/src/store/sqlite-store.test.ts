import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { deviceKeys, newAccount } from '../../../../test/contract/server-store-samples.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { runBatch, type StoreRequest } from './sqlite-batch.ts';
import { openDatabase } from './sqlite-open.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { sqliteTables } from './sqlite-tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'magpie-sqlite-'));
const alice = 'alice' as AccountName;
const number = 10_001 as AccountNumber;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the SQLite store on its file', () => {
  it('finds after a restart what it had, with a database that is checked, strict and durable', async () => {
    const path = join(folder, 'restart.db');
    const first = await openSqliteStore(path);
    await first.register(newAccount('alice', 1));
    await first.close();
    const second = await openSqliteStore(path);
    expect(await second.accountByName(alice)).toMatchObject({ account: 10_001 });
    await second.close();
    const db = openDatabase(path);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.at(-1)!.version);
    const loose = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%STRICT%'",
    );
    expect(loose.all()).toEqual([]);
    db.close();
  });

  it('numbers its migrations without gaps', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it('takes the rows of a first-version database for friends, so that no tombstone of one is lost', () => {
    const path = join(folder, 'version-1.db');
    withDatabase(path, (db) => {
      MIGRATIONS[0]!.apply(db);
      db.pragma('user_version = 1');
      const account = "(?, ?, '', '', zeroblob(32), x'', 1, 0, 0)";
      for (const n of [1, 2, 3]) db.prepare(`INSERT INTO accounts VALUES ${account}`).run(n, `user${n}`);
      const insert = db.prepare("INSERT INTO roster VALUES (1, ?, ?, ?, '', 0)");
      for (const [i, state] of ['member', 'removed', 'asked'].entries()) insert.run(i + 1, state, i + 1);
    });
    withDatabase(path, (db) => MIGRATIONS[1]!.apply(db));
    withDatabase(path, (db) => {
      const befriended = db.prepare('SELECT befriended FROM roster ORDER BY version').pluck().all();
      expect(befriended).toEqual([1, 1, 0]);
    });
  });

  it('keeps every answered registration when the process is killed', async () => {
    const path = join(folder, 'killed.db');
    const answered = await registerUntilKilled(path, 50);
    const store = await openSqliteStore(path);
    for (const name of answered) expect(await store.accountByName(name)).toBeDefined();
    await store.close();
  });

  it.each([
    ['garbage', 'corrupt', (path: string) => writeFileSync(path, 'this is no database '.repeat(500))],
    ['a damaged page', 'corrupt', damagePages],
    [
      'a database of another program',
      'foreign',
      (path: string) => withDatabase(path, (db) => db.exec('CREATE TABLE other (x)')),
    ],
    ['a folder', 'unreadable', (path: string) => mkdirSync(path)],
    [
      'a database of a newer version',
      'newer-schema',
      (path: string) => {
        openDatabase(path).close();
        withDatabase(path, (db) => db.pragma('user_version = 999'));
      },
    ],
  ] as const)('refuses %s and leaves it as it is', async (what, code, make) => {
    const path = join(folder, `${what}.db`);
    make(path);
    const before = code === 'unreadable' ? undefined : readFileSync(path);
    await expect(openSqliteStore(path)).rejects.toMatchObject({ name: 'StoreOpenError', code, path });
    if (before) expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([
    ['a database that is not there', () => {}],
    ['a file that was emptied', (path: string) => writeFileSync(path, '')],
    ['a database without a table', (path: string) => withDatabase(path, (db) => db.pragma('journal_mode = WAL'))],
  ])('refuses %s, unless it may make one, and leaves it as it is', async (what, make) => {
    const path = join(folder, `${what}.db`);
    make(path);
    const before = existsSync(path) ? readFileSync(path) : undefined;
    await expect(openSqliteStore(path, { mayCreate: false })).rejects.toMatchObject({ code: 'missing', path });
    expect(existsSync(path) ? readFileSync(path) : undefined).toEqual(before);
    await (await openSqliteStore(path, { mayCreate: true })).close();
    await (await openSqliteStore(path, { mayCreate: false })).close();
  });

  it('refuses a database that another program holds', async () => {
    const path = join(folder, 'held.db');
    openDatabase(path).close();
    const holder = new Database(path);
    holder.pragma('locking_mode = EXCLUSIVE');
    holder.exec('BEGIN EXCLUSIVE');
    await expect(openSqliteStore(path)).rejects.toMatchObject({ name: 'StoreOpenError', code: 'locked' });
    holder.close();
  });

  it('refuses a path in a folder that is not there', async () => {
    await expect(openSqliteStore(join(folder, 'nowhere', 'a.db'))).rejects.toMatchObject({
      code: 'unreadable',
      detail: expect.stringContaining('ENOENT'),
    });
  });
});

describe('a batch of calls', () => {
  it('is one transaction, in which a call that fails undoes nothing of the others', () => {
    const { db, tables } = opened();
    const broken = { ...newAccount('broken', 2), accountKey: new Uint8Array(5) };
    const replies = runBatch(db, tables, [
      request(1, 'register', newAccount('alice', 1)),
      request(2, 'register', broken),
      request(3, 'register', newAccount('bob', 3)),
      request(4, 'accountByName', 'bob'),
    ]);
    expect(replies).toMatchObject([
      { id: 1, answer: { ok: true } },
      { id: 2, failure: expect.stringMatching(/^SQLITE_CONSTRAINT/) },
      { id: 3, answer: { ok: true, value: { account: 10_002 } } },
      { id: 4, answer: { account: 10_002 } },
    ]);
    expect(tables.accounts.accountByName('broken' as AccountName)).toBeUndefined();
    expect(db.inTransaction).toBe(false);
  });

  it('overwrites in its file what is deleted', () => {
    const { db } = opened();
    expect(db.pragma('secure_delete', { simple: true })).toBe(1);
  });

  it('undoes all of a call that fails in its middle', () => {
    const { db, tables } = opened();
    const alice = newAccount('alice', 1);
    runBatch(db, tables, [request(1, 'register', alice)]);
    const before = [tables.accounts.accountByName('alice' as AccountName), tables.devices.devicesOf(number)];
    const enrollment = {
      ...deviceKeys(2),
      label: '',
      expectedAccountKey: alice.accountKey,
      expectedPasswordHash: alice.passwordHash,
      accountKey: new Uint8Array(31),
      deviceList: new Uint8Array(90),
      deviceListVersion: 2,
      listed: [deviceKeys(2).device],
    };
    const replies = runBatch(db, tables, [request(2, 'enroll', number, enrollment)]);
    expect(replies).toMatchObject([{ id: 2, failure: expect.stringMatching(/^SQLITE_CONSTRAINT/) }]);
    expect([tables.accounts.accountByName('alice' as AccountName), tables.devices.devicesOf(number)]).toEqual(before);
    expect(tables.devices.deviceChain(number, 0, 10)).toHaveLength(1);
  });

  it('takes no mail at a position that is not above all in its log: there would be a hole between two pushes', () => {
    const { db, tables } = opened();
    const { device } = deviceKeys(1);
    const by = { account: number, device, epoch: 5 };
    const replies = runBatch(db, tables, [
      request(1, 'register', newAccount('alice', 1)),
      request(2, 'claimSession', device, 5),
      request(3, 'setMailKey', by, { generation: 0, step: 0 }, new Uint8Array(8)),
      ...[7, 7, 6, 8].map((position) => request(position, 'appendMail', by, mailAt(position), ROOMY)),
    ]);
    expect(replies.slice(3)).toMatchObject([
      { answer: { ok: true } },
      { failure: 'internal', detail: 'invariant broken: positions of a log rise' },
      { failure: 'internal' },
      { answer: { ok: true } },
    ]);
  });

  it('answers reads on a full disk, refuses writes with a code, and goes on when there is room', () => {
    const { db, tables } = opened();
    runBatch(db, tables, [request(1, 'register', newAccount('alice', 1))]);
    const pageCount = db.pragma('page_count', { simple: true }) as number;
    db.pragma(`max_page_count = ${pageCount}`);
    const large = { ...newAccount('bob', 2), deviceList: new Uint8Array(100_000) };
    const requests = [request(2, 'accountByName', 'alice'), request(3, 'register', large)];
    expect(runBatch(db, tables, requests)).toMatchObject([
      { id: 2, answer: { account: 10_001 } },
      { id: 3, failure: 'SQLITE_FULL' },
    ]);
    db.pragma('max_page_count = 1000000');
    expect(runBatch(db, tables, [request(4, 'register', large)])).toMatchObject([{ answer: { ok: true } }]);
  });
});

const ROOMY = {
  ...{ messagesPerDevice: 10_000, bytesPerDevice: 1e9, messagesPerSender: 10_000, bytesPerSender: 1e9 },
  ...{ slotsPerFriendDevice: 1, slotsPerOwnDevice: 1 },
};

/** For the device of `newAccount('alice', 1)`, which has published the key 0, 0. */
function mailAt(position: number, envelope = new Uint8Array(1_000)) {
  const id = position.toString(16).padStart(32, '0');
  const key = { generation: 0, step: 0 };
  return { position, to: deviceKeys(1).device, id, kind: 'message', ...key, at: 5, expiresAt: 10, envelope };
}

function opened() {
  const db = openDatabase(':memory:');
  return { db, tables: sqliteTables(db) };
}

function request(id: number, method: StoreRequest['method'], ...args: readonly unknown[]): StoreRequest {
  return { id, method, args };
}

function withDatabase(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path);
  change(db);
  db.close();
}

/** Overwrites all pages but the first, which holds the header. */
function damagePages(path: string): void {
  openDatabase(path).close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, 4_096));
}

/** Registers one account after the other in a child process, which dies by SIGKILL in the middle. */
async function registerUntilKilled(path: string, count: number): Promise<readonly AccountName[]> {
  const registrar = fileURLToPath(new URL('./test-account-registrar.ts', import.meta.url));
  const child = spawn(process.execPath, [registrar, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const names: AccountName[] = [];
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const lines = text.split('\n');
    text = lines.pop()!;
    names.push(...(lines as AccountName[]));
    if (names.length >= count) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  expect(names.length).toBeGreaterThanOrEqual(count);
  return names;
}
