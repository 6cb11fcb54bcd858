import type { Report } from '../../src/kit/declaration.ts';
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

/** The lengths of bars that there are, and those that have rows; left out: the shortest. */
export interface Lengths {
  readonly every: readonly string[];
  readonly store?: readonly string[] | undefined;
}

/** The intervals that have rows, the shortest first. */
export function storedOf({ every, store }: Lengths): readonly Interval[] {
  const sorted = (store ?? every).map(intervalOf).sort((a, b) => a.ms - b.ms);
  return store ? sorted : sorted.slice(0, 1);
}

/** Reports texts that are no lengths, and lengths that no stored bar divides. */
export function checkLengths(lengths: Lengths, report: Report): void {
  const texts = (['every', 'store'] as const).flatMap((list) => {
    return (lengths[list] ?? []).map((text, at) => ({ path: [list, at], problem: intervalProblem(text) }));
  });
  for (const { path, problem } of texts) if (problem) report(path, problem);
  if (texts.every(({ problem }) => !problem)) checkStored(lengths, report);
}

function checkStored(lengths: Lengths, report: Report): void {
  const all = lengths.every.map(intervalOf);
  const stored = storedOf(lengths);
  for (const [at, { name }] of (lengths.store ?? []).map(intervalOf).entries())
    if (!all.some((each) => each.name === name)) report(['store', at], `${name} is none of the lengths in every`);
  for (const [at, { name, ms }] of all.entries())
    if (!stored.some((each) => ms % each.ms === 0))
      report(
        ['every', at],
        `bars of ${name} can't be made of those that are stored (${stored.map((each) => each.name).join(', ')})`,
      );
}
