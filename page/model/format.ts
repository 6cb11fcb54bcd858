import { basisPoints, priceText } from '../../src/kit/price-text.ts';

/** The text for an unknown figure. */
export const unknown = '–';

const whole = new Intl.NumberFormat('en-US');
const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
/** `2026-01-05`. */
const calendarDay = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });

/** A count in at most five characters or so: `999`, `12.3k`, `4.56M`. */
export function compact(value: number): string {
  const [divisor, unit] = scaleOf(Math.abs(value));
  if (unit === '') return String(Math.round(value));
  const scaled = value / divisor;
  return `${scaled.toFixed(Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0)}${unit}`;
}

function scaleOf(size: number): readonly [divisor: number, unit: string] {
  if (size < 9999.5) return [1, ''];
  if (size < 999_500) return [1e3, 'k'];
  if (size < 999_500_000) return [1e6, 'M'];
  return [1e9, 'G'];
}

/** All digits, in groups: `1,234,567`. */
export function grouped(value: number): string {
  return whole.format(value);
}

/** Messages per second: `0/s`, `3.4/s`, `52/s`, `12.3k/s`. */
export function perSecond(rate: number | undefined): string {
  if (rate === undefined || !Number.isFinite(rate)) return unknown;
  if (rate > 0 && rate < 0.05) return '<0.1/s';
  return rate < 9.95 ? `${Number(rate.toFixed(1))}/s` : `${compact(rate)}/s`;
}

/** A price with the decimals of its instrument and grouped thousands. */
export function price(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return unknown;
  const text = priceText(value, decimals);
  if (text.includes('e')) return text;
  return text.replace(/\d(?=(\d{3})+\.)/g, '$&,');
}

/** The distance from the VWAP: `+3.6 bp`. */
export function toVwap(distance: number | undefined): string {
  return distance === undefined ? unknown : basisPoints(distance).replace('-', '−');
}

/** A rate in a column that names its unit: `0.3`, `12.3`, `1,234`. */
export function rateFigure(rate: number | undefined): string {
  if (rate === undefined) return unknown;
  return rate < 999.95 ? rate.toFixed(1) : grouped(Math.round(rate));
}

/** A short time: `0.4 ms`, `12 ms`, `1.4 s`, `95 s`. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return unknown;
  if (ms < 1000) return `${Number(ms.toPrecision(2))} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** An elapsed time: `42 s`, `7 min`, `3 h 5 min`, `4 d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}

/** The local time of day with ms: `14:03:27.512`; with the date before it if that is not the date of `now`. */
export function timeOfDay(unixMs: number, now: number): string {
  if (Number.isNaN(unixMs)) return unknown;
  const ms = String(new Date(unixMs).getMilliseconds()).padStart(3, '0');
  const text = `${clockTime.format(unixMs)}.${ms}`;
  const day = calendarDay.format(unixMs);
  return day === calendarDay.format(now) ? text : `${day} ${text}`;
}

/** `1 process`, `2 processes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `in_flight` in words: `in flight`. */
export function spoken(name: string): string {
  return name.replaceAll('_', ' ');
}
