import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import Database from 'better-sqlite3';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { claimedIn, friendsIn, NOW, newAccount, registeredIn } from '../../../../test/contract/server-store-samples.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openDatabase } from './sqlite-open.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'magpie-backup-'));
const NEWEST = MIGRATIONS.at(-1)!.version;
let folder: string;
let folders = 0;

beforeEach(() => {
  folder = join(root, `${++folders}`);
  mkdirSync(folder);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('an online copy', () => {
  it('holds everything, for its owner only, and opens as a database', async () => {
    const store = await openSqliteStore(join(folder, 'live.db'));
    const [alice, bob] = await friendsIn(store);
    const copyPath = join(folder, 'copy.db');
    writeFileSync(copyPath, 'an older copy');
    chmodSync(copyPath, 0o644);
    await store.backupTo(copyPath);
    await registeredIn(store, 'later', 9);
    expect(statSync(copyPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes('copy'))).toEqual(['copy.db']);
    const copy = await openSqliteStore(copyPath, { mayCreate: false });
    expect(await copy.areFriends(alice.account, bob.account)).toBe(true);
    expect(await copy.accountByNumber(alice.account)).toEqual(await store.accountByNumber(alice.account));
    expect(await copy.roster(alice.account, 0)).toEqual(await store.roster(alice.account, 0));
    expect(await copy.accountByName('later' as AccountName)).toBeUndefined();
    expect((await claimedIn(copy, 1)).epoch).toBe(alice.epoch + 1);
    await copy.close();
    await store.close();
  });

  it('is consistent while writes go on, and lets them be answered meanwhile', async () => {
    const store = await openSqliteStore(join(folder, 'busy.db'));
    await fill(store, 4_000);
    let [isOver, answered, seed] = [false, 0, 0];
    /** Each call writes an account and its device: a copy with one of them would be torn. */
    async function write(): Promise<void> {
      while (!isOver) {
        await registeredIn(store, `user${++seed}`, seed);
        answered++;
      }
    }
    const writers = Array.from({ length: 50 }, write);
    while (answered < 50) await store.latestNoticeId();
    const [copyPath, before] = [join(folder, 'copy.db'), answered];
    await store.backupTo(copyPath);
    const during = answered - before;
    isOver = true;
    await Promise.all(writers);
    await store.close();

    expect(during).toBeGreaterThan(100);
    const copy = openDatabase(copyPath, false);
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.pragma('foreign_key_check')).toEqual([]);
    const count = (what: string): unknown => copy.prepare(`SELECT count(*) FROM ${what}`).pluck().get();
    expect(count('accounts WHERE account NOT IN (SELECT account FROM devices)')).toBe(0);
    expect(count('audit')).toBe(4_000);
    expect(count('accounts')).toBeGreaterThan(before);
    copy.close();
  }, 60_000);

  it.each([
    ['a folder that is not there', () => join(folder, 'nowhere', 'copy.db'), 'ENOENT'],
    ['the database itself', () => join(folder, 'live.db'), 'itself'],
  ])('fails for %s with a reason, leaves nothing, and the store goes on', async (_what, target, reason) => {
    const store = await openSqliteStore(join(folder, 'live.db'));
    await expect(store.backupTo(target())).rejects.toMatchObject({
      code: 'store-failed',
      failure: 'backup-failed',
      message: expect.stringContaining(reason),
    });
    expect(readdirSync(folder).filter((name) => !name.startsWith('live.db'))).toEqual([]);
    expect(readdirSync(folder)).not.toContain('live.db.partial');
    expect(await registeredIn(store, 'alice', 1)).toMatchObject({ account: 10_001 });
    await store.close();
  });

  it('ends with the store, and leaves nothing behind', async () => {
    const store = await openSqliteStore(join(folder, 'live.db'));
    await fill(store, 2_000);
    const copying = store.backupTo(join(folder, 'copy.db'));
    const closed = store.close();
    await expect(copying).rejects.toMatchObject({ code: 'store-failed' });
    await closed;
    expect(readdirSync(folder)).toEqual(['live.db']);
  });
});

describe('a database of an older version', () => {
  it('is kept beside the migrated one, as it was, for its owner only', async () => {
    const path = join(folder, 'server.db');
    writeVersion2(path);
    const store = await openSqliteStore(path, { mayCreate: false });
    await store.close();
    const kept = `${path}.before-v${NEWEST}`;
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    const old = new Database(kept, { readonly: true });
    expect(old.pragma('user_version', { simple: true })).toBe(2);
    expect(old.prepare('SELECT name FROM accounts').pluck().all()).toEqual(['alice', 'bob', 'carol']);
    old.close();
    const before = readFileSync(kept);
    await (await openSqliteStore(path)).close();
    expect(readFileSync(kept).equals(before)).toBe(true);
  });

  it('has its copy replaced by a newer one', async () => {
    const path = join(folder, 'server.db');
    writeVersion2(path);
    const kept = `${path}.before-v${NEWEST}`;
    writeFileSync(kept, 'a copy of long ago');
    await (await openSqliteStore(path)).close();
    const old = new Database(kept, { readonly: true });
    expect(old.prepare('SELECT count(*) FROM accounts').pluck().get()).toBe(3);
    old.close();
  });

  it('stays as it is when no copy can be kept', async () => {
    const path = join(folder, 'server.db');
    writeVersion2(path);
    // A folder in the place of the copy cannot be replaced by a file.
    mkdirSync(join(`${path}.before-v${NEWEST}`, 'full'), { recursive: true });
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      name: 'StoreOpenError',
      code: 'unreadable',
      detail: expect.stringContaining(`before-v${NEWEST}`),
    });
    const db = new Database(path, { readonly: true });
    expect(db.pragma('user_version', { simple: true })).toBe(2);
    db.close();
    expect(existsSync(`${path}.before-v${NEWEST}.partial`)).toBe(false);
  });

  it('is not made for a new database', async () => {
    await (await openSqliteStore(join(folder, 'server.db'))).close();
    expect(readdirSync(folder)).toEqual(['server.db']);
  });

  it('keeps its accounts, friends and requests, with the list they have as the first of their chain', async () => {
    const path = join(folder, 'server.db');
    writeVersion2(path);
    const store = await openSqliteStore(path);
    const [alice, bob, carol] = [10_001, 10_002, 10_003].map((number) => number as AccountNumber);
    expect(await store.accountByNumber(alice!)).toMatchObject({
      name: 'alice',
      state: 'active',
      ask: 'anyone',
      showLastSeen: true,
      signatureLine: '',
      recoveryKey: new Uint8Array(32),
      sealedSeed: new Uint8Array(0),
      noticeAckedId: 2,
      createdAt: 7,
    });
    expect(await store.deviceChain(alice!, 0, 10)).toEqual([new Uint8Array([1, 1, 1])]);
    expect(await store.deviceChain(alice!, 3, 10)).toEqual([]);
    expect(await store.devicesOf(alice!)).toMatchObject([{ epoch: NOW, lastLoginAt: NOW, loginCount: 4, label: '' }]);
    expect(await store.areFriends(alice!, bob!)).toBe(true);
    expect((await store.roster(alice!, 0)).rows).toMatchObject([
      { account: bob, state: 'member', version: 1, text: '' },
      { account: carol, state: 'asking', version: 2, text: 'hi' },
    ]);
    const fence = await claimedIn(store, 1);
    expect(await store.block(fence, carol!, NOW)).toMatchObject({ ok: true });
    expect((await registeredIn(store, 'dave', 4)).account).toBe(10_004);
    await store.close();
  });
});

