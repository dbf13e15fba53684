import { INVITE_MS_MAX, INVITE_MS_MIN } from '../admin/admin-protocol.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

const MS_OF_UNIT: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws CliError */
export function numberIn(option: string, given: string, min: number, max: number): number {
  const number = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new CliError('BAD_NUMBER', EXIT.usage, 'input.bad-number', { option, given, min, max });
}

/** `30m`, `12h`, `7d`. @throws CliError */
export function durationMsIn(option: string, given: string): number {
  const [, count, unit] = /^([0-9]{1,9})([mhd])$/.exec(given.trim()) ?? [];
  const ms = Number(count) * (MS_OF_UNIT[unit ?? ''] ?? Number.NaN);
  if (ms >= INVITE_MS_MIN && ms <= INVITE_MS_MAX) return ms;
  throw new CliError('BAD_DURATION', EXIT.usage, 'input.bad-duration', { option, given });
}
