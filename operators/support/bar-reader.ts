import { FdpError } from '../../src/errors.ts';
import type { Lookup } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { type Bar, BarFold } from './bar-fold.ts';
import type { Calendar } from './calendar.ts';
import { barOf, type Interval } from './interval.ts';

/** Rows that are asked for at once: folding them keeps the process for a few milliseconds. */
const rowsAtOnce = 2000;
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
  /** The newest so many. */
  readonly limit: number;
}

interface FoldedBar extends Bar {
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

interface OpenBar {
  readonly start: number;
  readonly end: number;
  readonly fold: BarFold;
}

/**
 * Reads bars, the newest first: those of an interval that has rows as they are, others folded from the longest stored one that
 * divides them. Rows are read in portions, backwards, until there are enough bars.
 * @throws FDP_PARAMETER_INVALID when that takes more than `maxRows`; and what the store throws (FDP_UNAVAILABLE)
 */
export async function readBars(source: BarSource, range: BarRange, signal: AbortSignal): Promise<readonly FoldedBar[]> {
  const { calendar } = source;
  const { interval, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, limit } = range;
  const bars: OpenBar[] = [];
  let inTime = Number.POSITIVE_INFINITY;
  reading: for await (const rows of portions(source, range, signal))
    for (const row of rows) {
      const start = startOf(row);
      const bar = barOf(start, interval, calendar.session(start).day);
      if (isInTime(row)) inTime = start;
      if (bar.start >= to) continue;
      if (bars.at(-1)?.start !== bar.start) {
        if (bar.start < from || bars.length === limit) break reading;
        bars.push({ ...bar, fold: new BarFold() });
      }
      bars.at(-1)?.fold.add(row);
    }
  const oldest = bars.at(-1);
  if (!oldest) return [];
  const isReached = inTime < oldest.start || (await hasInTime(source, range, oldest.start, signal));
  return bars.map(({ start, end, fold }) => ({ start, end, reached: isReached || inTime < start, ...fold.bar }));
}

/** The rows of the range, the newest first. */
async function* portions(source: BarSource, range: BarRange, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  const { interval, from, to, limit } = range;
  const stored = sourceOf(source.stored, interval);
  const perBar = Math.ceil(interval.ms / stored.ms);
  let before = to === undefined || perBar === 1 ? to : endOf(source.calendar, interval, to - 1);
  for (let read = 0; ; ) {
    const most = Math.min(rowsAtOnce, limit * perBar + 1);
    const rows = await ask(source, { ...range, interval: stored, from, to: before, limit: most }, signal);
    read += rows.length;
    if (read > source.maxRows)
      throw new FdpError(
        'FDP_PARAMETER_INVALID',
        `limit: ${limit} bars of ${interval.name} are made of more than ${source.maxRows} rows of ${stored.name}: ask for fewer, or give bars of ${interval.name} rows of their own (\`store\` of the operator candles)`,
      );
    yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < most) return;
    before = startOf(last);
  }
}

/** When the bar of a time ends, or later: a calendar may not cover the time. */
function endOf(calendar: Calendar, interval: Interval, time: number): number {
  try {
    return barOf(time, interval, calendar.session(time).day).end;
  } catch {
    return time + longestDay;
  }
}

async function hasInTime(source: BarSource, range: BarRange, to: number, signal: AbortSignal): Promise<boolean> {
  const interval = sourceOf(source.stored, range.interval);
  const rows = await ask(source, { symbol: range.symbol, interval, to, limit: barsBefore }, signal);
  return rows.some(isInTime);
}

function ask({ table }: BarSource, range: BarRange, signal: AbortSignal): Promise<readonly Row[]> {
  const { symbol, interval, from, to, limit } = range;
  const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const query = {
    where: { symbol, interval: interval.name },
    ...(from === undefined && to === undefined ? {} : { ranges: [{ field: 'start', ...bounds }] }),
    sort: [{ field: 'start', descending: true }],
    fields: columns,
    limit,
  };
  return table.find(query, signal);
}

/** The longest of the stored intervals that divides another: itself, if it has rows. */
function sourceOf(stored: readonly Interval[], { name, ms }: Interval): Interval {
  const [longest] = stored.filter((each) => ms % each.ms === 0).sort((a, b) => b.ms - a.ms);
  if (longest) return longest;
  throw new FdpError('FDP_INTERNAL', `no stored bar divides one of ${name}`);
}

function startOf({ start }: Row): number {
  if (typeof start === 'number') return start;
  throw new FdpError('FDP_INTERNAL', `a bar has the start ${String(start)}`);
}

/** Has it a trade that was received before the bar was over, or soon after? */
function isInTime(row: Row): boolean {
  return Number(row['trades'] ?? 0) > Number(row['late_trades'] ?? 0);
}
