import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3';

const require = createRequire(import.meta.url);

/**
 * R30: a profile with a passphrase is opened by the SQLite that can encrypt, every other one by the plain one; a process
 * loads one of them only, for two would undo each other's locks on a file that both have open.
 */
export function sqliteLibrary(options: { readonly encrypted: boolean }): typeof Sqlite {
  return require(options.encrypted ? 'better-sqlite3-multiple-ciphers' : 'better-sqlite3') as typeof Sqlite;
}

/** The key is used as it is: it is random already. `@param key` 32 bytes; must come before any other statement. */
export function giveKey(db: Sqlite.Database, key: Uint8Array): void {
  db.pragma("cipher = 'chacha20'");
  db.pragma(`key = "${rawKey(key)}"`);
}

/** Encrypts (or with undefined decrypts) a whole open database, whose journal must not be the write-ahead log. */
export function changeKey(db: Sqlite.Database, key: Uint8Array | undefined): void {
  if (key) db.pragma("cipher = 'chacha20'");
  db.pragma(key ? `rekey = "${rawKey(key)}"` : "rekey = ''");
}

function rawKey(key: Uint8Array): string {
  return `raw:${Buffer.from(key).toString('hex')}`;
}
