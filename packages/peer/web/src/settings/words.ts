/** A moment for people: date and time in their own zone. */
export function momentText(at: string, locale: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return '';
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

const UNITS = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes as people say them, in steps of a thousand. */
export function sizeText(bytes: number, locale: string): string {
  if (bytes < 1_000) return unitText(bytes, 'byte', 0, locale);
  let value = bytes / 1_000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return unitText(value, UNITS[unit]!, value < 10 ? 1 : 0, locale);
}

function unitText(value: number, unit: string, digits: number, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

/** Digits in groups, as the locale has them. */
export function numberText(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}
