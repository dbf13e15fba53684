import type { TextKey, TextValues } from '@magpie/common/i18n/translator.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { exitCodeOf } from './exit-codes.ts';

/** Errors of the command line and of starting a daemon, beside those of the engine and of the local API. */
export const CLI_ERROR_CODES = [
  'USAGE',
  'INPUT_NEEDED',
  'CANCELLED',
  'FILE_UNREADABLE',
  'FILE_UNWRITABLE',
  'MESSAGE_REFUSED',
  'DAEMON_NOT_RUNNING',
  'DAEMON_ALREADY_RUNNING',
  'DAEMON_START_FAILED',
  'DAEMON_START_SLOW',
  'PROFILE_UNUSABLE',
  'PROFILE_CORRUPT',
  'PROFILE_LOCKED',
  'PROFILE_NEWER',
  'DISK_FULL',
  'PASSPHRASE_NEEDED',
  'PASSPHRASE_WRONG',
  'PROFILE_HALF_ENCRYPTED',
  'PROFILE_ENCRYPTED',
  'PROFILE_NOT_ENCRYPTED',
  'PROFILE_EMPTY',
] as const;

interface Extras {
  /** Takes the place of the sentence of the code: what exactly was wrong with the command line. */
  readonly sentence?: TextKey;
  /** Takes the place of the hint of the code. */
  readonly hint?: TextKey;
  readonly values?: TextValues;
  /** Further fields of the JSON answer, such as the message that is still queued. */
  readonly json?: object;
}

/** Ends a command; thrown only inside cli/ and turned into a sentence, JSON and an exit code in one place. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly error: RpcError;
  readonly exit: number;
  readonly extras: Extras;

  constructor(error: RpcError, extras: Extras = {}) {
    super(error.code);
    this.error = error;
    this.exit = exitCodeOf(error);
    this.extras = extras;
  }
}

export function usageError(sentence: TextKey, values: TextValues = {}): CliError {
  return new CliError({ code: 'USAGE' }, { sentence, values });
}
