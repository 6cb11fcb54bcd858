import { FdpError } from '../../src/errors.ts';
import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Bar, BarFold } from './bar-fold.ts';
import type { Calendar } from './calendar.ts';
import { barOf, type Interval } from './interval.ts';

/** Bars before the oldest one among which one is looked for that was received in time. */
const barsBefore = 10;
/** What is read of a row: a day of minutes is 1,440 rows, and each column costs. */
const columns = [
  ...['start', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'counted_volume', 'trades', 'late_trades'],
];
/** 25 hours, as days have when clocks change, ms. */
const longestDay = 90_000_000;

/** Which bars are wanted. Times are Unix ms. */
export interface BarRange {
  readonly symbol: string;
  readonly interval: Interval;
  /** Bars that start from this time on. */
  readonly from?: number | undefined;
  /** Bars that start before this time. */
  readonly to?: number | undefined;
}

export interface FoldedBar extends Bar {
  readonly start: number;
  /** The end is not within the bar. */
  readonly end: number;
  /** The log reaches back to its start: a trade of an earlier bar of the symbol was received in time. */
  readonly reached: boolean;
}

export interface BarSource {
  readonly table: Pick<Lookup, 'find'>;
  /** The intervals that have rows. */
  readonly stored: readonly Interval[];
  readonly calendar: Calendar;
  readonly maxRows: number;
}

/** A bar to which rows are being added. */
export interface OpenBar {
  readonly start: number;
  readonly end: number;
  readonly fold: BarFold;
}

/** The rows of a range of one interval, the newest first unless `upwards`. */
export function findRows(
  { table }: BarSource,
  range: BarRange & Pick<Query, 'limit' | 'skip'> & { readonly upwards?: true },
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const { symbol, interval, from, to, limit, skip, upwards = false } = range;
  const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const query = {
    where: { symbol, interval: interval.name },
    ...(from === undefined && to === undefined ? {} : { ranges: [{ field: 'start', ...bounds }] }),
    sort: [{ field: 'start', descending: !upwards }],
    fields: columns,
    limit,
    ...(skip === undefined ? {} : { skip }),
  };
  return table.find(query, signal);
}

/** The end of the rows of bars that start before `to`: that of the last bar, or later, since a calendar may not cover it. */
export function rowsEnd({ stored, calendar }: BarSource, { interval, to }: BarRange): number | undefined {
  if (to === undefined || sourceOf(stored, interval).ms === interval.ms) return to;
  try {
    return barOf(to - 1, interval, calendar.session(to - 1).day).end;
  } catch {
    return to - 1 + longestDay;
  }
}

/** The longest of the stored intervals that divides another: itself, if it has rows. */
export function sourceOf(stored: readonly Interval[], { name, ms }: Interval): Interval {
  const [longest] = stored.filter((each) => ms % each.ms === 0).sort((a, b) => b.ms - a.ms);
  if (longest) return longest;
  throw new FdpError('FDP_INTERNAL', `no stored bar divides one of ${name}`);
}

/** Whether one of the rows before a time has a trade that was received in time. */
export async function hasInTime(
  source: BarSource,
  { symbol, interval }: BarRange,
  to: number,
  signal: AbortSignal,
): Promise<boolean> {
  const range = { symbol, interval: sourceOf(source.stored, interval), to, limit: barsBefore };
  return (await findRows(source, range, signal)).some(isInTime);
}

/** Has it a trade that was received before the bar was over, or soon after? */
export function isInTime(row: Row): boolean {
  return Number(row['trades'] ?? 0) > Number(row['late_trades'] ?? 0);
}

export function startOf({ start }: Row): number {
  if (typeof start === 'number') return start;
  throw new FdpError('FDP_INTERNAL', `a bar has the start ${String(start)}`);
}
