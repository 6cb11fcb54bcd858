import { durationMs } from '../../src/kit/units.ts';
import type { CalendarDay } from './calendar.ts';

const dayMs = 86_400_000;
const units = [
  ['d', dayMs],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** The length of the bars of one kind. */
export interface Interval {
  /** In the largest unit that it is whole in: `90s`, `5m`, `1h`, `1d`. */
  readonly name: string;
  readonly ms: number;
}

/** Why a length is no interval; undefined when it is one. */
export function intervalProblem(text: string): string | undefined {
  const ms = durationMs(text);
  const divides = ms >= 1000 && ms % 1000 === 0 && dayMs % ms === 0;
  return divides ? undefined : `expected whole seconds that divide a day, such as 1m, 5m, 1h or 1d, got ${text}`;
}

/** Of a text in which `intervalProblem` finds nothing. */
export function intervalOf(text: string): Interval {
  const ms = durationMs(text);
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['s', 1000];
  return { name: `${ms / size}${unit}`, ms };
}

/**
 * When the bar of a time begins and ends, Unix ms. Bars are counted from the day's start, by the clock that never changes,
 * and the last one ends with the day. A bar of a day is the calendar's day, which has 23 or 25 hours when clocks change.
 */
export function barOf(
  time: number,
  { ms }: Interval,
  day: CalendarDay,
): { readonly start: number; readonly end: number } {
  if (ms === dayMs) return day;
  const start = day.start + Math.floor((time - day.start) / ms) * ms;
  return { start, end: Math.min(start + ms, day.end) };
}
