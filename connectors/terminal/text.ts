import { durationText } from '../../src/kit/time-text.ts';

/**
 * Everything that a terminal shows in one column and that steers nothing: ASCII, European letters, and the few signs
 * that the screens are made of. Wide characters, combining marks and control characters are not among them.
 */
const unsafe =
  /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02af\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u2026\u2191\u2193\u2500-\u257f\u2580-\u2588\u25b2\u25bc\u25cb\u25cf]/gu;

/** The text with a `?` in place of each character that is not one plain column of a terminal. */
export function safe(text: string): string {
  return text.replace(unsafe, '?');
}

/**
 * A name in so many columns: one that is too long loses what is in its middle, for names that belong together begin alike
 * (BINANCE:BTCUSDT, BINANCE:BTCUSDC).
 */
export function fitName(name: string, width: number): string {
  if (name.length <= width) return name;
  if (width < 3) return fit(name, width);
  const tail = Math.floor((width - 1) / 2);
  return `${name.slice(0, width - 1 - tail)}…${name.slice(name.length - tail)}`;
}

/** The fewest columns in which names that differ are seen to differ; `least` at least. */
export function distinctWidth(names: readonly string[], least: number): number {
  const different = new Set(names);
  const longest = names.reduce((most, { length }) => Math.max(most, length), 0);
  for (let width = Math.min(least, longest); width < longest; width++)
    if (new Set([...different].map((name) => fitName(name, width))).size === different.size) return width;
  return longest;
}

/** Exactly `width` columns of a safe text: padded, or cut with an ellipsis. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return '';
  if (text.length > width) return width === 1 ? '…' : `${text.slice(0, width - 1)}…`;
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

/** With its sign always, so that colour is not the only one. */
export function signedText(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e6) return `${value > 0 ? '+' : ''}${value.toExponential(1)}`;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : `${value > 0 ? '+' : ''}${text}`;
}

/** A rate a second: one decimal up to a thousand. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return '-';
  if (rate > 0 && rate < 0.05) return '<0.1';
  return rate < 999.95 ? rate.toFixed(1) : countText(Math.round(rate));
}

/** A count with its thousands apart; in millions once it is long. */
export function countText(count: number): string {
  if (count >= 1e15) return count.toExponential(1);
  if (count >= 1e9) return `${(count / 1e6).toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ')}M`;
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A short time exactly: `0.4 ms`, `12 ms`, `3.1 s`. */
export function delayText(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 100_000) return `${ms < 0 ? '-' : ''}${durationText(size)}`;
  if (size >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${size > 0 && size < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const two = (value: number) => String(value).padStart(2, '0');

const halfDayMs = 43_200_000;

/** When a trade was made, `14:03:22.120`: of one that is dated half a day away from when it came, the date. */
export function tradeTime(time: number | undefined, seenAt: number): string {
  if (time === undefined || Math.abs(time - seenAt) < halfDayMs) return clockText(time ?? seenAt, true);
  return new Date(time).toISOString().slice(0, 10);
}

/** Wall clock of this machine's time zone, `14:03:22`, with milliseconds on request. */
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
  // 999,950 has more than five columns in thousands.
  const power = Math.min(units.length, Math.floor(Math.log10(size * 1.0006) / 3));
  const scaled = value / 1000 ** power;
  return Math.abs(scaled) < 1000
    ? `${scaled < 100 ? scaled.toFixed(1) : scaled.toFixed(0)}${units[power - 1]}`
    : value.toExponential(0);
}

const bars = '▁▂▃▄▅▆▇█';

/** One bar a value, the newest last, to the right of `width` columns; a gap for what is missing. */
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
