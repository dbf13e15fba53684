import { StoreError, type StoreErrorCode, StoreOpenError, type StoreOpenErrorCode } from './store-error.ts';

/** SQLite's primary result codes; extended ones begin with them. */
const BY_PREFIX: readonly (readonly [prefix: string, code: StoreErrorCode & StoreOpenErrorCode])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_LOCKED', 'locked'],
  ['SQLITE_CORRUPT', 'corrupt'],
  ['SQLITE_NOTADB', 'corrupt'],
  ['SQLITE_IOERR', 'io'],
  ['SQLITE_READONLY', 'io'],
  ['SQLITE_CANTOPEN', 'io'],
];

/** SQLite's messages name tables and columns, never values. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = sqliteCodeOf(error);
  const known = BY_PREFIX.find(([prefix]) => code.startsWith(prefix));
  return new StoreError(known?.[1] ?? 'internal', `${code || 'error'} ${error instanceof Error ? error.message : ''}`);
}

export function storeOpenErrorOf(error: unknown, path: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const code = sqliteCodeOf(error);
  const known = BY_PREFIX.find(([prefix]) => code.startsWith(prefix));
  const unreadable = !known || code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY');
  return new StoreOpenError(unreadable ? 'unreadable' : known[1], `${path}: ${code || String(error)}`);
}

function sqliteCodeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
