export const STORE_OPEN_ERROR_CODES = [
  /** Group or others may read or write the file; `detail` is the chmod to type. */
  'permissions',
  /** The file belongs to another user. */
  'owner',
  /** Cannot be opened at all: no folder, no right, not a file. */
  'unreadable',
  /** Another program holds the database. */
  'locked',
  /** Damaged, or not a SQLite database. */
  'corrupt',
  /** A SQLite database of another program. */
  'foreign',
  /** The profile has a passphrase and this is not encrypted: encrypting or decrypting it was interrupted. */
  'half-encrypted',
  /** Written by a newer version of this program. */
  'newer-schema',
  'full',
  'io',
] as const;
export type StoreOpenErrorCode = (typeof STORE_OPEN_ERROR_CODES)[number];

/** Why a profile database cannot be used. Nothing was changed on disk. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  readonly code: StoreOpenErrorCode;
  /** For people: the path and what to do; never content of messages. */
  readonly detail: string;

  constructor(code: StoreOpenErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

export type StoreErrorCode = 'full' | 'io' | 'locked' | 'corrupt' | 'closed' | 'no-profile' | 'internal';

/** One call failed and changed nothing; the store goes on. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly detail: string;

  constructor(code: StoreErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}
