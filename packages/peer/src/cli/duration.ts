const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** A day; longer than anybody watches a prompt, and safe for every timer. */
const DURATION_MS_MAX = 86_400_000;

/** `500ms`, `10s`, `2m`, `1h`, or a bare number of seconds. Undefined when it is none of these, zero or over a day. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text.trim());
  if (!match) return undefined;
  const ms = Number(match[1]) * MS_OF_UNIT[match[2] ?? 's']!;
  return ms >= 1 && ms <= DURATION_MS_MAX ? ms : undefined;
}

/** The shortest way to write it: `90s`, `10m`, `2h`. */
export function durationText(ms: number): string {
  const unit = ['h', 'm', 's'].find((each) => ms % MS_OF_UNIT[each]! === 0) ?? 'ms';
  return `${ms / MS_OF_UNIT[unit]!}${unit}`;
}
