import { usageError } from './cli-error.ts';

const MS_OF_UNIT: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** A day or a time of day, where this machine is unless a zone is named. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * `2026-03-01` (its first moment here), `2026-03-01T14:00`, either with seconds and zone, or `2h`, `7d` for so long ago.
 * @returns ISO 8601 in UTC; undefined when nothing was given
 */
export function timeOption(given: string | boolean | undefined, now = new Date()): string | undefined {
  if (given === undefined) return undefined;
  const time = timeOf(String(given).trim(), now);
  // Years beyond four digits have another form, and no message is of then.
  const inRange = time.getTime() >= 0 && time.getTime() < Date.UTC(10_000, 0);
  if (!inRange) throw usageError('usage.bad-time', { given: String(given) });
  return time.toISOString();
}

function timeOf(text: string, now: Date): Date {
  const ago = /^(\d{1,5})([mhdw])$/.exec(text);
  if (ago) return new Date(now.getTime() - Number(ago[1]) * MS_OF_UNIT[ago[2]!]!);
  if (!DATE.test(text)) return new Date(Number.NaN);
  // ECMA-262 takes a day alone as UTC; a person means the one here.
  return new Date(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
}
