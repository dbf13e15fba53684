const DAY_MS = 86_400_000;

/** For lists: the time today, "Yesterday", the weekday within a week, then the date; with the year only when it is another one. */
export function listTime(at: string, nowMs: number, locale: string, timeZone?: string): string {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return '';
  const zone = timeZone === undefined ? {} : { timeZone };
  const days = dayNumber(nowMs, zone) - dayNumber(atMs, zone);
  if (days === 0) return format(locale, { hour: '2-digit', minute: '2-digit', ...zone }, atMs);
  if (days === 1) return yesterday(locale);
  if (days > 1 && days < 7) return format(locale, { weekday: 'short', ...zone }, atMs);
  const sameYear = yearOf(atMs, zone) === yearOf(nowMs, zone);
  return format(
    locale,
    sameYear
      ? { month: 'short', day: 'numeric', ...zone }
      : { year: 'numeric', month: 'numeric', day: 'numeric', ...zone },
    atMs,
  );
}

/** The whole moment, for tooltips and histories. */
export function fullTime(at: string, locale: string, timeZone?: string): string {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return '';
  return format(
    locale,
    { dateStyle: 'full', timeStyle: 'short', ...(timeZone === undefined ? {} : { timeZone }) },
    atMs,
  );
}

/** "20 minutes ago", as coarse as people say it; in steps of ten minutes, since no more is told of a friend. */
export function agoWords(at: string, nowMs: number, locale: string): string {
  const minutes = Math.max(0, (nowMs - Date.parse(at)) / 60_000);
  if (Number.isNaN(minutes)) return '';
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (minutes < 60) return words.format(-Math.max(10, Math.round(minutes / 10) * 10), 'minute');
  if (minutes < 24 * 60) return words.format(-Math.round(minutes / 60), 'hour');
  return words.format(-Math.round(minutes / (24 * 60)), 'day');
}

type Zone = { readonly timeZone?: string };

/** Counts calendar days of the zone, so that a short day of the year is one too. */
function dayNumber(ms: number, zone: Zone): number {
  const parts = formatOf('en', { year: 'numeric', month: 'numeric', day: 'numeric', ...zone }).formatToParts(ms);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)!.value);
  return Date.UTC(part('year'), part('month') - 1, part('day')) / DAY_MS;
}

function yearOf(ms: number, zone: Zone): string {
  return format('en', { year: 'numeric', ...zone }, ms);
}

function yesterday(locale: string): string {
  const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-1, 'day');
  return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
}

function format(locale: string, options: Intl.DateTimeFormatOptions, ms: number): string {
  return formatOf(locale, options).format(ms);
}

/** Making one takes longer than using it a hundred times; there are a handful of kinds. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}
