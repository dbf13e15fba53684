/** Why a backup is not made or not restored: each code has a sentence and a next step in the catalogue of the CLI. */
export type BackupErrorCode =
  /** The file to write is there already. */
  | 'exists'
  /** The folder to restore into holds a server already. */
  | 'has-data'
  /** There is no server in the folder to back up. */
  | 'no-data'
  /** No such file. */
  | 'missing'
  /** A file, but not one that `backup` wrote. */
  | 'not-a-backup'
  /** A backup whose content is not what was written into it; `detail` says what differs. */
  | 'damaged'
  /** Made by a newer version of this program. */
  | 'newer'
  /** A file or folder cannot be used; `detail` is the system's code. */
  | 'unusable'
  /** The disk is full or failing. */
  | 'disk';

export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;
  /** The file or folder that it is about. */
  readonly subject: string;
  readonly detail: string;

  constructor(code: BackupErrorCode, subject: string, detail = '') {
    super(`${code}: ${subject}${detail && `: ${detail}`}`);
    this.code = code;
    this.subject = subject;
    this.detail = detail;
  }
}

/** The failure of a system call or of SQLite on `path`. */
export function backupErrorOf(cause: unknown, path: string): unknown {
  const code = (cause as { code?: unknown } | null)?.code;
  if (cause instanceof BackupError || typeof code !== 'string') return cause;
  if (!/^(E[A-Z0-9]+|SQLITE_[A-Z_]+)$/.test(code)) return cause;
  if (/^(ENOSPC|EDQUOT|EIO|SQLITE_FULL|SQLITE_IOERR.*)$/.test(code)) return new BackupError('disk', path, code);
  if (/^SQLITE_(CORRUPT.*|NOTADB)$/.test(code)) return new BackupError('damaged', path, code);
  return new BackupError('unusable', path, code);
}
