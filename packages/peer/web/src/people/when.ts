const DAY_MS = 86_400_000;

/** For lists: the time today, "Yesterday", the weekday within a week, then the date; with the year only when it is another one. */
export function listTime(at: string, nowMs: number, locale: string): string {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return '';
  const days = dayNumber(nowMs) - dayNumber(atMs);
  if (days === 0) return format(locale, { hour: '2-digit', minute: '2-digit' }, atMs);
  if (days === 1) return yesterday(locale);
  if (days > 1 && days < 7) return format(locale, { weekday: 'short' }, atMs);
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return format(
    locale,
    sameYear ? { month: 'short', day: 'numeric' } : { year: 'numeric', month: 'numeric', day: 'numeric' },
    atMs,
  );
}

/** The whole moment, for tooltips and histories. */
export function fullTime(at: string, locale: string): string {
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? '' : format(locale, { dateStyle: 'full', timeStyle: 'short' }, atMs);
}

/** "20 minutes ago", as coarse as people say it; in steps of ten minutes, since no more is told of a friend. */
export function agoWords(at: string, nowMs: number, locale: string): string {
  const minutes = Math.max(0, (nowMs - Date.parse(at)) / 60_000);
  if (Number.isNaN(minutes)) return '';
  const words = relativeIn(locale);
  if (minutes < 60) return words.format(-Math.max(10, Math.round(minutes / 10) * 10), 'minute');
  if (minutes < 24 * 60) return words.format(-Math.round(minutes / 60), 'hour');
  return words.format(-Math.round(minutes / (24 * 60)), 'day');
}

/** Counts calendar days of the zone, so that a short day of the year is one too. */
function dayNumber(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
}

function yesterday(locale: string): string {
  const word = relativeIn(locale).format(-1, 'day');
  return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
}

function format(locale: string, options: Intl.DateTimeFormatOptions, ms: number): string {
  return formatOf(locale, options).format(ms);
}

/** Making one takes longer than using it a hundred times; there are a handful of kinds. */
const formats = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<string, Intl.RelativeTimeFormat>();

function formatOf(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  // Who travels changes the zone of the machine, and with it what each of them says.
  const key = `${locale} ${new Date().getTimezoneOffset()} ${JSON.stringify(options)}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}

function relativeIn(locale: string): Intl.RelativeTimeFormat {
  const made = relatives.get(locale) ?? new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  relatives.set(locale, made);
  return made;
}
