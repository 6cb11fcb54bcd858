import { FdpError } from '../../src/errors.ts';
import type { Row } from '../../src/kit/row.ts';
import { BarFold } from './bar-fold.ts';
import {
  type BarRange,
  type BarSource,
  type FoldedBar,
  findRows,
  hasInTime,
  isInTime,
  type OpenBar,
  rowsEnd,
  sourceOf,
  startOf,
} from './bar-rows.ts';
import { barOf } from './interval.ts';

/** Rows that are asked for at once: folding them keeps the process for a few milliseconds. */
const rowsAtOnce = 2000;

/** Bars, of which the newest `limit` are wanted. */
export interface LimitedRange extends BarRange {
  readonly limit: number;
}

/**
 * Reads bars, the newest first: those of an interval that has rows as they are, others folded from the longest stored one that
 * divides them. Rows are read in portions, backwards, until there are enough bars.
 * @throws FDP_PARAMETER_INVALID when that takes more than `maxRows`; and what the store throws (FDP_UNAVAILABLE)
 */
export async function readBars(
  source: BarSource,
  range: LimitedRange,
  signal: AbortSignal,
): Promise<readonly FoldedBar[]> {
  const { calendar } = source;
  const { interval, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, limit } = range;
  const bars: OpenBar[] = [];
  let inTime = Number.POSITIVE_INFINITY;
  reading: for await (const rows of portions(source, range, signal))
    for (const row of rows) {
      const start = startOf(row);
      if (isInTime(row)) inTime = start;
      const last = bars.at(-1);
      if (last && start >= last.start) {
        last.fold.prepend(row);
        continue;
      }
      const bar = barOf(start, interval, calendar.session(start).day);
      if (bar.start >= to) continue;
      if (bar.start < from || bars.length === limit) break reading;
      bars.push({ ...bar, fold: new BarFold() });
      bars.at(-1)?.fold.prepend(row);
    }
  const oldest = bars.at(-1);
  if (!oldest) return [];
  const isReached = inTime < oldest.start || (await hasInTime(source, range, oldest.start, signal));
  return bars.map(({ start, end, fold }) => ({ start, end, reached: isReached || inTime < start, ...fold.bar }));
}

/** The rows of the range, the newest first. */
async function* portions(source: BarSource, range: LimitedRange, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  const { interval, from, limit } = range;
  const stored = sourceOf(source.stored, interval);
  const perBar = Math.ceil(interval.ms / stored.ms);
  let before = rowsEnd(source, range);
  for (let read = 0; ; ) {
    const most = Math.min(rowsAtOnce, limit * perBar + 1);
    const rows = await findRows(source, { ...range, interval: stored, from, to: before, limit: most }, signal);
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
