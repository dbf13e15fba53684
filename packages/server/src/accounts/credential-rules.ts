import {
  DEVICE_LABEL_BYTES_MAX,
  DISPLAY_NAME_BYTES_MAX,
  DISPLAY_NAME_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MAX,
  PASSWORD_CODE_POINTS_MIN,
  QUESTION_BYTES_MAX,
  SEALED_SEED_BYTES,
  SHORT_TEXT_CODE_POINTS_MAX,
  SIGNATURE_LINE_BYTES_MAX,
} from '@magpie/common/limits.ts';
import { parsePlainLine } from '@magpie/common/plain-line.ts';
import type { Recovery } from '../store/store.ts';
import { isGuessable } from './guessable-password.ts';

/** Hangul fillers: letters that show nothing. */
const FILLERS = /[\u115f\u1160\u3164\uffa0]/u;
/** A blank Braille pattern is a symbol by its category only. */
const VISIBLE = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/** @returns what is wrong with a password (R25), undefined when it will do */
export function passwordFault(password: string, accountName: string): string | undefined {
  const codePoints = [...password];
  if (codePoints.length < PASSWORD_CODE_POINTS_MIN) return `shorter than ${PASSWORD_CODE_POINTS_MIN} characters`;
  if (codePoints.length > PASSWORD_CODE_POINTS_MAX) return `longer than ${PASSWORD_CODE_POINTS_MAX} characters`;
  if (isGuessable(password, accountName)) return 'too easy to guess';
  return undefined;
}

/** @returns the display name as it is stored (trimmed, normal form C), undefined when it is too long, hides characters or shows none */
export function parseDisplayName(text: string): string | undefined {
  const name = parseLine(text, DISPLAY_NAME_CODE_POINTS_MAX, DISPLAY_NAME_BYTES_MAX);
  return name !== undefined && VISIBLE.test(name) ? name : undefined;
}

/** A line about oneself: as a display name, but it may be empty. */
export function parseSignatureLine(text: string): string | undefined {
  return parseLine(text, SHORT_TEXT_CODE_POINTS_MAX, SIGNATURE_LINE_BYTES_MAX);
}

/** What somebody who asks to be friends must answer; may be empty. */
export function parseQuestion(text: string): string | undefined {
  return parseLine(text, SHORT_TEXT_CODE_POINTS_MAX, QUESTION_BYTES_MAX);
}

/** What a device is called by its owner, for the owner's eyes only: none is better than one that is refused. */
export function parseDeviceLabel(text: string): string {
  return parseLine(text, DEVICE_LABEL_BYTES_MAX, DEVICE_LABEL_BYTES_MAX) ?? '';
}

/** @returns `none` for zeros and nothing; undefined when one of the two is there without the other */
export function parseRecovery({ recoveryKey, sealedSeed }: Recovery): Recovery | 'none' | undefined {
  const hasKey = recoveryKey.some((byte) => byte !== 0);
  if (!hasKey && sealedSeed.length === 0) return 'none';
  if (!hasKey || sealedSeed.length !== SEALED_SEED_BYTES) return undefined;
  return { recoveryKey: recoveryKey.slice(), sealedSeed: sealedSeed.slice() };
}

export const NO_RECOVERY: Recovery = { recoveryKey: new Uint8Array(32), sealedSeed: new Uint8Array(0) };

/** A plain line without fillers, which would pass for a name that is not there. */
function parseLine(text: string, codePoints: number, bytes: number): string | undefined {
  const line = parsePlainLine(text, { codePoints, bytes });
  return line === undefined || FILLERS.test(line) ? undefined : line;
}
