import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinOf } from '@magpie/common/channel/pin.ts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../store/sqlite-open.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { verifyBackup } from './backup-file.ts';
import { type DataFolder, dataFolderAt, prepareDataFolder } from './data-folder.ts';
import { backupOfFolder, backupOfSnapshot, freshSnapshotPath, removeSnapshots } from './make-backup.ts';
import { finishRestore, restoreBackup } from './restore-backup.ts';
import { loadServerKey } from './server-key.ts';
import { systemRandom } from './system-random.ts';

describe('a backup', () => {
  let parent: string;
  let folder: DataFolder;
  let file: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'magpie-backup-'));
    folder = newServer('data', 'alice', 'bob');
    file = join(parent, 'backup.mgp');
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is one private file with database and key, checked after writing, with nothing left beside it', async () => {
    const backup = await backupOfFolder(folder, file, false);
    expect(backup).toMatchObject({ pin: pinAt(folder), rows: { accounts: 2 } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(parent).sort()).toEqual(['backup.mgp', 'data']);
    expect(verifyBackup(file)).toEqual(backup);
  });

  it('puts accounts, numbers given and key into another folder, and the pin still holds', async () => {
    await backupOfFolder(folder, file, false);
    const other = emptyFolder('other');
    const restored = restoreBackup(file, other, false);
    expect(restored.movedTo).toBeUndefined();
    expect(pinAt(other)).toBe(pinAt(folder));
    expect(namesIn(other)).toEqual(['alice', 'bob']);
    expect(addAccount(other, 'carol')).toBe(addAccount(folder, 'dave'));
    expect(statSync(other.key).mode & 0o777).toBe(0o600);
    expect(statSync(other.database).mode & 0o777).toBe(0o600);
  });

  it('gives the mailboxes another id each time it is put back, by which clients know that mail may be gone', async () => {
    await backupOfFolder(folder, file, false);
    const other = emptyFolder('other');
    restoreBackup(file, other, false);
    const first = await mailboxIdIn(other);
    restoreBackup(file, other, true);
    const ids = [await mailboxIdIn(folder), first, await mailboxIdIn(other)].map((id) =>
      Buffer.from(id).toString('hex'),
    );
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(ids).size).toBe(3);
    expect(Buffer.from(await mailboxIdIn(other)).toString('hex')).toBe(ids[2]);
  });

  it('leaves no key inside the restored database', async () => {
    await backupOfFolder(folder, file, false);
    const other = emptyFolder('other');
    restoreBackup(file, other, false);
    const secret = readFileSync(folder.key, 'utf8').split(' ')[1]!;
    expect(readFileSync(file).includes(secret)).toBe(true);
    expect(readFileSync(other.database).includes(secret)).toBe(false);
  });

  it('holds what a killed server had committed to its log', async () => {
    const open = openDatabase(folder.database);
    open.exec("UPDATE accounts SET display_name = 'Later' WHERE name = 'alice'");
    const killed = emptyFolder('killed');
    for (const ending of ['', '-wal']) copyFileSync(folder.database + ending, killed.database + ending);
    copyFileSync(folder.key, killed.key);
    open.close();
    await backupOfFolder(killed, file, false);
    const other = emptyFolder('other');
    restoreBackup(file, other, false);
    expect(displayNameIn(other, 'alice')).toBe('Later');
  });

  it('is made of the copy that a running server leaves, which is taken away', async () => {
    const store = await openSqliteStore(folder.database);
    const path = freshSnapshotPath(folder);
    await store.backupTo(path);
    const backup = await backupOfSnapshot(folder, path, file, false);
    await store.close();
    expect(backup.rows.accounts).toBe(2);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('snapshot'))).toEqual([]);
  });

  it('never overwrites a file, unless told to', async () => {
    writeFileSync(file, 'precious');
    await expect(backupOfFolder(folder, file, false)).rejects.toMatchObject({ code: 'exists' });
    expect(readFileSync(file, 'utf8')).toBe('precious');
    await backupOfFolder(folder, file, true);
    expect(verifyBackup(file).rows.accounts).toBe(2);
    await expect(backupOfFolder(folder, parent, true)).rejects.toMatchObject({ code: 'unusable' });
  });

  it('is not made of a folder without a server, nor with a damaged key', async () => {
    await expect(backupOfFolder(emptyFolder('none'), file, false)).rejects.toMatchObject({ code: 'no-data' });
    writeFileSync(folder.key, 'garbage');
    await expect(backupOfFolder(folder, file, false)).rejects.toMatchObject({ code: 'damaged', detail: 'key' });
    expect(readdirSync(parent)).not.toContain('backup.mgp');
  });

  it('removes copies that nobody took away', () => {
    writeFileSync(join(folder.path, 'snapshot-1.db'), '');
    writeFileSync(join(folder.path, 'snapshot-mine.txt'), '');
    removeSnapshots(folder, 0);
    expect(readdirSync(folder.path)).not.toContain('snapshot-1.db');
    expect(readdirSync(folder.path)).toContain('snapshot-mine.txt');
  });

  it.each([
    ['a text', 'not-a-backup', (path: string) => writeFileSync(path, 'hello '.repeat(1_000))],
    ['an empty file', 'not-a-backup', (path: string) => writeFileSync(path, '')],
    ['the database of a server', 'not-a-backup', (path: string) => openDatabase(path).close()],
    ['a file cut short', 'damaged', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -4_096))],
    ['a changed row', 'damaged', (path: string) => inside(path, "UPDATE accounts SET display_name = 'Mallory'")],
    ['a row too few', 'damaged', (path: string) => inside(path, "DELETE FROM accounts WHERE name = 'bob'")],
    ['another number to give next', 'damaged', (path: string) => inside(path, 'UPDATE sqlite_sequence SET seq = 5')],
    [
      'a changed key',
      'damaged',
      (path: string) => inside(path, "UPDATE magpie_backup SET info = replace(info, 'a', 'b')"),
    ],
    ['no key', 'damaged', (path: string) => inside(path, 'DELETE FROM magpie_backup')],
    ['a newer schema', 'damaged', (path: string) => inside(path, 'PRAGMA user_version = 9999')],
  ])('of which there is %s is refused, and the folder stays empty', async (_what, code, spoil) => {
    await backupOfFolder(folder, file, false);
    if (code === 'not-a-backup') rmSync(file);
    spoil(file);
    const other = emptyFolder('other');
    expect(() => restoreBackup(file, other, false)).toThrow(expect.objectContaining({ name: 'BackupError', code }));
    expect(readdirSync(other.path)).toEqual([]);
  });

  it('is refused where there is no such file', () => {
    expect(() => verifyBackup(join(parent, 'nowhere'))).toThrow(expect.objectContaining({ code: 'missing' }));
  });

  it('does not replace a server, unless told to, and then moves it aside whole', async () => {
    await backupOfFolder(folder, file, false);
    const other = newServer('other', 'zoe');
    const oldPin = pinAt(other);
    expect(() => restoreBackup(file, other, false)).toThrow(expect.objectContaining({ code: 'has-data' }));
    expect(namesIn(other)).toEqual(['zoe']);

    writeFileSync(`${other.database}-wal`, '');
    const { movedTo } = restoreBackup(file, other, true);
    expect([namesIn(other), pinAt(other)]).toEqual([['alice', 'bob'], pinAt(folder)]);
    const aside = dataFolderAt(movedTo!);
    expect([namesIn(aside), pinAt(aside)]).toEqual([['zoe'], oldPin]);
    expect(restoreBackup(file, other, true).movedTo).not.toBe(movedTo);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'that is being restored survives a crash: before step %i of putting it in place',
    async (step) => {
      await backupOfFolder(folder, file, false);
      const other = newServer('other', 'zoe');
      interruptRestore(other, step);
      expect(() => finishRestore(other)).not.toThrow();
      expect([namesIn(other), pinAt(other)]).toEqual([['alice', 'bob'], pinAt(folder)]);
      const aside = dataFolderAt(join(other.path, 'before-restore-1'));
      expect(namesIn(aside)).toEqual(['zoe']);
      expect(existsSync(aside.key)).toBe(true);
      expect(readdirSync(other.path).filter((name) => name.startsWith('restore.'))).toEqual([]);
    },
  );

  it('that was not whole yet when the restore crashed changes nothing', async () => {
    mkdirSync(join(folder.path, 'restore.part'));
    writeFileSync(join(folder.path, 'restore.part', 'server.db'), 'half');
    finishRestore(folder);
    expect(namesIn(folder)).toEqual(['alice', 'bob']);
    expect(existsSync(join(folder.path, 'restore.part'))).toBe(false);
  });

  it('made by a newer program is refused by name', async () => {
    await backupOfFolder(folder, file, false);
    const info = '{"format":2}';
    const checksum = createHash('sha256').update(info).digest('hex');
    inside(file, `UPDATE magpie_backup SET info = '${info}', checksum = '${checksum}'`);
    expect(() => verifyBackup(file)).toThrow(expect.objectContaining({ code: 'newer', detail: 'format 2' }));
  });

  /** What a crash leaves: prepared files made by a restore elsewhere, and the first `step - 1` moves done. */
  function interruptRestore(target: DataFolder, step: number): void {
    const staging = emptyFolder(`staging-${step}`);
    restoreBackup(file, staging, false);
    const prepared = join(target.path, 'restore.ready');
    const aside = join(target.path, 'before-restore-1');
    mkdirSync(prepared, { mode: 0o700 });
    copyFileSync(staging.database, join(prepared, 'server.db'));
    copyFileSync(staging.key, join(prepared, 'server.key'));
    writeFileSync(join(prepared, 'aside'), 'before-restore-1');
    const moves = [
      () => mkdirSync(aside, { mode: 0o700 }),
      () => renameSync(target.database, join(aside, 'server.db')),
      () => renameSync(join(prepared, 'server.db'), target.database),
      () => renameSync(target.key, join(aside, 'server.key')),
      () => renameSync(join(prepared, 'server.key'), target.key),
    ];
    for (const move of moves.slice(0, step - 1)) move();
  }

  function newServer(name: string, ...accounts: readonly string[]): DataFolder {
    const made = emptyFolder(name);
    const key = loadServerKey(made, systemRandom);
    openDatabase(made.database).close();
    key.keep();
    for (const account of accounts) addAccount(made, account);
    return made;
  }

  function emptyFolder(name: string): DataFolder {
    const made = dataFolderAt(join(parent, name));
    prepareDataFolder(made);
    chmodSync(made.path, 0o700);
    return made;
  }
});

/** As the store does, without its thread. @returns the number that was given */
function addAccount(folder: DataFolder, name: string): unknown {
  const sql = `INSERT INTO accounts (name, display_name, password_hash, account_key, device_list, device_list_version, created_at)
    VALUES ('${name}', '${name}', '$', zeroblob(32), x'', 0, 1) RETURNING account`;
  return ask(folder, sql)[0];
}

function pinAt(folder: DataFolder): string {
  return pinOf(loadServerKey(folder, systemRandom).pair.publicKey);
}

function namesIn(folder: DataFolder): unknown[] {
  return ask(folder, 'SELECT name FROM accounts ORDER BY account');
}

function displayNameIn(folder: DataFolder, name: string): unknown {
  return ask(folder, `SELECT display_name FROM accounts WHERE name = '${name}'`)[0];
}

function ask(folder: DataFolder, sql: string): unknown[] {
  const db = openDatabase(folder.database, false);
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

function inside(path: string, sql: string): void {
  const db = new Database(path);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

async function mailboxIdIn({ database }: DataFolder): Promise<Uint8Array> {
  const store = await openSqliteStore(database);
  const id = await store.mailboxId();
  await store.close();
  return id;
}
