import { BackupError, type BackupErrorCode } from '../io/backup-error.ts';
import { StartError, type StartErrorCode } from '../io/start-error.ts';
import { type StoreOpenCode, StoreOpenError } from '../store/store-error.ts';
import { EXIT } from './exit-codes.ts';
import { isMessageKey, type MessageKey, type Messages, type MessageValues } from './messages.ts';

/** Ends a command; thrown only inside cli/ and shown in one place. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** For scripts, in capitals. */
  readonly code: string;
  readonly exit: number;
  readonly key: MessageKey;
  readonly values: MessageValues;
  /** Further lines for people. */
  readonly lines: readonly string[];
  /** Further fields of the JSON answer. */
  readonly json: object;

  constructor(
    code: string,
    exit: number,
    key: MessageKey,
    values: MessageValues = {},
    { lines = [], json = {} }: { readonly lines?: readonly string[]; readonly json?: object } = {},
  ) {
    super(code);
    this.code = code;
    this.exit = exit;
    this.key = key;
    this.values = values;
    this.lines = lines;
    this.json = json;
  }
}

/** What goes wrong on the way up, with the exit code that scripts get. */
const EXIT_OF_START: Readonly<Record<StartErrorCode | StoreOpenCode, number>> = {
  permissions: EXIT.refused,
  'foreign-owner': EXIT.refused,
  unreadable: EXIT.error,
  'already-running': EXIT.error,
  'key-corrupt': EXIT.error,
  'key-missing': EXIT.error,
  'address-in-use': EXIT.error,
  'address-forbidden': EXIT.refused,
  'address-unavailable': EXIT.error,
  'socket-path': EXIT.refused,
  missing: EXIT.error,
  corrupt: EXIT.error,
  locked: EXIT.error,
  foreign: EXIT.error,
  'newer-schema': EXIT.error,
  disk: EXIT.error,
};

/** The error of a failed start as the CLI shows it; anything else is a bug and stays what it is. */
export function cliErrorOf(cause: unknown): unknown {
  if (cause instanceof StartError) {
    const { code, subject, detail, fix } = cause;
    return new CliError(upper(code), EXIT_OF_START[code], `start.${code}`, { subject, detail, fix });
  }
  if (cause instanceof StoreOpenError) {
    const { code, path, detail } = cause;
    return new CliError(upper(`store-${code}`), EXIT_OF_START[code], `store.${code}`, { subject: path, detail });
  }
  if (cause instanceof BackupError) {
    const { code, subject, detail } = cause;
    return new CliError(upper(`backup-${code}`), EXIT_OF_BACKUP[code], `backup.${code}`, { subject, detail });
  }
  return cause;
}

const EXIT_OF_BACKUP: Readonly<Record<BackupErrorCode, number>> = {
  exists: EXIT.refused,
  'has-data': EXIT.refused,
  'no-data': EXIT.notFound,
  missing: EXIT.notFound,
  'not-a-backup': EXIT.error,
  damaged: EXIT.error,
  newer: EXIT.error,
  unusable: EXIT.error,
  disk: EXIT.error,
};

export interface ShownError {
  readonly exit: number;
  readonly json: object;
  readonly lines: readonly string[];
}

/** A sentence, what to do next where we know, and the same for scripts. */
export function showError({ code, exit, key, values, lines, json }: CliError, text: Messages): ShownError {
  const message = text(key, values);
  const hintKey = `${key}.hint`;
  const hint = isMessageKey(hintKey) ? text(hintKey, values) : undefined;
  return {
    exit,
    json: { ok: false, error: { code, exit, message, ...(hint !== undefined && { hint }), ...json } },
    lines: [message, ...lines, ...(hint === undefined ? [] : [hint])],
  };
}

function upper(code: string): string {
  return code.toUpperCase().replaceAll('-', '_');
}
