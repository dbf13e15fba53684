import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOB, messageId, PROFILE, textTo, wall } from '../../../../test/contract/peer-store-samples.ts';
import { APPLICATION_ID, MIGRATIONS } from './sqlite-schema.ts';
import { openSqlitePeerStore } from './sqlite-store.ts';
import { NO_NOTES } from './store.ts';

describe('the profile database as a file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
    path = join(folder, 'profile.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps the database, its log and its index from everybody else', async () => {
    await using opened = disposable(await openSqlitePeerStore(path));
    await opened.store.saveProfile(PROFILE);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('refuses a database that others may read, with the command to type', async () => {
    await (await openSqlitePeerStore(path)).close();
    chmodSync(path, 0o640);
    const refused = openSqlitePeerStore(path);
    await expect(refused).rejects.toMatchObject({ name: 'StoreOpenError', code: 'permissions' });
    await expect(refused).rejects.toThrow(`chmod 600 '${path}'`);
    chmodSync(path, 0o600);
    await (await openSqlitePeerStore(path)).close();
  });

  it('refuses a newer schema and leaves it alone', async () => {
    await (await openSqlitePeerStore(path)).close();
    edit(path, (db) => db.pragma('user_version = 99'));
    await expect(openSqlitePeerStore(path)).rejects.toMatchObject({ code: 'newer-schema' });
    edit(path, (db) => expect(db.pragma('user_version', { simple: true })).toBe(99));
  });

  it('brings a profile of the first schema along: pins, contacts and messages stay', async () => {
    edit(path, (db) => {
      db.exec(MIGRATIONS[0] ?? '');
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma('user_version = 1');
      db.exec(`
        INSERT INTO profile VALUES (1, 10001, 'alice', 'Alice', 'example.org', 10000, zeroblob(32), 1,
          x'aaaaaaaaaaaaaaaa', 3, 9, 1700, 1);
        INSERT INTO contact VALUES (10002, 'bob', 'Bob', 'member', 9, x'02', x'00', '', x'01'),
          (10003, 'carol', 'Carol', 'asking', 8, x'03', x'00', 'hello', x'');
        INSERT INTO notice VALUES (4, 50, 'maintenance');`);
    });
    chmodSync(path, 0o600);
    await using opened = disposable(await openSqlitePeerStore(path));
    expect(await opened.store.profile()).toMatchObject({ name: 'alice', loginCount: 3, signatureLine: '' });
    const [bob, carol] = await opened.store.contacts();
    expect(bob).toMatchObject({ name: 'bob', state: 'member', pinnedKey: new Uint8Array([1]), local: NO_NOTES });
    expect(carol).toMatchObject({ state: 'asking', text: 'hello', pinnedKey: new Uint8Array(0) });
    expect(await opened.store.saveNotice({ id: 4, at: wall(50), text: 'maintenance' })).toBe(false);
    await opened.store.applyRoster([{ ...bob!, state: 'blocked' }], 10);
    expect((await opened.store.contacts())[0]?.state).toBe('blocked');
  });

  it('refuses the database of another program', async () => {
    edit(path, (db) => db.exec('CREATE TABLE bookmarks (url TEXT)'));
    chmodSync(path, 0o600);
    await expect(openSqlitePeerStore(path)).rejects.toMatchObject({ code: 'foreign' });
  });

  it('refuses what is no database, and what is damaged', async () => {
    writeFileSync(path, 'not a database '.repeat(500), { mode: 0o600 });
    await expect(openSqlitePeerStore(path)).rejects.toMatchObject({ code: 'corrupt' });
    rmSync(path);
    const store = await openSqlitePeerStore(path);
    await store.saveProfile(PROFILE);
    await Promise.all(Array.from({ length: 500 }, (_, n) => store.commitOutgoing(textTo(BOB, n), wall(1))));
    await store.close();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4096 * 3, 4096 * 20);
    writeFileSync(path, bytes);
    await expect(openSqlitePeerStore(path)).rejects.toMatchObject({ code: 'corrupt' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('refuses a database that another program holds', async () => {
    await (await openSqlitePeerStore(path)).close();
    const holder = new Sqlite(path);
    holder.exec('BEGIN IMMEDIATE');
    await expect(openSqlitePeerStore(path)).rejects.toMatchObject({ code: 'locked' });
    holder.close();
    await (await openSqlitePeerStore(path)).close();
  });

  it('refuses a path that cannot be opened', async () => {
    await expect(openSqlitePeerStore(join(folder, 'absent', 'profile.db'))).rejects.toMatchObject({
      code: 'unreadable',
    });
    await expect(openSqlitePeerStore(folder)).rejects.toMatchObject({ code: 'unreadable' });
  });

  it('can be copied while it runs and read from outside', async () => {
    await using opened = disposable(await openSqlitePeerStore(path));
    await opened.store.saveProfile(PROFILE);
    await opened.store.commitOutgoing(textTo(BOB, 1), wall(1));
    const outside = new Sqlite(path, { readonly: true });
    expect(outside.prepare('SELECT state FROM message').pluck().all()).toEqual(['queued']);
    outside.close();
    for (const suffix of ['', '-wal']) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, join(folder, `copy.db${suffix}`));
    }
    await using copy = disposable(await openSqlitePeerStore(join(folder, 'copy.db')));
    expect((await copy.store.undelivered(BOB, 10)).map((m) => m.id)).toEqual([messageId(1)]);
  });
});

function disposable(store: Awaited<ReturnType<typeof openSqlitePeerStore>>) {
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

function edit(path: string, change: (db: Sqlite.Database) => void): void {
  const db = new Sqlite(path);
  change(db);
  db.close();
}
