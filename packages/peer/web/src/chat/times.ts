import type { Language } from '@magpie/common/i18n/translator.ts';
import { localeOf } from '../text/locale.ts';

/** Times as people read them, in the language of the page, by the browser's region and in the zone of the machine. */
export interface Times {
  /** Hour and minute. */
  clock(at: string): string;
  /** Date and time in full. */
  full(at: string): string;
  /** Today, yesterday, else the date; with the year only when it is another one. */
  day(at: string, nowMs: number): string;
  /** A moment in a sentence: the hour today, with its day before. */
  moment(at: string, nowMs: number): string;
  /** For lists: the hour today, the date before. */
  short(at: string, nowMs: number): string;
}

const MADE = new Map<Language, Times>();
const DAY_MS = 86_400_000;

export function timesOf(language: Language): Times {
  const known = MADE.get(language);
  if (known) return known;
  const made = makeTimes(localeOf(language));
  MADE.set(language, made);
  return made;
}

function makeTimes(locale: string): Times {
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
  const date = new Intl.DateTimeFormat(locale, { weekday: 'short', month: 'long', day: 'numeric' });
  const dateOfYear = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'long', day: 'numeric' });
  const dateAndTime = new Intl.DateTimeFormat(locale, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const day = (at: string, nowMs: number): string => {
    const then = new Date(at);
    const now = new Date(nowMs);
    const days = Math.round((startOfDay(then) - startOfDay(now)) / DAY_MS);
    if (days === 0 || days === -1) return capital(relative.format(days, 'day'));
    return then.getFullYear() === now.getFullYear() ? date.format(then) : dateOfYear.format(then);
  };
  return {
    clock: (at) => clock.format(new Date(at)),
    full: (at) => full.format(new Date(at)),
    day,
    moment: (at, nowMs) => {
      const isToday = startOfDay(new Date(at)) === startOfDay(new Date(nowMs));
      return isToday ? clock.format(new Date(at)) : dateAndTime.format(new Date(at));
    },
    short: (at, nowMs) =>
      startOfDay(new Date(at)) === startOfDay(new Date(nowMs)) ? clock.format(new Date(at)) : day(at, nowMs),
  };
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
