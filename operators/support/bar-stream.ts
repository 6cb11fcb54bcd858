import { FdpError } from '../../src/errors.ts';
import type { Row } from '../../src/kit/row.ts';
import { pageSize } from '../../src/kit/row-pages.ts';
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
import { barOf, type Interval } from './interval.ts';

interface StreamedBar extends OpenBar {
  /** Whether it starts within the range: the rows of the first bar may begin in its middle. */
  readonly isWanted: boolean;
}

/**
 * The bars of a range, the oldest first, each as `readBars` makes it, in bounded memory: a page of rows, and the bar that a page
 * ended in. All of them or none: before the first ones go on it is checked that they are made of at most `maxRows` rows.
 */
export class BarStream {
  readonly #source: BarSource;
  readonly #range: BarRange;
  readonly #stored: Interval;
  readonly #end: number | undefined;
  #from: number | undefined;
  #open: StreamedBar | undefined;
  /** Whether the log reaches back to the start of the open bar, and to its end. */
  #reaches: { readonly start: boolean; readonly end: boolean } | undefined;
  #read = 0;
  #isOver = false;

  constructor(source: BarSource, range: BarRange) {
    this.#source = source;
    this.#range = range;
    this.#stored = sourceOf(source.stored, range.interval);
    this.#end = rowsEnd(source, range);
    this.#from = range.from;
  }

  /**
   * The next bars; none at the end.
   * @throws FDP_PARAMETER_INVALID for more than `maxRows` rows, FDP_RESULT_TOO_LARGE when they become more meanwhile; and what
   *   the store throws
   */
  async next(signal: AbortSignal): Promise<readonly FoldedBar[]> {
    const bars: FoldedBar[] = [];
    while (bars.length === 0 && !this.#isOver) {
      for (const row of await this.#rows(signal)) await this.#add(row, bars, signal);
      if (this.#isOver) this.#close(bars);
    }
    return bars;
  }

  async #rows(signal: AbortSignal): Promise<readonly Row[]> {
    const { maxRows } = this.#source;
    const { name } = this.#stored;
    const range = { ...this.#range, interval: this.#stored, from: this.#from, to: this.#end, upwards: true } as const;
    const rows = await findRows(this.#source, { ...range, limit: pageSize }, signal);
    if (this.#read === 0 && rows.length === pageSize) {
      const beyond = await findRows(this.#source, { ...range, limit: 1, skip: maxRows }, signal);
      const hint = 'narrow the range with from and to';
      if (beyond.length > 0)
        throw new FdpError(
          'FDP_PARAMETER_INVALID',
          `the bars are made of more than ${maxRows} rows of ${name}: ${hint}`,
        );
    }
    this.#read += rows.length;
    if (this.#read > maxRows)
      throw new FdpError('FDP_RESULT_TOO_LARGE', `the bars are made of more than ${maxRows} rows of ${name} by now`);
    const last = rows.at(-1);
    this.#isOver = !last || rows.length < pageSize;
    if (last) this.#from = startOf(last) + 1;
    return rows;
  }

  async #add(row: Row, bars: FoldedBar[], signal: AbortSignal): Promise<void> {
    const start = startOf(row);
    if (!this.#open || start >= this.#open.end) {
      this.#close(bars);
      await this.#begin(start, signal);
    }
    const { fold, isWanted } = this.#open as StreamedBar;
    if (!isWanted) return;
    fold.append(row);
    if (this.#reaches && !this.#reaches.end && isInTime(row)) this.#reaches = { ...this.#reaches, end: true };
  }

  async #begin(time: number, signal: AbortSignal): Promise<void> {
    const { interval, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = this.#range;
    const bar = barOf(time, interval, this.#source.calendar.session(time).day);
    const isWanted = bar.start >= from && bar.start < to;
    this.#open = { ...bar, fold: new BarFold(), isWanted };
    if (!isWanted) return;
    const start = this.#reaches?.end ?? (await hasInTime(this.#source, this.#range, bar.start, signal));
    this.#reaches = { start, end: start };
  }

  #close(bars: FoldedBar[]): void {
    const { start, end, fold, isWanted = false } = this.#open ?? {};
    this.#open = undefined;
    if (start === undefined || end === undefined || !isWanted || !fold) return;
    bars.push({ start, end, reached: this.#reaches?.start ?? false, ...fold.bar });
  }
}
