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

const lengths = [
  { unit: 'd', seconds: 86_400, from: 48 * 3600 },
  { unit: 'h', seconds: 3600, from: 100 * 60 },
  { unit: 'min', seconds: 60, from: 100 },
  { unit: 's', seconds: 1, from: 0 },
] as const;

/** How long ago, or for how long, in one unit: `12 s`, `4 min`, `3 h`, `2 d`; 99 s and 47 h are not yet the next. */
export function durationText(ms: number): string {
  const whole = Math.floor(Math.max(0, ms) / 1000);
  const { unit, seconds } = lengths.find(({ from }) => whole >= from) ?? lengths[3];
  return `${String(Math.floor(whole / seconds)).replace(/\B(?=(\d{3})+$)/g, ' ')} ${unit}`;
}

/** For how long, in its two largest units: `1 d 2 h`, `3 min 5 s`, `250 ms`. */
export function exactDurationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.trunc(ms))} ms`;
  const whole = Math.floor(ms / 1000);
  const first = lengths.findIndex(({ seconds }) => whole >= seconds);
  return lengths
    .slice(first, first + 2)
    .map(({ unit, seconds }, index) => ({
      unit,
      count: Math.floor((index === 0 ? whole : whole % (lengths[first]?.seconds ?? 1)) / seconds),
    }))
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(' ');
}
