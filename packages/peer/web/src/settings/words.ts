import type { Language } from '@magpie/common/i18n/translator.ts';

/** A moment for people: date and time in their own zone. */
export function momentText(at: string, language: Language): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return '';
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

const UNITS = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes as people say them, in steps of a thousand. */
export function sizeText(bytes: number, language: Language): string {
  if (bytes < 1_000) return unitText(bytes, 'byte', 0, language);
  let value = bytes / 1_000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return unitText(value, UNITS[unit]!, value < 10 ? 1 : 0, language);
}

function unitText(value: number, unit: string, digits: number, language: Language): string {
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

/** Digits in groups, as the language has them. */
export function numberText(value: number, language: Language): string {
  return new Intl.NumberFormat(language).format(value);
}
