import { FdpError } from '../../src/errors.ts';
import type { TimeZone } from './time-zone.ts';

const dayMs = 86_400_000;
/** The largest time whose neighbouring days are valid Dates, ms. */
const lastMs = 8.64e15 - 4 * dayMs;
/** Days of UTC whose sessions are remembered. */
const maxDays = 4096;

export type SessionKind = 'pre' | 'regular' | 'post' | 'closed';

/** A day of a market. Its start and end are Unix ms; the end is the start of the next one. */
export interface CalendarDay {
  /** `2025-07-03`, in the market's time zone. */
  readonly date: string;
  readonly start: number;
  readonly end: number;
}

/** A part of a day in which a market is open, or closed: `start` is within it, `end` is not; Unix ms. */
export interface Session {
  readonly kind: SessionKind;
  readonly start: number;
  readonly end: number;
  readonly day: CalendarDay;
}

/** When a market is open on a day, in minutes of local time from the day's start: pre <= open < close <= post. */
export interface DayHours {
  readonly pre: number;
  readonly open: number;
  readonly close: number;
  readonly post: number;
}

interface CalendarRules {
  readonly name: string;
  readonly zone: TimeZone;
  /** When a day begins, in minutes of local time; other than 0: of the date before. */
  readonly dayStarts: number;
  /** The covered years, whole ones. Undefined: all. */
  readonly years: { readonly from: number; readonly to: number } | undefined;
  /** By days since 1970-01-01; undefined for a day that is closed. */
  hours(day: number): DayHours | undefined;
}

/**
 * When a market is open. Every instant of the years that it covers lies in exactly one session of exactly one day.
 * Sessions are computed once for each day; the last found one is tried first.
 */
export class Calendar {
  readonly name: string;
  readonly #rules: CalendarRules;
  readonly #found = new Map<number, readonly Session[]>();
  #last: Session | undefined;

  constructor(rules: CalendarRules) {
    this.name = rules.name;
    this.#rules = rules;
  }

  /**
   * The session that an instant lies in, and its day.
   *
   * @param time Unix ms
   * @throws FDP_MESSAGE_INVALID when the calendar does not cover it
   */
  session(time: number): Session {
    const last = this.#last;
    if (last !== undefined && time >= last.start && time < last.end) return last;
    const session = this.#sessions(time).find(({ end }) => time < end);
    if (session === undefined || time < session.start) throw this.#outside(time);
    this.#last = session;
    return session;
  }

  /** How long a session in which the market is open lasts at most, ms: of the first month that it covers. */
  get longestSessionMs(): number {
    const { years, hours } = this.#rules;
    const first = dayOf(`${years?.from ?? 2024}-01-01`) ?? 0;
    const minutes = Array.from({ length: 31 }, (_, day) => hours(first + day)).flatMap((open) =>
      open ? [open.open - open.pre, open.close - open.open, open.post - open.close] : [],
    );
    return Math.max(0, ...minutes) * 60_000;
  }

  /** All sessions that touch the instant's day in UTC, in order. */
  #sessions(time: number): readonly Session[] {
    const utcDay = Math.floor(time / dayMs);
    const known = this.#found.get(utcDay);
    if (known) return known;
    if (!(Math.abs(time) <= lastMs)) throw this.#outside(time);
    // Zones are up to 14 hours away from UTC, and a day may begin on the date before.
    const days = [utcDay - 1, utcDay, utcDay + 1, utcDay + 2];
    const sessions = days.filter((day) => this.#covers(day)).flatMap((day) => this.#sessionsOf(day));
    if (this.#found.size >= maxDays) this.#found.clear();
    this.#found.set(utcDay, sessions);
    return sessions;
  }

  #covers(day: number): boolean {
    const { years } = this.#rules;
    if (!years) return true;
    const year = Number(dateOf(day).slice(0, 4));
    return year >= years.from && year <= years.to;
  }

  #sessionsOf(day: number): Session[] {
    const { zone, dayStarts, hours } = this.#rules;
    const first = dayStarts === 0 ? day : day - 1;
    const at = (minute: number) => zone.instant(first, dayStarts + minute);
    const start = at(0);
    const end = at(1440);
    const date = { date: dateOf(day), start, end };
    const open = hours(day);
    const parts: readonly (readonly [SessionKind, number, number])[] = open
      ? [
          ['closed', start, at(open.pre)],
          ['pre', at(open.pre), at(open.open)],
          ['regular', at(open.open), at(open.close)],
          ['post', at(open.close), at(open.post)],
          ['closed', at(open.post), end],
        ]
      : [['closed', start, end]];
    return parts
      .filter(([, from, to]) => from < to)
      .map(([kind, from, to]) => ({ kind, start: from, end: to, day: date }));
  }

  #outside(time: number): FdpError {
    const { name, years } = this.#rules;
    const when = Math.abs(time) <= lastMs ? dateOf(Math.floor(time / dayMs)) : String(time);
    const covered = years ? `has the years ${years.from} to ${years.to}` : 'has all that a date can be';
    return new FdpError('FDP_MESSAGE_INVALID', `calendar ${name} ${covered}, got a time of ${when}`);
  }
}

/** `2025-07-03` of days since 1970-01-01. */
export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().replace(/T.*/, '');
}

/** Days since 1970-01-01 of `2025-07-03`; undefined when there is no such date. */
export function dayOf(date: string): number | undefined {
  const ms = Date.parse(`${date}T00:00:00Z`);
  const day = ms / dayMs;
  return Number.isNaN(ms) || dateOf(day) !== date ? undefined : day;
}

/** 0 is Monday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}
