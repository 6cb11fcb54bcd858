import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../../kit/package-root.ts';

export type SessionKind = 'pre' | 'regular' | 'post' | 'closed';

/** When a market is open. */
export interface Hours {
  kindAt(time: number): SessionKind;
  /** The market's day that a time lies in, Unix ms; its end is the start of the next one. */
  dayOf(time: number): Day;
}

interface Day {
  readonly start: number;
  readonly end: number;
}

interface DaySession {
  readonly pre?: string;
  readonly open: string;
  readonly close: string;
  readonly post?: string;
}

interface CalendarFile {
  readonly zone: string;
  readonly day_starts?: string;
  readonly sessions: Readonly<Record<string, DaySession>>;
  readonly holidays?: Readonly<Record<string, string>>;
  readonly early_closes?: Readonly<Record<string, { readonly close: string; readonly post?: string }>>;
}

/** A minute by the clock on the wall of the market. */
interface LocalMinute {
  /** Of the market's day, which may begin on the date before. */
  readonly date: string;
  readonly weekday: string;
  /** Since the market's day began, by the clock. */
  readonly minute: number;
}

const minuteMs = 60_000;
const dayMinutes = 1440;
/** By how much clocks are put forward or back, minutes. */
const shifts = [0, -60, 60, -30, 30];

/** Whether a session is one of those that an option names. */
export function isWithin(kind: SessionKind, session: 'regular' | 'extended' | 'all'): boolean {
  return session === 'all' || kind === 'regular' || (session === 'extended' && kind !== 'closed');
}

/**
 * The hours of a calendar: its file says which, and Intl what the clock showed in each minute. Nothing of it is computed as the
 * operators do.
 *
 * @param name of a shipped calendar, or the path of a file
 */
export function hoursIn(name: string): Hours {
  const path = isAbsolute(name) ? name : join(packageRoot(), 'calendars', `${name}.yml`);
  const file = parse(readFileSync(path, 'utf8')) as CalendarFile;
  const localMinute = remembered(wallClock(file));
  const kinds = remembered((minute: number) => kindOf(file, localMinute(minute)));
  const days = remembered((minute: number) => dayAround(minute, localMinute));
  return {
    kindAt: (time) => kinds(Math.floor(time / minuteMs)),
    dayOf: (time) => days(Math.floor(time / minuteMs)),
  };
}

function remembered<T>(compute: (minute: number) => T): (minute: number) => T {
  const known = new Map<number, T>();
  return (minute) => {
    const value = known.get(minute) ?? compute(minute);
    known.set(minute, value);
    return value;
  };
}

/** What the clock on the wall shows in a minute since 1970. */
function wallClock({ zone, day_starts = '00:00' }: CalendarFile): (minute: number) => LocalMinute {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit' },
  });
  const starts = minutesOf(day_starts);
  return (minute) => {
    const parts = Object.fromEntries(format.formatToParts(minute * minuteMs).map(({ type, value }) => [type, value]));
    const shown = minutesOf(`${parts['hour']}:${parts['minute']}`);
    const date = Date.parse(`${parts['year']}-${parts['month']}-${parts['day']}T00:00:00Z`);
    const next = new Date(date + (starts > 0 && shown >= starts ? dayMinutes * minuteMs : 0));
    const weekday = next.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' }).toLowerCase();
    return { date: next.toISOString().slice(0, 10), weekday, minute: (shown - starts + dayMinutes) % dayMinutes };
  };
}

function kindOf(file: CalendarFile, { date, weekday, minute }: LocalMinute): SessionKind {
  const regular = file.sessions[weekday];
  if (!regular || file.holidays?.[date] !== undefined) return 'closed';
  const early = file.early_closes?.[date];
  const { open, close, post = close } = early ? { open: regular.open, ...early } : regular;
  const starts = minutesOf(file.day_starts ?? '00:00');
  const from = (clock: string) => (minutesOf(clock) - starts + dayMinutes) % dayMinutes;
  const to = (clock: string) => from(clock) || dayMinutes;
  if (minute < from(regular.pre ?? open) || minute >= to(post)) return 'closed';
  if (minute < from(open)) return 'pre';
  return minute < to(close) ? 'regular' : 'post';
}

/** The first minute of a date, and that of the next one. */
function dayAround(minute: number, localMinute: (minute: number) => LocalMinute): Day {
  const { date, minute: since } = localMinute(minute);
  const isFirst = (each: number) => localMinute(each).date !== localMinute(each - 1).date;
  const begin = (about: number) => about + (shifts.find((shift) => isFirst(about + shift)) ?? 0);
  const start = begin(minute - since);
  const next = begin(start + dayMinutes);
  if (localMinute(start).date !== date) throw new Error(`no first minute of ${date} is found`);
  return { start: start * minuteMs, end: next * minuteMs };
}

function minutesOf(clock: string): number {
  const [hours, minutes] = clock.split(':');
  return 60 * Number(hours) + Number(minutes);
}
