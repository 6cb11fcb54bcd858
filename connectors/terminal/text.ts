import { durationText } from '../../src/kit/time-text.ts';

/**
 * All characters but those that a terminal shows in one column: ASCII, European letters, and the few symbols that the
 * screens use. Wide characters, combining marks and control characters are unsafe.
 */
const unsafe =
  /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02af\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u2026\u2191\u2193\u2500-\u257f\u2580-\u2588\u25b2\u25bc\u25cb\u25cf]/gu;

/** The text with a `?` in place of each unsafe character. */
export function safe(text: string): string {
  return text.replace(unsafe, '?');
}

/**
 * A name in at most `width` columns; a longer one is shortened in the middle, because names that belong together begin
 * alike (BINANCE:BTCUSDT, BINANCE:BTCUSDC).
 */
export function fitName(name: string, width: number): string {
  if (name.length <= width) return name;
  if (width < 3) return fit(name, width);
  const tail = Math.floor((width - 1) / 2);
  return `${name.slice(0, width - 1 - tail)}…${name.slice(name.length - tail)}`;
}

/** The smallest width, at least `least`, at which shortened names still differ. */
export function distinctWidth(names: readonly string[], least: number): number {
  const different = new Set(names);
  const longest = names.reduce((most, { length }) => Math.max(most, length), 0);
  for (let width = Math.min(least, longest); width < longest; width++)
    if (new Set([...different].map((name) => fitName(name, width))).size === different.size) return width;
  return longest;
}

/** Exactly `width` columns of a safe text: padded, or truncated with an ellipsis. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return '';
  if (text.length > width) return width === 1 ? '…' : `${text.slice(0, width - 1)}…`;
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

/** A number that always has its sign, so that colour is not the only one. */
export function signedText(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e6) return `${value > 0 ? '+' : ''}${value.toExponential(1)}`;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : `${value > 0 ? '+' : ''}${text}`;
}

/** A rate per second, with one decimal below a thousand. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return '-';
  if (rate > 0 && rate < 0.05) return '<0.1';
  return rate < 999.95 ? rate.toFixed(1) : countText(Math.round(rate));
}

/** A count with its thousands separated; in millions from 1e9 on. */
export function countText(count: number): string {
  if (count >= 1e15) return count.toExponential(1);
  if (count >= 1e9) return `${(count / 1e6).toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ')}M`;
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A short duration: `0.4 ms`, `12 ms`, `3.1 s`. */
export function delayText(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 100_000) return `${ms < 0 ? '-' : ''}${durationText(size)}`;
  if (size >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${size > 0 && size < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const two = (value: number) => String(value).padStart(2, '0');

const halfDayMs = 43_200_000;

/** The time of a trade, `14:03:22.120`; the date, if it is at least half a day from the time of receipt. */
export function tradeTime(time: number | undefined, seenAt: number): string {
  if (time === undefined || Math.abs(time - seenAt) < halfDayMs) return clockText(time ?? seenAt, true);
  return new Date(time).toISOString().slice(0, 10);
}

/** The time of day in this machine's time zone, `14:03:22`, optionally with milliseconds. */
export function clockText(ms: number, withMs = false): string {
  const time = new Date(ms);
  const text = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return withMs ? `${text}.${String(time.getMilliseconds()).padStart(3, '0')}` : text;
}

/** The date in this machine's time zone, `01-05`. */
export function dateText(ms: number): string {
  const time = new Date(ms);
  return `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** A size in five columns at most: `950`, `12.5k`, `3.1M`, `0.002`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return '-';
  if (size > 0 && size < 0.001) return value.toExponential(0);
  if (size < 1000) return String(Number(value.toPrecision(3)));
  const units = ['k', 'M', 'G', 'T', 'P'];
  // In thousands, 999,950 would need more than five columns.
  const power = Math.min(units.length, Math.floor(Math.log10(size * 1.0006) / 3));
  const scaled = value / 1000 ** power;
  return Math.abs(scaled) < 1000
    ? `${scaled < 100 ? scaled.toFixed(1) : scaled.toFixed(0)}${units[power - 1]}`
    : value.toExponential(0);
}

const bars = '▁▂▃▄▅▆▇█';

/** One bar per value, newest last, right-aligned in `width` columns; a space for a missing value. */
export function sparkline(values: readonly (number | undefined)[], width: number, fromZero = false): string {
  const shown = values.slice(-width);
  const known = shown.filter((value) => value !== undefined);
  const lowest = fromZero ? 0 : Math.min(...known);
  const range = Math.max(...known) - lowest;
  const bar = (value: number) => {
    if (range <= 0 || !Number.isFinite(range)) return bars[0];
    return bars[Math.min(7, Math.floor(((value - lowest) / range) * 8))];
  };
  return shown
    .map((value) => (value === undefined ? ' ' : bar(value)))
    .join('')
    .padStart(width);
}
