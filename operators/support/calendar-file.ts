import type { FromSchema } from 'json-schema-to-ts';
import { Calendar, type DayHours, dateOf, dayOf, weekdayOf } from './calendar.ts';
import { type DataKind, dataFields, readData } from './data-file.ts';
import { TimeZone } from './time-zone.ts';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const timeOfDay = {
  type: 'string',
  pattern: '^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$',
  expected: 'a local time such as "09:30", in quotes',
} as const;
const dayMinutes = 1440;

const date = { pattern: '^\\d{4}-\\d\\d-\\d\\d$', expected: 'a date such as 2025-07-03' } as const;

const session = {
  type: 'object',
  description: 'The hours of a day, in local time.',
  additionalProperties: false,
  required: ['open', 'close'],
  properties: {
    pre: { ...timeOfDay, description: 'When trading before the regular session begins. Default: there is none.' },
    open: { ...timeOfDay, description: 'When the regular session begins.' },
    close: { ...timeOfDay, description: 'When the regular session ends; a trade of that very moment is after it.' },
    post: { ...timeOfDay, description: 'When trading after the regular session ends. Default: there is none.' },
  },
} as const;

/** What a calendar file holds. */
export const calendarSchema = {
  type: 'object',
  description: 'When a market is open.',
  additionalProperties: false,
  required: ['name', 'zone', 'source', 'sessions'],
  properties: {
    ...dataFields,
    zone: { type: 'string', minLength: 1, description: 'Time zone of the IANA database, such as America/New_York.' },
    day_starts: {
      ...timeOfDay,
      default: '00:00',
      description:
        'When a day begins, in local time. Another time than 00:00 is on the date before: at 17:00 the day 2025-11-20 is from 2025-11-19 17:00 to 2025-11-20 17:00.',
    },
    years: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to'],
      description: 'The years that are covered; a time outside of them is an error. Default: all.',
      properties: {
        from: { type: 'integer', minimum: 1900, maximum: 9999, description: 'The first year, whole.' },
        to: { type: 'integer', minimum: 1900, maximum: 9999, description: 'The last year, whole.' },
      },
    },
    sessions: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      description: 'The hours of each weekday; one that is left out is closed.',
      properties: Object.fromEntries(weekdays.map((weekday) => [weekday, session])) as Record<
        (typeof weekdays)[number],
        typeof session
      >,
    },
    holidays: {
      type: 'object',
      default: {},
      propertyNames: date,
      additionalProperties: { type: 'string' },
      description: 'Days that are closed: the date, and what it is.',
    },
    early_closes: {
      type: 'object',
      default: {},
      propertyNames: date,
      description: 'Days that end earlier than their weekday.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['close', 'name'],
        properties: {
          close: { ...timeOfDay, description: 'When the regular session ends.' },
          post: { ...timeOfDay, description: 'When trading after it ends. Default: there is none.' },
          name: { type: 'string', description: 'What day it is.' },
        },
      },
    },
  },
} as const;

/** A calendar as its file has it, defaults filled in. */
export type CalendarData = FromSchema<typeof calendarSchema>;

type Hours = FromSchema<typeof session>;
type Tell = (path: readonly string[], text: string) => void;

const calendars: DataKind<CalendarData> = { what: 'calendar', folder: 'calendars', schema: calendarSchema, check };

/**
 * The calendar of that name, or of a file.
 *
 * @param source `XNYS`, or the absolute path of a file
 * @throws FDP_SPEC_INVALID if there is none, or its file is wrong: with the line of each mistake
 */
export function readCalendar(source: string): Calendar {
  const data = readData(calendars, source);
  const dayStarts = minutes(data.day_starts);
  const isClosed = new Set(Object.keys(data.holidays ?? {}));
  return new Calendar({
    name: source,
    zone: new TimeZone(data.zone),
    dayStarts,
    years: data.years,
    hours: (day) => {
      const regular = data.sessions[weekdays[weekdayOf(day)] ?? 'sunday'];
      const date = dateOf(day);
      if (!regular || isClosed.has(date)) return undefined;
      return hoursOf({ ...regular, ...shortened(regular, data.early_closes?.[date]) }, dayStarts);
    },
  });
}

type Early = NonNullable<CalendarData['early_closes']>[string];

/** A day that closes early has trading after it only where its own entry says so. */
function shortened(regular: Hours, early: Early | undefined): Partial<Hours> {
  return early ? { close: early.close, post: early.post ?? early.close } : { post: regular.post ?? regular.close };
}

/** In minutes from the day's start. */
function hoursOf({ pre, open, close, post }: Hours, dayStarts: number): DayHours {
  const from = (time: string) => (minutes(time) - dayStarts + dayMinutes) % dayMinutes;
  const to = (time: string) => from(time) || dayMinutes;
  return { pre: from(pre ?? open), open: from(open), close: to(close), post: to(post ?? close) };
}

function minutes(time: string): number {
  return 60 * Number(time.slice(0, 2)) + Number(time.slice(3));
}

function check(data: CalendarData, report: Tell): void {
  const { zone, sessions, years, holidays = {}, early_closes: early = {} } = data;
  const dayStarts = minutes(data.day_starts);
  try {
    new TimeZone(zone);
  } catch {
    report(['zone'], `there is no time zone "${zone}"`);
  }
  if (dayStarts === dayMinutes) report(['day_starts'], 'expected a time from 00:00 to 23:59');
  for (const [weekday, hours] of Object.entries(sessions)) checkHours(hours, dayStarts, ['sessions', weekday], report);
  if (years && years.from > years.to) report(['years'], 'ends before it begins');
  if (!years && Object.keys({ ...holidays, ...early }).length > 0)
    report(['years'], 'must say from which year to which the holidays and early closes are complete');
  for (const date of Object.keys(holidays)) checkDate(date, ['holidays', date], data, report);
  for (const [date, hours] of Object.entries(early)) {
    const path = ['early_closes', date];
    const regular = checkDate(date, path, data, report);
    if (!regular) continue;
    if (Object.hasOwn(holidays, date)) report(path, 'is a holiday, too');
    checkHours({ ...regular, ...shortened(regular, hours) }, dayStarts, path, report);
    if (hoursOf({ ...regular, close: hours.close }, dayStarts).close >= hoursOf(regular, dayStarts).close)
      report(path, `closes at ${hours.close}, which is not earlier than ${regular.close}`);
  }
}

function checkHours(given: Hours, dayStarts: number, path: readonly string[], report: Tell): void {
  const { pre, open, close, post } = hoursOf(given, dayStarts);
  if (pre > open) report(path, 'pre is after open');
  if (open >= close) report(path, 'open is not before close');
  if (close > post) report(path, 'close is after post');
}

/** Reports a date that does not exist, is not covered, or is closed anyway; gives the hours of its weekday. */
function checkDate(date: string, path: readonly string[], data: CalendarData, report: Tell): Hours | undefined {
  const day = dayOf(date);
  if (day === undefined) {
    report(path, 'there is no such date');
    return undefined;
  }
  const year = Number(date.slice(0, 4));
  if (data.years && (year < data.years.from || year > data.years.to))
    report(path, `is outside the years ${data.years.from} to ${data.years.to}`);
  const weekday = weekdays[weekdayOf(day)] ?? 'sunday';
  const hours = data.sessions[weekday];
  if (!hours) report(path, `is a ${weekday}, which is closed anyway`);
  return hours;
}
