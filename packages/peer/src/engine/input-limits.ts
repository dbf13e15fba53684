import {
  DEVICE_LABEL_BYTES_MAX,
  DISPLAY_NAME_BYTES_MAX,
  INVITE_CODE_BYTES_MAX,
  NAME_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  REQUEST_TEXT_BYTES_MAX,
} from '@magpie/common/limits.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { CommandError } from './command-error.ts';

/**
 * What does not fit into its field of a frame is refused here as the server would refuse it: sent, it would break the
 * frame, and the server ends a connection for that (FR8). Everything shorter is for the server to judge.
 */
export function fitsRegistration(input: {
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
}): Result<void, CommandError> {
  if (tooLong(input.name, ACCOUNT_TEXT_BYTES_MAX)) return refused('bad-name');
  if (tooLong(input.displayName, DISPLAY_NAME_BYTES_MAX)) return refused('bad-display-name');
  return tooLong(input.password, PASSWORD_BYTES_MAX) ? refused('weak-password') : ok(undefined);
}

export function fitsLogin(account: string, password: string): Result<void, CommandError> {
  const fits = !tooLong(account, ACCOUNT_TEXT_BYTES_MAX) && !tooLong(password, PASSWORD_BYTES_MAX);
  return fits ? ok(undefined) : refused('wrong-credentials');
}

export function fitsNewPassword(password: string): Result<void, CommandError> {
  return tooLong(password, PASSWORD_BYTES_MAX) ? refused('weak-password') : ok(undefined);
}

/** A password that is to be checked: what does not fit is none. */
export function fitsPassword(password: string): Result<void, CommandError> {
  return tooLong(password, PASSWORD_BYTES_MAX) ? refused('wrong-credentials') : ok(undefined);
}

export function fitsInvite(invite: string): Result<void, CommandError> {
  return tooLong(invite, INVITE_CODE_BYTES_MAX) ? refused('bad-invite') : ok(undefined);
}

export function fitsText(text: string, bytesMax: number, refusal: RefusalCode): Result<void, CommandError> {
  return tooLong(text, bytesMax) || !text.isWellFormed() ? refused(refusal) : ok(undefined);
}

/** What a device is called, cut to its field: a name for people, so that a part of it is better than none. */
export function fittingLabel(label = ''): string {
  let fitting = '';
  for (const character of label.trim().toWellFormed()) {
    if (tooLong(fitting + character, DEVICE_LABEL_BYTES_MAX)) break;
    fitting += character;
  }
  return fitting;
}

/** @param text what the other reads with the request */
export function fitsFriendRequest(who: string, text: string): Result<void, CommandError> {
  if (tooLong(who, ACCOUNT_TEXT_BYTES_MAX)) return err({ code: 'NOT_FOUND', detail: { who } });
  if (tooLong(text, REQUEST_TEXT_BYTES_MAX)) return err({ code: 'TEXT_TOO_LARGE' });
  return text.isWellFormed() ? ok(undefined) : err({ code: 'BAD_TEXT' });
}

/** Name or number as typed: the field's room in the frame table. */
const ACCOUNT_TEXT_BYTES_MAX = NAME_BYTES_MAX * 4;

function tooLong(text: string, bytesMax: number): boolean {
  return Buffer.byteLength(text) > bytesMax;
}

function refused(refusal: RefusalCode): Result<never, CommandError> {
  return err({ code: 'SERVER_REFUSED', refusal });
}
