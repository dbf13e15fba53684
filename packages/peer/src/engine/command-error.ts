import type { RefusalCode } from '@magpie/common/refusal.ts';

/** Why a command failed: a closed set. The local API, the exit code and the sentence in both languages hang on it. */
export const COMMAND_ERROR_CODES = [
  'INTERNAL',
  'INVALID_ARGUMENT',
  'NOT_SIGNED_IN',
  'ALREADY_SIGNED_IN',
  'BAD_SERVER_ADDRESS',
  'SERVER_UNREACHABLE',
  'SERVER_KEY_UNKNOWN',
  'SERVER_KEY_CHANGED',
  'WRONG_PIN',
  'SERVER_REFUSED',
  'NOT_FOUND',
  'AMBIGUOUS',
  'NOT_FRIENDS',
  'SELF',
  'EMPTY_TEXT',
  'TEXT_TOO_LARGE',
  'BAD_TEXT',
  'KEY_CHANGED',
  'STORE_FAILED',
  'TIMED_OUT',
] as const;

export type CommandErrorCode = (typeof COMMAND_ERROR_CODES)[number];

export interface CommandError {
  readonly code: CommandErrorCode;
  /** With SERVER_REFUSED: the server's own code. */
  readonly refusal?: RefusalCode | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Values for the sentence shown: never a secret or message text. */
  readonly detail?: Readonly<Record<string, string | number>> | undefined;
}
