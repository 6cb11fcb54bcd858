import { type Bar, isLacking } from '../../src/kit/bar.ts';
import { durationText } from '../../src/kit/duration-text.ts';
import { priceText, widerDecimals } from '../../src/kit/price-text.ts';
import { axisLine, axisLines, rangeOf } from './axis.ts';
import type { ShownBars } from './bar-feed.ts';
import { candleCells, candleStyle, columnsAsLines, volumeCells } from './candle.ts';
import { type Colour, fitLine, grey, type Line, type Span, span, strong, widthOf } from './lines.ts';
import { shortNumber, signedText } from './text.ts';
import { timeAxis } from './time-axis.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Columns per bar: the bar and the gap before it. */
const slot = 2;
const leastWidth = 20;
const leastHeight = 5;
/** Assumed width of the price axis until the bars are known, in columns. */
const guessedAxis = 10;

/** The number of bars that a chart of this size has room for, before their prices are known; 0 if it is too small. */
export function barsIn({ width, height }: Size): number {
  return height < leastHeight || width < leastWidth ? 0 : Math.ceil((width - guessedAxis + slot) / slot);
}

/** The symbol's last price and the current time. */
interface Shown {
  readonly symbol: string;
  readonly price: number;
  readonly decimals: number;
  readonly now: number;
}

/**
 * Candles, hollow when they rise and filled when they fall, with volumes below: `height` lines of `width` columns.
 * Undefined if there are no bars or there is no room.
 */
export function candleChart(series: ShownBars, shown: Shown, { width, height }: Size): readonly Line[] | undefined {
  const { bars = [], interval } = series;
  const decimals = widerDecimals(Math.max(shown.decimals, series.decimals), shown.price);
  const whole = layout(bars, decimals, { width, height });
  if (!whole) return undefined;
  const { visible, range, labelWidth, plotWidth, priceRows, volumeRows } = whole;
  const most = visible.reduce((top, { volume = 0 }) => Math.max(top, volume), 0);
  const styled = (cells: (bar: Bar) => readonly string[]) =>
    visible.map((bar) => ({ cells: cells(bar), style: candleStyle(bar) }));
  const left = ' '.repeat(plotWidth - visible.length * slot);
  const drawn = (rows: number, cells: (bar: Bar) => readonly string[]) =>
    columnsAsLines(styled(cells), rows, slot - 1).map((line): Line => [span(left), ...line]);
  const prices = drawn(priceRows, (bar) => candleCells(bar, range, priceRows));
  const volumes = drawn(volumeRows, (bar) => volumeCells(bar.volume, most, volumeRows));
  const axis = axisLines(range, priceRows, labelWidth);
  const times = timeAxis(visible, { interval, width: plotWidth, slot, now: shown.now });
  const volumeAxis = (row: number) => axisLine(row === 0 ? shortNumber(most).slice(0, labelWidth) : '', labelWidth);
  return [
    titleOf({ ...shown, decimals }, series, visible, width),
    ...prices.map((line, row) => [...(axis[row] ?? []), ...line]),
    [span(`${' '.repeat(labelWidth)} ├`, grey), ...baseOf(visible, plotWidth)],
    ...volumes.map((line, row) => [...volumeAxis(row), ...line]),
    [span(`${' '.repeat(labelWidth)}  `), ...times],
  ].map((line) => fitLine(line, width));
}

/** The number of rows for prices and for volumes, and the bars that fit. */
function layout(bars: readonly Bar[], decimals: number, { width, height }: Size) {
  if (height < leastHeight || width < leastWidth) return undefined;
  const volumeRows = height < 7 ? 0 : height < 10 ? 1 : height < 16 ? 2 : height < 30 ? 3 : 5;
  const priceRows = height - volumeRows - 3;
  // Fewer bars span fewer prices, which may change the width of the axis: repeat until the bars fit.
  for (let count = bars.length; count > 0; ) {
    const visible = bars.slice(-count);
    const range = rangeOf(
      visible.flatMap(({ low, high }) => [low, high]),
      decimals,
    );
    if (!range) return undefined;
    const labelWidth = Math.max(range.low.length, range.mid.length, range.high.length);
    const plotWidth = width - labelWidth - 2;
    const room = Math.floor(plotWidth / slot);
    if (room < 3) return undefined;
    if (count <= room) return { visible, range, labelWidth, plotWidth, priceRows, volumeRows };
    count = Math.min(count - 1, room);
  }
  return undefined;
}

// ---- marks ------------------------------------------------------------------------------------------------------

const warn: Colour = 'yellow';

/** The line under the candles: `!` under an incomplete bar, `*` under a corrected one. */
function baseOf(visible: readonly Bar[], width: number): readonly Span[] {
  const left = span('─'.repeat(width - visible.length * slot), grey);
  const marks = visible.flatMap((bar) => [
    span('─'.repeat(slot - 1), grey),
    isLacking(bar) ? span('!', { colour: warn }) : bar.lateTrades > 0 ? span('*', { colour: 'cyan' }) : span('─', grey),
  ]);
  return [left, ...marks];
}

/** Explains the marks of the visible bars. */
function legend(visible: readonly Bar[]): readonly Line[] {
  const lacking = visible.filter(isLacking);
  const gapMs = lacking.reduce((sum, bar) => sum + bar.gapMs, 0);
  const why = gapMs > 0 ? `feed away ${durationText(gapMs)}` : 'incomplete';
  return [
    ...(lacking.length > 0 ? [[span(`! ${why}`, { colour: warn })]] : []),
    ...(visible.some(({ lateTrades }) => lateTrades > 0) ? [[span('* corrected', { colour: 'cyan' as const })]] : []),
  ];
}

// ---- the title --------------------------------------------------------------------------------------------------

/** Symbol and interval, then as many as fit of: marks, price, change on the day, the day's range, the last bar. */
function titleOf({ symbol, price, decimals }: Shown, series: ShownBars, visible: readonly Bar[], width: number): Line {
  const text = (value: number) => priceText(value, decimals);
  const [day, before] = [series.days.at(-1), series.days.at(-2)];
  const bar = visible.at(-1);
  const parts: readonly Line[] = [
    ...legend(visible),
    [span(text(price))],
    ...(day ? [changeOf(price, day, before), [span(`day ${text(day.low)} - ${text(day.high)}`, grey)]] : []),
    ...(bar ? [[span(`O ${text(bar.open)} H ${text(bar.high)} L ${text(bar.low)} C ${text(bar.close)}`, grey)]] : []),
  ];
  const title: Span[] = [span(symbol, strong), span(`  ${series.interval}`)];
  for (const part of parts) {
    if (widthOf(title) + 2 + widthOf(part) > width) break;
    title.push(span('  '), ...part);
  }
  return title;
}

/** Change since the previous day's close; if that is unknown, since the day's open. */
function changeOf(price: number, day: Bar, before: Bar | undefined): Line {
  const from = before?.close ?? day.open;
  const change = ((price - from) / Math.abs(from)) * 100;
  if (!Number.isFinite(change)) return [];
  const since = before ? 'on the day' : 'since open';
  const colour = change > 0 ? ('green' as const) : ('red' as const);
  return [
    span(`${signedText(change, 2)} %`, Number(change.toFixed(2)) === 0 ? {} : { colour }),
    span(` ${since}`, grey),
  ];
}