/** Ten KB a line, so that a copy takes many steps. */
async function fill(store: Store, count: number): Promise<void> {
  const line = { at: NOW, actor: 'operator', action: 'stop', subject: undefined, detail: 'x'.repeat(10_000) } as const;
  await Promise.all(Array.from({ length: count }, () => store.appendAudit(line)));
}

/** Alice (10001) and Bob are friends, Carol asks Alice; two notices. */
function writeVersion2(path: string): void {
  const db = new Database(path);
  for (const migration of MIGRATIONS.slice(0, 2)) migration.apply(db);
  db.pragma(`application_id = ${0x4d47_5053}`);
  db.pragma('user_version = 2');
  const account = db.prepare("INSERT INTO accounts VALUES (?, ?, ?, 'hash', zeroblob(32), ?, 3, 2, 7)");
  const names = ['alice', 'bob', 'carol'];
  for (const [i, name] of names.entries()) account.run(10_001 + i, name, name, new Uint8Array([1, 1, 1]));
  const { device, exchangeKey, signKey } = newAccount('alice', 1);
  db.prepare('INSERT INTO devices VALUES (?, 10001, ?, ?, 1, ?, 4)').run(
    Buffer.from(device, 'hex'),
    exchangeKey,
    signKey,
    NOW,
  );
  const edge = db.prepare('INSERT INTO roster VALUES (?, ?, ?, ?, ?, 0, ?)');
  edge.run(10_001, 10_002, 'member', 1, '', 1);
  edge.run(10_002, 10_001, 'member', 1, '', 1);
  edge.run(10_001, 10_003, 'asking', 2, 'hi', 0);
  edge.run(10_003, 10_001, 'asked', 1, 'hi', 0);
  for (const text of ['one', 'two']) db.prepare('INSERT INTO notices (at, text) VALUES (0, ?)').run(text);
  db.close();
}
