import { durationMs, unitFormats } from './units.ts';

/** RFC 3339, or its date alone: the first moment of that day in UTC. */
const rfc3339 = /^\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d))?$/;
/** The last moment that a date can hold, Unix ms. */
export const lastMs = 8.64e15;

/** What `timeMs` reads, for messages. */
export const timeExpected =
  'a time such as 2026-01-05T14:30:00Z, 2026-01-05, 1767623400000 (Unix ms), or -15m (before now)';

/**
 * A time as a person writes it, as Unix ms; undefined if it is none. Relative times count from `now`, Unix ms.
 * The `+` of a zone may be a space, which is what an unencoded `+` in a query becomes.
 */
export function timeMs(text: string, now: number): number | undefined {
  const back = text.startsWith('-') ? text.slice(1) : '';
  if (unitFormats.duration.pattern.test(back)) return withinDates(Math.round(now - durationMs(back)));
  if (/^\d{1,16}$/.test(text)) return withinDates(Number(text));
  const whole = text.replace(/ (?=\d\d:\d\d$)/, '+');
  return rfc3339.test(whole) ? withinDates(dateMs(whole)) : undefined;
}

/** NaN for a day or an hour that does not exist, where `Date.parse` takes 31 February for 3 March. */
function dateMs(text: string): number {
  const day = text.slice(0, 10);
  const start = Date.parse(day);
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day);
  return isDay ? Date.parse(text.toUpperCase()) : Number.NaN;
}

function withinDates(ms: number): number | undefined {
  return Math.abs(ms) <= lastMs ? ms : undefined;
}
