import { spawn } from 'node:child_process';
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProfilePaths, profilePaths } from '../config.ts';
import { SealedFiles } from '../io/file-seal.ts';
import { IdentityFile, loadOrCreateIdentity } from '../io/identity-file.ts';
import { MailboxKeyFile } from '../io/mailbox-key-file.ts';
import { openProfileKey } from '../io/profile-key-file.ts';
import { SystemRandom } from '../io/system-random.ts';
import { openDatabase } from '../store/sqlite-open.ts';
import { changePassphrase, decryptProfile, encryptProfile } from './profile-encryption.ts';
import { lockProfile } from './profile-lock.ts';

const random = new SystemRandom();
const PASSPHRASE = 'under the old pear tree';
const MARKER = 'plantedmarker';
const SECRET = new Uint8Array(32).fill(0xcd);
/** The one SQLite of this process: it opens plain files too. */
const CIPHER_LIBRARY = { encrypted: true };

let folder: string;
let paths: ProfilePaths;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-encrypt-'));
  const found = profilePaths(`${folder}/`, {});
  if (!found.ok) throw new Error(found.error);
  paths = found.value;
  await makeProfile();
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('[R30] a profile that is given a passphrase', () => {
  it('shows nothing of its history or keys in any file, nor in the log of what is written later', async () => {
    expect(filesWith(MARKER)).toContain('profile.db');
    expect(filesWith(hex(SECRET))).toEqual(['identity.key', 'mailbox.key']);
    expect(await encryptProfile(paths, PASSPHRASE, random)).toEqual({ ok: true, value: undefined });
    const db = openDatabase(paths.database, (await key()).database);
    writeRow(db, 900);
    expect(readdirSync(folder)).toContain('profile.db-wal');
    expect(filesWith(MARKER)).toEqual([]);
    expect(filesWith(hex(SECRET))).toEqual([]);
    expect(filesWith(Buffer.from(SECRET).toString('latin1'))).toEqual([]);
    expect(filesWith('SQLite format 3').filter((name) => name.startsWith('profile'))).toEqual([]);
    db.close();
    for (const name of readdirSync(folder))
      expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
  });

  it('has everything still, for whoever knows the passphrase', async () => {
    await encryptProfile(paths, PASSPHRASE, random);
    const { database, files } = await key();
    const db = openDatabase(paths.database, database);
    expect(rowCount(db)).toBe(300);
    expect(db.prepare("SELECT count(*) FROM message_search WHERE message_search MATCH 'hello'").pluck().get()).toBe(
      300,
    );
    db.close();
    const seal = new SealedFiles(files, random);
    const identity = await loadOrCreateIdentity(folder, random, { mayCreate: false, seal });
    expect(identity.ok && identity.value.accountSeed).toEqual(SECRET);
    expect((await new MailboxKeyFile(folder, random, seal).load())?.chains[0]?.oldestSecret).toEqual(SECRET);
  });

  it('is changed in nothing by a wrong passphrase', async () => {
    await encryptProfile(paths, PASSPHRASE, random);
    const before = contents();
    const wrong = { ok: false, error: { code: 'PASSPHRASE_WRONG' } };
    expect(await decryptProfile(paths, 'another passphrase', random)).toMatchObject(wrong);
    expect(await encryptProfile(paths, 'another passphrase', random)).toMatchObject(wrong);
    expect(await changePassphrase(paths, 'another passphrase', 'whatever it is', random)).toMatchObject(wrong);
    expect(contents()).toEqual(before);
  });

  it('opens with the new passphrase only, once it was changed, and its files stay as they are', async () => {
    await encryptProfile(paths, PASSPHRASE, random);
    const before = contents();
    expect(await changePassphrase(paths, PASSPHRASE, 'a new passphrase', random)).toMatchObject({ ok: true });
    expect((await openProfileKey(folder, PASSPHRASE)).ok).toBe(false);
    expect((await openProfileKey(folder, 'a new passphrase')).ok).toBe(true);
    const { 'profile.key': _old, ...others } = before;
    expect(contents()).toMatchObject(others);
  });

  it('is as before when it is taken away again', async () => {
    await encryptProfile(paths, PASSPHRASE, random);
    expect(await encryptProfile(paths, PASSPHRASE, random)).toMatchObject({ error: { code: 'PROFILE_ENCRYPTED' } });
    expect(await decryptProfile(paths, PASSPHRASE, random)).toMatchObject({ ok: true });
    expect(readdirSync(folder)).not.toContain('profile.key');
    await expectPlain();
    expect(await decryptProfile(paths, PASSPHRASE, random)).toMatchObject({ error: { code: 'PROFILE_NOT_ENCRYPTED' } });
  });

  it('is left alone while a daemon has it, and where there is none', async () => {
    const lock = await lockProfile(paths, CIPHER_LIBRARY);
    if (!lock.ok) throw new Error('locked');
    expect(await encryptProfile(paths, PASSPHRASE, random)).toMatchObject({
      error: { code: 'DAEMON_ALREADY_RUNNING' },
    });
    lock.value.release();
    rmSync(paths.database);
    expect(await encryptProfile(paths, PASSPHRASE, random)).toMatchObject({ error: { code: 'PROFILE_EMPTY' } });
  });

  it('names what is half done, and finishes it when the command is given again', async () => {
    const plain = { identity: readFileSync(paths.identity), database: readFileSync(paths.database) };
    await encryptProfile(paths, PASSPHRASE, random);
    const { database, files } = await key();
    writeFileSync(paths.identity, plain.identity);
    const leftBehind = join(folder, `profile.db.${'ab'.repeat(8)}.new`);
    writeFileSync(leftBehind, plain.database);
    // What its blocks hold once it is gone.
    linkSync(leftBehind, join(folder, 'blocks'));
    const seal = new SealedFiles(files, random);
    const half = await loadOrCreateIdentity(folder, random, { mayCreate: false, seal });
    expect(half).toMatchObject({ ok: false, error: { code: 'half-encrypted' } });
    expect(await encryptProfile(paths, PASSPHRASE, random)).toMatchObject({ ok: true });
    expect(readFileSync(join(folder, 'blocks')).every((byte) => byte === 0)).toBe(true);
    expect(filesWith(MARKER)).toEqual([]);
    writeFileSync(paths.database, plain.database);
    expect(() => openDatabase(paths.database, database)).toThrow(/half-encrypted/);
    expect(await encryptProfile(paths, PASSPHRASE, random)).toMatchObject({ ok: true });
    expect(filesWith(MARKER)).toEqual([]);
    expect((await key()).database).toEqual(database);
  });

  it('loses nothing to kill -9 at any moment of encrypting and decrypting', { timeout: 60_000 }, async () => {
    for (const what of ['encrypt', 'decrypt'] as const) {
      for (const afterMs of [700, 1_000]) await run(what, afterMs);
      const end = await run(what, undefined);
      expect(['ok', 'PROFILE_ENCRYPTED', 'PROFILE_NOT_ENCRYPTED']).toContain(end);
      if (what === 'encrypt') expect(filesWith(MARKER)).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
    }
    await expectPlain();
  });
});

