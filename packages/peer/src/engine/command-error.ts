import type { MessageId } from '@magpie/common/ids.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { err, type Result } from '@magpie/common/result.ts';

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
  /** The server shows no list of their devices, or one from before that which is known (ID10). */
  'OLD_DEVICE_LIST',
  'STORE_FAILED',
  'TIMED_OUT',
  /** Whoever gave the command does not want it any more. */
  'CANCELLED',
  /** The password is right, and the account's list does not hold this device: a code or a new identity is needed (R7). */
  'NEW_DEVICE',
  /** A recovery or approval code that opens nothing, or is none. */
  'WRONG_CODE',
  /** Nobody approved in time. */
  'NOT_APPROVED',
  /** An invitation to another server than the one of this profile. */
  'OTHER_SERVER',
  /** Only the device itself can do that, or only another one. */
  'WRONG_DEVICE',
  /** Only whoever wrote a message edits or recalls it; a system message or a recalled one is nobody's to change. */
  'NOT_OWN_MESSAGE',
  /** Edited or recalled more than a day after. */
  'TOO_LATE',
  /** A nudge so soon after the last one, or more reactions to one message than are kept. */
  'TOO_MANY',
] as const;

export type CommandErrorCode = (typeof COMMAND_ERROR_CODES)[number];

/** `what` chooses the sentence shown. */
export function noSuchMessage(id: MessageId): Result<never, CommandError> {
  return err({ code: 'NOT_FOUND', detail: { who: id, what: 'message' } });
}

export interface CommandError {
  readonly code: CommandErrorCode;
  /** With SERVER_REFUSED: the server's own code. */
  readonly refusal?: RefusalCode | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Values for the sentence shown: never a secret or message text. */
  readonly detail?: Readonly<Record<string, string | number>> | undefined;
}
