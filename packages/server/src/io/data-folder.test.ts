import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, dataFolderAt, lockDataFolder, prepareDataFolder, startErrorOf } from './data-folder.ts';
import { loadServerKey } from './server-key.ts';
import { systemRandom } from './system-random.ts';

describe('the data folder', () => {
  let parent: string;
  let folder: DataFolder;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'magpie-data-'));
    folder = dataFolderAt(join(parent, "it's data", 'deep'));
    prepareDataFolder(folder);
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is made private, and accepted again', () => {
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    prepareDataFolder(folder);
  });

  it('is refused when others may enter it, with the command to type', () => {
    chmodSync(folder.path, 0o750);
    expect(() => prepareDataFolder(folder)).toThrow(
      expect.objectContaining({ code: 'permissions', fix: `chmod 700 '${parent}/it'\\''s data/deep'` }),
    );
  });

  it('is refused when it belongs to another user, who could read what is written there', () => {
    // Only root can give a folder away; everybody else meets one of root's.
    const isRoot = process.getuid!() === 0;
    if (isRoot) chownSync(folder.path, 12_345, 12_345);
    const owned = isRoot ? folder : dataFolderAt('/');
    expect(() => prepareDataFolder(owned)).toThrow(
      expect.objectContaining({ code: 'foreign-owner', subject: owned.path, detail: isRoot ? '12345' : '0' }),
    );
  });

  it('is refused when it is a file', () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    expect(() => prepareDataFolder(dataFolderAt(file))).toThrow(
      expect.objectContaining({ code: 'unreadable', detail: 'EEXIST' }),
    );
  });

  it('belongs to one server at a time', () => {
    const lock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow(expect.objectContaining({ code: 'already-running' }));
    lock.release();
    lockDataFolder(folder).release();
  });

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'ENOSPC', 'EDQUOT', 'EIO'])(
    'tells %s from a folder of others',
    (code) => {
      expect(startErrorOf(Object.assign(new Error(), { code }), folder.lock)).toMatchObject({
        code: 'disk',
        detail: code,
      });
    },
  );

  it('is refused when its lock cannot be opened', () => {
    mkdirSync(folder.lock);
    expect(() => lockDataFolder(folder)).toThrow(
      expect.objectContaining({ code: 'unreadable', subject: folder.lock, detail: expect.stringMatching(/^SQLITE_/) }),
    );
  });

  describe('and its key', () => {
    it('is made once, private, and read back', () => {
      const made = loadServerKey(folder, systemRandom);
      made.keep();
      expect(made.isNew).toBe(true);
      expect(statSync(folder.key).mode & 0o777).toBe(0o600);
      expect(loadServerKey(folder, systemRandom)).toMatchObject({ pair: made.pair, isNew: false });
    });

    it('stays new, and the same, until a start has got as far as to keep it', () => {
      const made = loadServerKey(folder, systemRandom);
      // The start that made it fell over its half-made database.
      writeFileSync(folder.database, 'x');
      const again = loadServerKey(folder, systemRandom);
      expect(again).toMatchObject({ pair: made.pair, isNew: true });
      again.keep();
      expect(loadServerKey(folder, systemRandom)).toMatchObject({ pair: made.pair, isNew: false });
    });

    it('comes before one that was never kept', () => {
      const kept = loadServerKey(folder, systemRandom);
      kept.keep();
      const backup = readFileSync(folder.key);
      rmSync(folder.key);
      loadServerKey(folder, systemRandom);
      writeFileSync(folder.key, backup, { mode: 0o600 });
      expect(loadServerKey(folder, systemRandom).pair).toEqual(kept.pair);
      rmSync(folder.key);
      writeFileSync(folder.database, 'x');
      expect(() => loadServerKey(folder, systemRandom)).toThrow(expect.objectContaining({ code: 'key-missing' }));
    });

    it('is refused when others may read it, with the command to type', () => {
      loadServerKey(folder, systemRandom).keep();
      chmodSync(folder.key, 0o644);
      expect(() => loadServerKey(folder, systemRandom)).toThrow(
        expect.objectContaining({ code: 'permissions', fix: expect.stringMatching(/^chmod 600 /) }),
      );
    });

    it.each([
      ['empty', () => ''],
      ['cut', (text: string) => text.slice(0, 50)],
      [
        'changed by one digit',
        (text: string) => text.replace(/[0-9a-f](?= [0-9a-f]{16}\n)/, (digit) => (digit === '0' ? '1' : '0')),
      ],
      ['far too long', (text: string) => text.repeat(100)],
      ['of another kind', () => `magpie-server-key-2 ${'0'.repeat(64)} ${'0'.repeat(16)}\n`],
    ])('is refused when it is %s, and never replaced', (_what, damage) => {
      loadServerKey(folder, systemRandom).keep();
      const damaged = damage(readFileSync(folder.key, 'utf8'));
      writeFileSync(folder.key, damaged);
      expect(() => loadServerKey(folder, systemRandom, true)).toThrow(expect.objectContaining({ code: 'key-corrupt' }));
      expect(readFileSync(folder.key, 'utf8')).toBe(damaged);
    });

    it('is made anew beside a database only when that is asked for', () => {
      writeFileSync(folder.database, 'x');
      expect(() => loadServerKey(folder, systemRandom)).toThrow(expect.objectContaining({ code: 'key-missing' }));
      expect(loadServerKey(folder, systemRandom, true).pair.publicKey).toHaveLength(32);
    });
  });
});