async function makeProfile(): Promise<void> {
  const made = await loadOrCreateIdentity(folder, random);
  if (!made.ok) throw new Error(made.error.code);
  await new IdentityFile(folder, random).replaceAccountSeed(SECRET);
  const chain = { generation: 1, oldestStep: 0, oldestSecret: SECRET, publishedStep: 0, publishedAtMs: 5 };
  await new MailboxKeyFile(folder, random).save({ chains: [chain] });
  writeFileSync(paths.database, '', { mode: 0o600 });
  const db = openDatabase(paths.database, undefined, CIPHER_LIBRARY);
  for (let n = 1; n <= 300; n++) writeRow(db, n);
  db.close();
}

function writeRow(db: ReturnType<typeof openDatabase>, n: number): void {
  db.prepare(
    `INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text, state,
       reason, change, born, owed, committed_ms)
     VALUES (randomblob(16), 10002, 'in', zeroblob(16), zeroblob(8), @n, @n, 0, 'text', 1, @text, 'read', '', @n, @n, 0, 1)`,
  ).run({ n, text: `hello ${MARKER} ${n} 你好` });
}

function rowCount(db: ReturnType<typeof openDatabase>): unknown {
  return db.prepare('SELECT count(*) FROM message WHERE text LIKE ?').pluck().get(`hello ${MARKER} %`);
}

async function expectPlain(): Promise<void> {
  const db = openDatabase(paths.database, undefined, CIPHER_LIBRARY);
  expect(rowCount(db)).toBe(300);
  db.close();
  const identity = await loadOrCreateIdentity(folder, random, { mayCreate: false });
  expect(identity.ok && identity.value.accountSeed).toEqual(SECRET);
  expect((await new MailboxKeyFile(folder, random).load())?.chains[0]?.oldestSecret).toEqual(SECRET);
}

async function key() {
  const opened = await openProfileKey(folder, PASSPHRASE);
  if (!opened.ok) throw new Error(opened.error.code);
  return opened.value;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function filesWith(text: string): string[] {
  return Object.entries(contents())
    .filter(([, content]) => content.includes(text))
    .map(([name]) => name)
    .sort();
}

function contents(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.startsWith('daemon.'))
      .map((name) => [name, readFileSync(join(folder, name)).toString('latin1')]),
  );
}

/** @param killAfterMs undefined: it may end by itself @returns what it said */
async function run(what: 'encrypt' | 'decrypt', killAfterMs: number | undefined): Promise<string> {
  const script = fileURLToPath(new URL('./test-encrypt-profile.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, what, PASSPHRASE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  if (killAfterMs !== undefined) void delay(killAfterMs).then(() => child.kill('SIGKILL'));
  await ended;
  return said.trim();
}
