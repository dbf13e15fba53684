/** Why the server does not start: each code has a sentence and a next step in the catalogue of the CLI. */
export type StartErrorCode =
  /** Others may read or write what must be private; `fix` is the command to type. */
  | 'permissions'
  /** The data folder is another user's, who could read and replace what is in it; `detail` is that user's id. */
  | 'foreign-owner'
  /** A file or folder cannot be used at all; `detail` is the system's code. */
  | 'unreadable'
  /** The disk is full or failing; `detail` is the system's or SQLite's code. */
  | 'disk'
  | 'already-running'
  /** The key file exists and holds no key. */
  | 'key-corrupt'
  /** A database without the key that its users know the server by. */
  | 'key-missing'
  | 'address-in-use'
  | 'address-forbidden'
  | 'address-unavailable'
  /** No place short enough for the admin socket. */
  | 'socket-path';

export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;
  /** The file, folder or address that it is about. */
  readonly subject: string;
  readonly detail: string;
  readonly fix: string;

  constructor(code: StartErrorCode, subject: string, { detail = '', fix = '' } = {}) {
    super(`${code}: ${subject}${detail && `: ${detail}`}`);
    this.code = code;
    this.subject = subject;
    this.detail = detail;
    this.fix = fix;
  }
}
